// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/wait_list.h"

#include "base/os.h"
#include "ir/vm.h"

namespace petrel::runtime {

void WaitList::append(Waiter& waiter) {
  waiter.prev = last_;
  (last_ == nullptr ? first_ : last_->next) = &waiter;
  last_ = &waiter;
}

void WaitList::remove(Waiter& waiter) {
  (waiter.prev == nullptr ? first_ : waiter.prev->next) = waiter.next;
  (waiter.next == nullptr ? last_ : waiter.next->prev) = waiter.prev;
}

u32 WaitList::notify(const void* at, u32 count) {
  std::lock_guard lock(mutex_);
  u32 woken = 0;
  Waiter* next = nullptr;
  for (Waiter* waiter = first_; waiter != nullptr && woken < count; waiter = next) {
    next = waiter->next;
    if (waiter->at != at) {
      continue;
    }
    remove(*waiter);
    __atomic_store_n(&waiter->is_woken, 1u, __ATOMIC_RELEASE);
    sys::wake(&waiter->is_woken); // the record lives on: its owner takes the lock before it leaves
    ++woken;
  }
  return woken;
}

WaitList::Outcome WaitList::sleep(Waiter& self, i64 timeout_ns, const u32* interrupt) {
  const bool is_timed = timeout_ns >= 0;
  const u64 deadline_ns = is_timed ? sys::monotonic_ns() + static_cast<u64>(timeout_ns) : 0;
  Outcome outcome = Outcome::woken;
  while (__atomic_load_n(&self.is_woken, __ATOMIC_ACQUIRE) == 0) {
    if (__atomic_load_n(interrupt, __ATOMIC_ACQUIRE) == ir::kInterruptLeave) {
      outcome = Outcome::interrupted;
      break;
    }
    if (is_timed && sys::monotonic_ns() >= deadline_ns) {
      outcome = Outcome::timed_out;
      break;
    }
    sys::wait_while_zero(&self.is_woken, is_timed ? &deadline_ns : nullptr);
  }
  std::lock_guard lock(mutex_); // also when woken: the notifier is done with the record then
  if (__atomic_load_n(&self.is_woken, __ATOMIC_ACQUIRE) != 0) {
    return Outcome::woken; // notified at the last moment: it was counted
  }
  remove(self);
  return outcome;
}

} // namespace petrel::runtime
