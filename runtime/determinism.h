// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a guest gets in place of the host's clocks and random numbers, so that two runs are equal (`--deterministic`). The
// clocks begin at a fixed instant; they move on when the guest waits, by as long as it asked for, and by one step per
// reading, so that a loop that watches the clock ends. Random numbers are SplitMix64 of a seed, a word per eight bytes begun.
//
// Shared by the Stores of a program's threads; what they get then depends on which comes first.
#pragma once

#include <algorithm>
#include <atomic>
#include <ctime>

#include "base/types.h"

namespace petrel::runtime {

class Determinism {
public:
  static constexpr u64 kStepNs = 1'000;                    ///< per reading; also the resolution
  static constexpr u64 kStartNs = 1'000'000'000;           ///< of the monotonic clock
  static constexpr u64 kEpochNs = 946'684'800'000'000'000; ///< 2000-01-01: wall clock of instant 0
  static constexpr u64 kEndNs = u64{1} << 62;              ///< nobody waits longer

  explicit Determinism(u64 seed) : random_(seed) {}

  u64 monotonic_ns() { return now_ns_.fetch_add(kStepNs, std::memory_order_relaxed); }
  u64 wall_ns() { return kEpochNs + monotonic_ns(); }
  /// Clocks of processor time begin at 0.
  u64 clock_ns(clockid_t clock) {
    return clock == CLOCK_REALTIME    ? wall_ns()
           : clock == CLOCK_MONOTONIC ? monotonic_ns()
                                      : monotonic_ns() - kStartNs;
  }

  /// The guest waited until then.
  void wait_until(u64 when_ns) {
    const u64 end_ns = std::min(when_ns, kEndNs);
    u64 now_ns = now_ns_.load(std::memory_order_relaxed);
    while (now_ns < end_ns &&
           !now_ns_.compare_exchange_weak(now_ns, end_ns, std::memory_order_relaxed)) {
    }
  }
  void wait_for(u64 duration_ns) {
    wait_until(now_ns_.load(std::memory_order_relaxed) + std::min(duration_ns, kEndNs));
  }

  u64 random() {
    constexpr u64 kGamma = 0x9e37'79b9'7f4a'7c15;
    u64 z = random_.fetch_add(kGamma, std::memory_order_relaxed) + kGamma;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
  }

private:
  std::atomic<u64> now_ns_ = kStartNs;
  std::atomic<u64> random_;
};

} // namespace petrel::runtime
