#include "sdk/src/file_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "kd/error.h"
#include "kd/safetensors.h"

namespace kd {
namespace detail {
namespace {

// Unique among the writers of this machine, so that two of the same file cannot mix.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  std::filesystem::path out = path;
  out += cat(".tmp-", getpid(), "-", counter.fetch_add(1));
  return out;
}

std::string remedy(int error) {
  if (error == ENOSPC || error == EDQUOT) return "free some space, then run the same command again";
  if (error == ENOENT) return "the folder does not exist";
  return {};
}

}  // namespace

FileDescriptor::~FileDescriptor() { close(); }

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

bool FileDescriptor::close() {
  const int fd = std::exchange(fd_, -1);
  return fd < 0 || ::close(fd) == 0;
}

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)),
      temporary_(temporary_name(path_)),
      file_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (!file_.valid()) fail("create", errno);
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* action, int error) const {
  throw Error(ErrorCode::kDisk,
              cat("cannot ", action, " ", path_.string(), ": ", std::strerror(error)),
              remedy(error));
}

void AtomicFile::write(const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(file_.get(), at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", errno);
    at += written;
    bytes -= static_cast<size_t>(written);
  }
}

void AtomicFile::commit() {
  if (::fsync(file_.get()) != 0) fail("write", errno);
  if (!file_.close()) fail("close", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("rename", errno);
  committed_ = true;
  // The rename itself must survive a power cut.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const FileDescriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid() || ::fsync(parent.get()) != 0) fail("write the folder of", errno);
}

}  // namespace detail

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  detail::AtomicFile file(path);
  file.write(contents.data(), contents.size());
  file.commit();
}

std::string read_text_file(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::kData, cat("cannot read ", path.string(), ": ", why));
  };
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) refuse("it is a folder");
  std::ifstream in(path, std::ios::binary);
  if (!in) refuse(std::strerror(errno));
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || text.bad()) refuse(std::strerror(errno));
  return std::move(text).str();
}

}  // namespace kd
