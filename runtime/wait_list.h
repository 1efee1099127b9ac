// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memory.atomic.wait and notify (threads proposal): the threads that wait on addresses of one shared memory, in the order
// they came. A waiter is a record on its own stack with a word that it sleeps on; who notifies takes it out of the list,
// sets the word and wakes its owner, all under the list's lock, so that the record outlives every use.
//
// INVARIANT(wait): the comparison with the expected value and joining the list are one step for every notify, because
// both happen under the lock: a notify between them is impossible, so no wake-up is lost.
#pragma once

#include <mutex>

#include "base/types.h"

namespace petrel::runtime {

class WaitList {
public:
  /// Results of wait, as the instruction answers them.
  enum class Outcome : u32 { woken = 0, not_equal = 1, timed_out = 2, interrupted = 3 };

  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  /// Sleeps until notified when the 4 or 8 bytes at `at` hold `expected`; `timeout_ns` < 0: for ever. Leaves with
  /// `interrupted` soon after `*interrupt` became non-zero, if a signal comes with it (runtime/deadline.h).
  Outcome wait32(const u32* at, u32 expected, i64 timeout_ns, const u32* interrupt) {
    return wait(
        at, [&] { return __atomic_load_n(at, __ATOMIC_SEQ_CST) == expected; }, timeout_ns,
        interrupt);
  }
  Outcome wait64(const u64* at, u64 expected, i64 timeout_ns, const u32* interrupt) {
    return wait(
        at, [&] { return __atomic_load_n(at, __ATOMIC_SEQ_CST) == expected; }, timeout_ns,
        interrupt);
  }
  /// Wakes up to `count` threads that wait on `at`, the oldest first; how many.
  u32 notify(const void* at, u32 count);

private:
  struct Waiter {
    const void* at;
    Waiter* prev;
    Waiter* next;
    u32 is_woken; ///< what the thread sleeps on
  };

  template <typename Equal>
  Outcome wait(const void* at, Equal equal, i64 timeout_ns, const u32* interrupt) {
    Waiter self{at, nullptr, nullptr, 0};
    {
      std::lock_guard lock(mutex_);
      if (!equal()) {
        return Outcome::not_equal;
      }
      append(self);
    }
    return sleep(self, timeout_ns, interrupt);
  }
  void append(Waiter& waiter);
  void remove(Waiter& waiter);
  Outcome sleep(Waiter& self, i64 timeout_ns, const u32* interrupt);

  std::mutex mutex_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

} // namespace petrel::runtime
