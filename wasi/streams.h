// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Byte streams of wasi:io as host objects. The base classes hold the rules every stream obeys (closed after a
// failure, permits for writing); what is behind a stream overrides the protected functions.
//
// Results are IoResult: a count, or why not: kStreamClosed, EINTR (leave: the Store was interrupted), or the errno
// of the operation that failed, after which the stream is closed.
#pragma once

#include "wasi/poll.h"

namespace petrel::wasi {

/// "Error" of a stream that has ended or been closed.
constexpr int kStreamClosed = 0;
/// Most that one read or one permit is about.
constexpr u64 kStreamChunkBytes = u64{64} << 10;
/// Most that the blocking-write-…-and-flush functions take at once.
constexpr u64 kMaxBlockingWriteBytes = 4096;

/// wasi:io/error.error: the failure of a stream operation.
class IoError final : public component::HostResourceOf<IoError> {
public:
  explicit IoError(int error) : error_(error) {}
  int host_errno() const { return error_; }

private:
  int error_;
};

class InputStream : public component::HostResourceOf<InputStream>, public PollSource {
public:
  /// Up to `into.size()` bytes; 0 only if none are there now (never with Wait::yes) or none were asked for.
  IoResult read(runtime::Store& store, std::span<u8> into, Wait wait);
  Interest interest() const override { return is_closed_ ? Interest{} : open_interest(); }

protected:
  /// `into` is not empty. 0 = nothing now; end of stream = kStreamClosed.
  virtual IoResult read_some(runtime::Store& store, std::span<u8> into, Wait wait) = 0;
  virtual Interest open_interest() const = 0;

private:
  bool is_closed_ = false;
};

class OutputStream : public component::HostResourceOf<OutputStream>, public PollSource {
public:
  /// Gives a permit: how many bytes may be written now without blocking.
  IoResult check_write(runtime::Store& store);
  u64 permit() const { return permit_; }
  /// Writes all; the caller has checked the permit.
  IoResult write(runtime::Store& store, Bytes bytes);
  /// Writes all and flushes, waiting as long as it takes; needs no permit.
  IoResult write_blocking(runtime::Store& store, Bytes bytes);
  /// Nothing is buffered in the host, so this only tells whether the stream is open.
  IoResult flush() const;
  Interest interest() const override { return is_closed_ ? Interest{} : open_interest(); }

protected:
  virtual IoResult write_all(runtime::Store& store, Bytes bytes) = 0;
  virtual Interest open_interest() const = 0;

private:
  IoResult settle(IoResult result);
  u64 permit_ = 0;
  bool is_closed_ = false;
};

/// The stream over a descriptor of the host, which stays open. A negative one, or one the process does not have, is
/// at its end (input) or takes everything (output).
std::unique_ptr<InputStream> make_fd_input(int fd);
std::unique_ptr<OutputStream> make_fd_output(int fd);

} // namespace petrel::wasi
