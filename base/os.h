// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The seam to the operating system for memory and files (`sys::`): one place to see what Petrel asks of
// the kernel and, in tests, to make the n-th call fail. Thin: errno comes back inside an io Error.
#pragma once

#include <string>

#include "base/result.h"

namespace petrel::sys {

/// Address space without access rights, `size_bytes` a multiple of the page size. nullptr when refused.
u8* reserve(u64 size_bytes);
/// Makes part of a reservation readable and writable (zero-filled at first touch). False when refused.
bool commit(u8* start, u64 size_bytes);
/// Replaces pages by those of a file, readable and writable; what is written stays in this process. False when refused.
bool map_file_over(u8* start, u64 size_bytes, int fd, u64 file_offset);
/// Gives pages back to the kernel and makes them zero again; they stay accessible.
bool discard(u8* start, u64 size_bytes);
void release(u8* start, u64 size_bytes);

/// What hash tables that a guest fills are keyed with: random, the same for the life of the process.
struct HashSecret {
  u64 start;
  u64 factor; ///< odd
};
const HashSecret& hash_secret();

/// A clock that only goes forward.
u64 monotonic_ns();
/// Sleeps while `*word` is 0, until `wake`, a signal, or the clock passes `*deadline_ns` (null: no deadline). May return early.
void wait_while_zero(const u32* word, const u64* deadline_ns);
/// Wakes the thread that sleeps on `word`, which was set before.
void wake(const u32* word);

/// A whole file in anonymous memory of its own (rule R3: never executed from a file mapping), or a mapped
/// buffer of another origin. Read-only after `seal`. Move-only.
class FileBytes {
public:
  FileBytes() = default;
  FileBytes(u8* data, u64 size, u64 mapped) : data_(data), size_(size), mapped_(mapped) {}
  FileBytes(FileBytes&& other) noexcept { swap(other); }
  FileBytes& operator=(FileBytes&& other) noexcept {
    swap(other);
    return *this;
  }
  ~FileBytes();

  /// Room for `size_bytes` that the caller fills; the 16 bytes behind the end are readable and zero.
  static Result<FileBytes> allocate(u64 size_bytes);
  /// Copies an embedder's buffer.
  static Result<FileBytes> copy_of(Bytes bytes);

  Bytes bytes() const { return {data_, size_}; }
  u8* data() { return data_; }
  /// Shortens the visible part; the room behind stays mapped and zero.
  void truncate(u64 size_bytes) {
    CHECK(size_bytes <= size_);
    size_ = size_bytes;
  }
  /// Takes write access away.
  void seal();

private:
  void swap(FileBytes& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
  }
  u8* data_ = nullptr;
  u64 size_ = 0;
  u64 mapped_ = 0;
};

/// The first bytes of a file, fewer when it is shorter. Errors: io.
Result<std::string> read_prefix(const std::string& path, u64 size_bytes);

/// Reads a file ("-": standard input) whole. Errors: io ("cannot open: No such file or directory"), limit.
Result<FileBytes> read_file(const std::string& path, u64 limit_bytes);

/// Writes atomically: temporary file in the same directory (0600, exclusive), fsync, rename, fsync of the
/// directory. `mode` is the final permission. Errors: io.
Status write_file_atomically(const std::string& path, Bytes contents, u32 mode);

/// Puts /dev/null where the process was started without stdin, stdout or stderr, so that no file opened later takes
/// their numbers and is read or written as stdio.
void fill_stdio();

/// Writes everything to a descriptor, through EINTR and short writes. False on any other error.
bool write_all(int fd, Bytes bytes);

/// An io error with strerror of `errno_value`.
std::unexpected<Error> io_error(const char* what, int errno_value);

} // namespace petrel::sys
