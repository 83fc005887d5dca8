#include "core/plugin/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "kd/error.h"

namespace kd::core {
namespace {

using Clock = std::chrono::steady_clock;

// Both ends close themselves.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
      throw Error(ErrorCode::kInternal, cat("cannot make a pipe: ", std::strerror(errno)));
    }
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_reading() { close_end(0); }
  void close_writing() { close_end(1); }

  // Appends what there is to `text`; false at the end.
  bool drain(std::string& text) const {
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(reading(), buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<size_t>(got));
    return got > 0 || (got < 0 && errno == EINTR);
  }

 private:
  void close_end(size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

// The child leaves by _exit: destructors and exit handlers are the parent's.
[[noreturn]] void be_the_child(const std::function<std::string()>& work, Pipe& answer,
                               Pipe& messages) {
  ::dup2(messages.writing(), STDERR_FILENO);
  answer.close_reading();
  messages.close_reading();
  int status = 1;
  try {
    write_all(answer.writing(), work());
    status = 0;
  } catch (const std::exception& error) {
    write_all(STDERR_FILENO, error.what());
  }
  ::_exit(status);
}

// Reads both pipes until the child has closed them; false when the time is up first.
bool collect(const Pipe& answer, const Pipe& messages, Clock::time_point deadline,
             ChildResult& result) {
  std::array<pollfd, 2> watched{{{answer.reading(), POLLIN, 0}, {messages.reading(), POLLIN, 0}}};
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) <= 0) continue;
    if (watched[0].revents && !answer.drain(result.returned)) watched[0].fd = -1;
    if (watched[1].revents && !messages.drain(result.messages)) watched[1].fd = -1;
  }
  return true;
}

std::string death_of(int status) {
  if (!WIFSIGNALED(status)) return cat("exited with code ", WEXITSTATUS(status));
  const char* name = ::sigabbrev_np(WTERMSIG(status));
  return cat("was ended by SIG", name ? name : std::to_string(WTERMSIG(status)));
}

}  // namespace

ChildResult run_in_child(const std::function<std::string()>& work,
                         std::chrono::milliseconds time_limit) {
  Pipe answer, messages;
  const pid_t child = ::fork();
  if (child < 0) {
    throw Error(ErrorCode::kInternal, cat("cannot start a process: ", std::strerror(errno)));
  }
  if (child == 0) be_the_child(work, answer, messages);
  answer.close_writing();
  messages.close_writing();
  ChildResult result;
  const bool in_time = collect(answer, messages, Clock::now() + time_limit, result);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.finished = in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!in_time) {
    result.death = cat("took longer than ", time_limit.count() / 1000, " s");
  } else if (!result.finished) {
    result.death = death_of(status);
  }
  return result;
}

}  // namespace kd::core
