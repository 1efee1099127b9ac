// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/os.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/format.h"

namespace petrel::sys {

namespace {

constexpr u64 kPage = 4096;
constexpr u64 kHugePage = u64{2} << 20;
constexpr u64 kSlack = 16; // readable bytes behind the end, for 8-byte LEB loads

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ > 2) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

/// Reads until the end of file into `out[from…]`; true at the end, false on error.
Result<u64> read_to_end(int fd, u8* out, u64 from, u64 capacity) {
  u64 at = from;
  while (at < capacity) {
    ssize_t got = ::read(fd, out + at, capacity - at);
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return io_error("cannot read", errno);
    }
    if (got == 0) {
      break;
    }
    at += static_cast<u64>(got);
  }
  return at;
}

std::unexpected<Error> too_large(u64 limit_bytes) {
  return fail(ErrorClass::limit, strf("file exceeds limit of %llu bytes (-L module-size=N)",
                                      static_cast<unsigned long long>(limit_bytes)));
}

} // namespace

std::unexpected<Error> io_error(const char* what, int errno_value) {
  return fail(ErrorClass::io, strf("%s: %s", what, std::strerror(errno_value)));
}

u8* reserve(u64 size_bytes) {
  void* at =
      ::mmap(nullptr, size_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<u8*>(at);
}

bool commit(u8* start, u64 size_bytes) {
  return size_bytes == 0 || ::mprotect(start, size_bytes, PROT_READ | PROT_WRITE) == 0;
}

const HashSecret& hash_secret() {
  static const HashSecret secret = [] {
    HashSecret made = {};
    if (::getrandom(&made, sizeof made, GRND_NONBLOCK) != ssize_t{sizeof made}) {
      made = {monotonic_ns(), monotonic_ns() * 0x9e3779b97f4a7c15}; // early at boot only
    }
    made.factor |= 1;
    return made;
  }();
  return secret;
}

u64 monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

void wait_while_zero(const u32* word, const u64* deadline_ns) {
  timespec until{};
  if (deadline_ns != nullptr) {
    until.tv_sec = static_cast<time_t>(*deadline_ns / 1'000'000'000);
    until.tv_nsec = static_cast<long>(*deadline_ns % 1'000'000'000);
  }
  // The bitset form takes an absolute time of the monotonic clock.
  ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, 0,
            deadline_ns != nullptr ? &until : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void wake(const u32* word) {
  ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

bool map_file_over(u8* start, u64 size_bytes, int fd, u64 file_offset) {
  return ::mmap(start, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
                static_cast<off_t>(file_offset)) != MAP_FAILED;
}

bool discard(u8* start, u64 size_bytes) {
  return size_bytes == 0 || ::madvise(start, size_bytes, MADV_DONTNEED) == 0;
}

void release(u8* start, u64 size_bytes) {
  if (start != nullptr) {
    CHECK(::munmap(start, size_bytes) == 0);
  }
}

FileBytes::~FileBytes() { release(data_, mapped_); }

Result<FileBytes> FileBytes::allocate(u64 size_bytes) {
  const u64 mapped = align_up(size_bytes + kSlack, kPage);
  void* at = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    return io_error("cannot allocate memory for the file", errno);
  }
  if (mapped >= kHugePage) {
    ::madvise(at, mapped, MADV_HUGEPAGE); // a hint: three times faster to fill, fine without
  }
  return FileBytes(static_cast<u8*>(at), size_bytes, mapped);
}

Result<FileBytes> FileBytes::copy_of(Bytes bytes) {
  TRY_ASSIGN(FileBytes copy, allocate(bytes.size()));
  if (!bytes.empty()) {
    std::memcpy(copy.data(), bytes.data(), bytes.size());
  }
  copy.seal();
  return copy;
}

void FileBytes::seal() {
  if (data_ != nullptr) {
    CHECK(::mprotect(data_, mapped_, PROT_READ) == 0);
  }
}

Result<std::string> read_prefix(const std::string& path, u64 size_bytes) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) {
    return io_error("cannot open", errno);
  }
  std::string prefix(size_bytes, '\0');
  // SAFETY: char may be written as u8.
  TRY_ASSIGN(u64 size, read_to_end(fd.get(), reinterpret_cast<u8*>(prefix.data()), 0, size_bytes));
  prefix.resize(size);
  return prefix;
}

Result<FileBytes> read_file(const std::string& path, u64 limit_bytes) {
  Descriptor fd(path == "-" ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) {
    return io_error("cannot open", errno);
  }
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) {
    return io_error("cannot stat", errno);
  }
  if (S_ISDIR(info.st_mode)) {
    return io_error("cannot read", EISDIR);
  }
  u64 capacity = S_ISREG(info.st_mode) ? static_cast<u64>(info.st_size) : u64{1} << 20;
  if (capacity > limit_bytes) {
    return too_large(limit_bytes);
  }
  // A regular file is read once, one byte of room more than it had, so that growth is noticed.
  TRY_ASSIGN(FileBytes buffer, FileBytes::allocate(capacity + 1));
  u64 size = 0;
  while (true) {
    TRY_ASSIGN(size, read_to_end(fd.get(), buffer.data(), size, capacity + 1));
    if (size <= capacity) {
      break;
    }
    capacity *= 2;
    if (size > limit_bytes) {
      return too_large(limit_bytes);
    }
    TRY_ASSIGN(FileBytes larger, FileBytes::allocate(capacity + 1));
    std::memcpy(larger.data(), buffer.data(), size);
    buffer = std::move(larger);
  }
  if (size > limit_bytes) {
    return too_large(limit_bytes);
  }
  buffer.truncate(size);
  buffer.seal();
  return buffer;
}

void fill_stdio() {
  for (int fd = 0; fd <= 2; ++fd) {
    // open(2) takes the lowest number that is free: this one, as those below are open.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) {
      return;
    }
  }
}

bool write_all(int fd, Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    bytes = bytes.subspan(static_cast<usize>(put));
  }
  return true;
}

Status write_file_atomically(const std::string& path, Bytes contents, u32 mode) {
  const usize slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  std::string temporary = path + ".tmp-XXXXXX";
  Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC)); // exclusive, 0600
  if (fd.get() < 0) {
    return io_error("cannot create", errno);
  }
  auto give_up = [&](const char* what) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return io_error(what, error);
  };
  if (!write_all(fd.get(), contents)) {
    return give_up("cannot write");
  }
  if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) {
    return give_up("cannot write");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return give_up("cannot rename the finished file");
  }
  Descriptor dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.get() >= 0) {
    ::fsync(
        dir.get()); // durability of the name; some file systems refuse, the file is whole either way
  }
  return {};
}

} // namespace petrel::sys
