// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/poll.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace petrel::wasi {

namespace {

constexpr u64 kNever = std::numeric_limits<u64>::max();

/// How long to sleep: 0 when something is ready anyhow, -1 when no clock takes part.
i64 timeout_of(const runtime::Store& store, std::span<const Interest> interests, Wait wait) {
  u64 earliest_ns = kNever;
  for (const Interest& each : interests) {
    if (each.kind == Interest::Kind::ready) {
      return 0;
    }
    if (each.kind == Interest::Kind::at_time) {
      earliest_ns = std::min(earliest_ns, each.when_ns);
    }
  }
  if (wait == Wait::no) {
    return 0;
  }
  if (earliest_ns == kNever) {
    return -1;
  }
  const u64 now_ns = monotonic_now_ns(store);
  const u64 left_ns = earliest_ns > now_ns ? earliest_ns - now_ns : 0;
  return static_cast<i64>(std::min<u64>(left_ns, std::numeric_limits<i64>::max()));
}

/// The same in virtual time, which jumps to the first clock when nothing else is ready. Descriptors always are: whether input
/// has come yet is chance, the read that follows waits for it.
u64 poll_virtual(runtime::Determinism& clock, std::span<const Interest> interests,
                 std::span<bool> ready, Wait wait) {
  u64 now_ns = clock.monotonic_ns();
  while (true) {
    u64 count = 0;
    u64 earliest_ns = kNever;
    for (usize i = 0; i < interests.size(); ++i) {
      const bool is_clock = interests[i].kind == Interest::Kind::at_time;
      ready[i] = !is_clock || interests[i].when_ns <= now_ns;
      count += ready[i] ? 1 : 0;
      earliest_ns = is_clock ? std::min(earliest_ns, interests[i].when_ns) : earliest_ns;
    }
    if (count != 0 || wait == Wait::no) {
      return count;
    }
    clock.wait_until(earliest_ns);
    now_ns = earliest_ns;
  }
}

} // namespace

IoResult poll_interests(runtime::Store& store, std::span<const Interest> interests,
                        std::span<pollfd> fds, std::span<bool> ready, Wait wait) {
  CHECK(fds.size() == interests.size() && ready.size() == interests.size());
  if (runtime::Determinism* const virtual_clock = store.determinism()) {
    return poll_virtual(*virtual_clock, interests, ready, wait);
  }
  while (true) {
    bool any_fd = false;
    for (usize i = 0; i < interests.size(); ++i) {
      const bool on_fd = interests[i].kind == Interest::Kind::on_fd;
      fds[i] = {on_fd ? interests[i].fd : -1, interests[i].events,
                0}; // poll(2) ignores negative descriptors
      any_fd |= on_fd;
    }
    const i64 timeout_ns = timeout_of(store, interests, wait);
    if (any_fd || timeout_ns != 0) {
      if (auto polled = poll_fds(store, fds, timeout_ns); !polled) {
        return polled;
      }
    }
    const u64 now_ns = monotonic_now_ns(store);
    u64 count = 0;
    for (usize i = 0; i < interests.size(); ++i) {
      switch (interests[i].kind) {
      case Interest::Kind::ready: ready[i] = true; break;
      case Interest::Kind::at_time: ready[i] = interests[i].when_ns <= now_ns; break;
      case Interest::Kind::on_fd: ready[i] = fds[i].revents != 0; break;
      }
      count += ready[i] ? 1 : 0;
    }
    if (count != 0 || wait == Wait::no) {
      return count;
    }
  }
}

IoResult poll_interest(runtime::Store& store, const Interest& interest, Wait wait) {
  pollfd fd{};
  bool ready = false;
  return poll_interests(store, {&interest, 1}, {&fd, 1}, {&ready, 1}, wait);
}

} // namespace petrel::wasi
