// File descriptors that close themselves, and a file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace kd::detail {

// Owns a descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&&) = delete;

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // Closes and says whether that succeeded: some file systems report a failed write only now.
  bool close();

 private:
  int fd_;
};

// Written beside `path` under another name. `commit` makes it durable and renames it; without that
// the destructor removes it. Throws kd::Error(kDisk).
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void commit();

 private:
  [[noreturn]] void fail(const char* action, int error) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  FileDescriptor file_;
  bool committed_ = false;
};

}  // namespace kd::detail
