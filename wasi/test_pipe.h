// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pipe for unit tests: what a guest reads or writes in place of stdio.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "base/types.h"

namespace petrel::wasi {

/// Both ends are closed at the end.
struct TestPipe {
  TestPipe() { CHECK_EQ(::pipe2(fds, O_CLOEXEC), 0); }
  ~TestPipe() {
    close_read();
    close_write();
  }
  TestPipe(const TestPipe&) = delete;
  TestPipe& operator=(const TestPipe&) = delete;
  int read_end() const { return fds[0]; }
  int write_end() const { return fds[1]; }
  void close_read() { close_one(fds[0]); }
  void close_write() { close_one(fds[1]); }
  void put(std::string_view text) const {
    CHECK_EQ(::write(fds[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// What is in the pipe now, at most 64 KiB.
  std::string get() const {
    std::string text(65'536, '\0');
    const ssize_t got = ::read(fds[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<usize>(got) : 0);
    return text;
  }

private:
  static void close_one(int& fd) {
    if (fd >= 0) {
      ::close(std::exchange(fd, -1));
    }
  }
  int fds[2] = {-1, -1};
};

} // namespace petrel::wasi
