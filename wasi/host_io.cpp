// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/host_io.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"

namespace petrel::wasi {

namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

bool is_interrupted(runtime::Store& store) {
  return __atomic_load_n(&store.vm().interrupt, __ATOMIC_ACQUIRE) != 0;
}

/// True when a call that failed with EINTR should be made again.
bool retry(runtime::Store& store) { return errno == EINTR && !is_interrupted(store); }

u64 to_ns(const timespec& time) { return static_cast<u64>(time.tv_sec) * kNsPerSecond + static_cast<u64>(time.tv_nsec); }

} // namespace

IoResult read_fd(runtime::Store& store, int fd, std::span<u8> into) {
  while (true) {
    const ssize_t got = ::read(fd, into.data(), into.size());
    if (got >= 0) {
      return static_cast<u64>(got);
    }
    if (errno == EAGAIN) {
      pollfd wait{fd, POLLIN, 0};
      if (auto ready = poll_fds(store, {&wait, 1}, -1); !ready) {
        return ready;
      }
    } else if (!retry(store)) {
      return std::unexpected(errno);
    }
  }
}

IoResult write_fd(runtime::Store& store, int fd, Bytes bytes) {
  const u64 total = bytes.size();
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes = bytes.subspan(static_cast<usize>(put));
      continue;
    }
    if (errno == EAGAIN) {
      pollfd wait{fd, POLLOUT, 0};
      if (auto ready = poll_fds(store, {&wait, 1}, -1); !ready) {
        return ready;
      }
    } else if (!retry(store)) {
      return std::unexpected(errno);
    }
  }
  return total;
}

IoResult poll_fds(runtime::Store& store, std::span<pollfd> fds, i64 timeout_ns) {
  const u64 start = monotonic_now_ns();
  while (true) {
    timespec left{};
    if (timeout_ns >= 0) {
      const u64 passed = monotonic_now_ns() - start;
      const u64 remaining = static_cast<u64>(timeout_ns) - std::min(passed, static_cast<u64>(timeout_ns));
      left.tv_sec = static_cast<time_t>(remaining / kNsPerSecond);
      left.tv_nsec = static_cast<long>(remaining % kNsPerSecond);
    }
    const int ready = ::ppoll(fds.data(), fds.size(), timeout_ns >= 0 ? &left : nullptr, nullptr);
    if (ready >= 0) {
      return static_cast<u64>(ready);
    }
    if (!retry(store)) {
      return std::unexpected(errno);
    }
  }
}

IoResult clock_now_ns(clockid_t clock) {
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) {
    return std::unexpected(errno);
  }
  return to_ns(now);
}

u64 wall_clock_now_ns() { return clock_now_ns(CLOCK_REALTIME).value_or(0); }
u64 monotonic_now_ns() { return clock_now_ns(CLOCK_MONOTONIC).value_or(0); }

u64 clock_resolution_ns(clockid_t clock) {
  timespec resolution{};
  return ::clock_getres(clock, &resolution) == 0 ? to_ns(resolution) : 1;
}

IoResult fill_random(runtime::Store& store, std::span<u8> into) {
  constexpr usize kPieceBytes = usize{64} << 10;
  const u64 total = into.size();
  while (!into.empty()) {
    if (is_interrupted(store)) {
      return std::unexpected(EINTR);
    }
    const ssize_t got = ::getrandom(into.data(), std::min(into.size(), kPieceBytes), 0);
    CHECK(got > 0 || errno == EINTR);
    if (got > 0) {
      into = into.subspan(static_cast<usize>(got));
    }
  }
  return total;
}

void ignore_broken_pipes() {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) {
    now.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &now, nullptr);
  }
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

} // namespace petrel::wasi
