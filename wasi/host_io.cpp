// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/host_io.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"

namespace petrel::wasi {

namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

bool is_interrupted(runtime::Store& store) {
  return __atomic_load_n(&store.vm().interrupt, __ATOMIC_ACQUIRE) == ir::kInterruptLeave;
}

/// True when a call that failed with EINTR should be made again.
bool retry(runtime::Store& store) { return errno == EINTR && !is_interrupted(store); }

/// After a failed read or write: 0 = call again (it was a signal, or the descriptor is ready now), else the error.
int after_failure(runtime::Store& store, int fd, short events) {
  if (errno != EAGAIN) {
    return retry(store) ? 0 : errno;
  }
  pollfd wait{fd, events, 0};
  const IoResult ready = poll_fds(store, {&wait, 1}, -1);
  return ready ? 0 : ready.error();
}

u64 to_ns(const timespec& time) {
  return static_cast<u64>(time.tv_sec) * kNsPerSecond + static_cast<u64>(time.tv_nsec);
}

IoResult host_clock_now_ns(clockid_t clock) {
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) {
    return std::unexpected(errno);
  }
  return to_ns(now);
}
u64 host_monotonic_now_ns() { return host_clock_now_ns(CLOCK_MONOTONIC).value_or(0); }

void fill_from_seed(runtime::Determinism& from, std::span<u8> into) {
  while (!into.empty()) {
    const u64 word = from.random();
    const usize size_bytes = std::min(into.size(), sizeof word);
    std::memcpy(into.data(), &word, size_bytes);
    into = into.subspan(size_bytes);
  }
}

} // namespace

IoResult read_fd(runtime::Store& store, int fd, std::span<const iovec> into) {
  while (true) {
    const ssize_t got = ::readv(fd, into.data(), narrow<int>(into.size()));
    if (got >= 0) {
      return static_cast<u64>(got);
    }
    if (const int error = after_failure(store, fd, POLLIN); error != 0) {
      return std::unexpected(error);
    }
  }
}

IoResult read_fd(runtime::Store& store, int fd, std::span<u8> into) {
  const iovec one{into.data(), into.size()};
  return read_fd(store, fd, std::span(&one, 1));
}

IoResult write_fd(runtime::Store& store, int fd, std::span<iovec> from) {
  u64 total = 0;
  while (true) {
    while (!from.empty() && from[0].iov_len == 0) {
      from = from.subspan(1);
    }
    if (from.empty()) {
      return total;
    }
    const ssize_t put = ::writev(fd, from.data(), narrow<int>(from.size()));
    if (put < 0) {
      if (const int error = after_failure(store, fd, POLLOUT); error != 0) {
        return total != 0 && error != EINTR ? IoResult(total) : std::unexpected(error);
      }
      continue;
    }
    total += static_cast<u64>(put);
    u64 left = static_cast<u64>(put);
    for (iovec& part : from) {
      const u64 of_part = std::min<u64>(left, part.iov_len);
      part.iov_base = static_cast<u8*>(part.iov_base) + of_part;
      part.iov_len -= of_part;
      left -= of_part;
    }
  }
}

IoResult write_fd(runtime::Store& store, int fd, Bytes bytes) {
  // SAFETY: writev only reads.
  iovec one{const_cast<u8*>(bytes.data()), bytes.size()};
  return write_fd(store, fd, std::span(&one, 1));
}

IoResult poll_fds(runtime::Store& store, std::span<pollfd> fds, i64 timeout_ns) {
  const u64 start = host_monotonic_now_ns();
  while (true) {
    timespec left{};
    if (timeout_ns >= 0) {
      const u64 passed = host_monotonic_now_ns() - start;
      const u64 remaining =
          static_cast<u64>(timeout_ns) - std::min(passed, static_cast<u64>(timeout_ns));
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

IoResult clock_now_ns(const runtime::Store& store, clockid_t clock) {
  runtime::Determinism* const virtual_clock = store.determinism();
  return virtual_clock != nullptr ? virtual_clock->clock_ns(clock) : host_clock_now_ns(clock);
}

u64 wall_clock_now_ns(const runtime::Store& store) {
  return clock_now_ns(store, CLOCK_REALTIME).value_or(0);
}
u64 monotonic_now_ns(const runtime::Store& store) {
  return clock_now_ns(store, CLOCK_MONOTONIC).value_or(0);
}

u64 clock_resolution_ns(const runtime::Store& store, clockid_t clock) {
  if (store.determinism() != nullptr) {
    return runtime::Determinism::kStepNs;
  }
  timespec resolution{};
  return ::clock_getres(clock, &resolution) == 0 ? to_ns(resolution) : 1;
}

IoResult fill_random(runtime::Store& store, std::span<u8> into) {
  constexpr usize kPieceBytes = usize{64} << 10;
  const u64 total = into.size();
  if (runtime::Determinism* const seeded = store.determinism()) {
    fill_from_seed(*seeded, into);
    return total;
  }
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
  struct sigaction now{};
  if (::sigaction(SIGPIPE, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
      now.sa_handler == SIG_DFL) {
    now.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &now, nullptr);
  }
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

} // namespace petrel::wasi
