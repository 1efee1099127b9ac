// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/streams.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace petrel::wasi {

IoResult InputStream::read(runtime::Store& store, std::span<u8> into, Wait wait) {
  if (is_closed_) {
    return std::unexpected(kStreamClosed);
  }
  if (into.empty()) {
    return 0;
  }
  const IoResult got = read_some(store, into, wait);
  is_closed_ = !got && got.error() != EINTR;
  return got;
}

IoResult OutputStream::settle(IoResult result) {
  if (!result && result.error() != EINTR) {
    is_closed_ = true;
    permit_ = 0;
  }
  return result;
}

IoResult OutputStream::check_write(runtime::Store& store) {
  if (is_closed_) {
    return std::unexpected(kStreamClosed);
  }
  const IoResult ready = poll_interest(store, open_interest(), Wait::no);
  if (!ready) {
    return settle(ready);
  }
  permit_ = *ready != 0 ? kStreamChunkBytes : 0;
  return permit_;
}

IoResult OutputStream::write(runtime::Store& store, Bytes bytes) {
  CHECK(is_closed_ || bytes.size() <= permit_);
  permit_ -= std::min<u64>(permit_, bytes.size());
  return write_blocking(store, bytes);
}

IoResult OutputStream::write_blocking(runtime::Store& store, Bytes bytes) {
  if (is_closed_) {
    return std::unexpected(kStreamClosed);
  }
  return settle(write_all(store, bytes));
}

IoResult OutputStream::flush() const {
  if (is_closed_) {
    return std::unexpected(kStreamClosed);
  }
  return 0;
}

namespace {

bool is_open(int fd) { return fd >= 0 && ::fcntl(fd, F_GETFD) >= 0; }

class FdInput final : public InputStream {
public:
  explicit FdInput(int fd) : fd_(is_open(fd) ? fd : -1) {}

private:
  IoResult read_some(runtime::Store& store, std::span<u8> into, Wait wait) override {
    if (fd_ < 0) {
      return std::unexpected(kStreamClosed);
    }
    if (wait == Wait::no) {
      const IoResult ready = poll_interest(store, open_interest(), Wait::no);
      if (!ready || *ready == 0) {
        return ready;
      }
    }
    const IoResult got = read_fd(store, fd_, into);
    if (got && *got == 0) {
      return std::unexpected(kStreamClosed);
    }
    return got;
  }
  Interest open_interest() const override {
    return fd_ < 0 ? Interest{} : Interest::on_fd(fd_, POLLIN);
  }

  int fd_;
};

class FdOutput final : public OutputStream {
public:
  explicit FdOutput(int fd) : fd_(is_open(fd) ? fd : -1) {}

private:
  IoResult write_all(runtime::Store& store, Bytes bytes) override {
    if (fd_ < 0) {
      return bytes.size();
    }
    const u64 total = bytes.size();
    while (!bytes.empty()) {
      const IoResult put = write_fd(store, fd_, bytes);
      if (!put) {
        // Nobody reads any more: for a guest that is an end, not a failure.
        return put.error() == EPIPE ? IoResult(std::unexpected(kStreamClosed)) : put;
      }
      bytes = bytes.subspan(*put); // short before a failure, which the next turn meets
    }
    return total;
  }
  Interest open_interest() const override {
    return fd_ < 0 ? Interest{} : Interest::on_fd(fd_, POLLOUT);
  }

  int fd_;
};

} // namespace

std::unique_ptr<InputStream> make_fd_input(int fd) { return std::make_unique<FdInput>(fd); }

std::unique_ptr<OutputStream> make_fd_output(int fd) {
  ignore_broken_pipes();
  return std::make_unique<FdOutput>(fd);
}

} // namespace petrel::wasi
