// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear memories (specification §4.2.8). A *guarded* memory (32-bit addresses, pages of 64 KiB) lies in a reservation so
// large that no 32-bit address plus 32-bit offset leaves it: accesses need no compare, the guard faults. All others
// (64-bit addresses, custom page sizes) reserve what they may grow to and no more, and every access is compared with
// the size. The base never moves in either.
//
//     |<- pre-guard 2 GiB ->|<- accessible ->|<------- guard up to 8 GiB + 64 KiB ------->|     guarded
//                           base             base + size
//     |<- accessible ->|<- up to the maximum or the store's limit ->|<- 64 KiB ->|              others
//     base             base + size
//
// A size is charged to the Store's budget, in pages of the host, before it is committed; at the cap `grow` answers -1.
//
// A *shared* memory (threads) belongs to all Stores that it was given to; it keeps the budget of the one that made it.
// Only its size ever changes, one thread at a time; readers load it atomically and may see the older, smaller one.
#pragma once

#include <memory>
#include <mutex>

#include "base/result.h"
#include "ir/vm.h"
#include "runtime/wait_list.h"

namespace petrel::runtime {

/// What all memories and tables of a Store together may take. Any thread.
class Budget {
public:
  explicit Budget(u64 limit_bytes) : limit_(limit_bytes), left_(limit_bytes) {}
  u64 limit() const { return limit_; }
  bool charge(u64 size_bytes) {
    u64 left = __atomic_load_n(&left_, __ATOMIC_RELAXED);
    do {
      if (size_bytes > left) {
        return false;
      }
    } while (!__atomic_compare_exchange_n(&left_, &left, left - size_bytes, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
  }
  void refund(u64 size_bytes) { __atomic_fetch_add(&left_, size_bytes, __ATOMIC_RELAXED); }

private:
  const u64 limit_;
  u64 left_;
};

class Memory {
public:
  /// Reserves and commits `limits.min` pages. Errors: limit.
  static Result<std::shared_ptr<Memory>> create(const Limits& limits,
                                                std::shared_ptr<Budget> budget);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// The live {base, size}: in the owning instance's VMContext, or here for host-made and shared memories.
  ir::MemoryPair* pair() const { return pair_; }
  /// Moves the live pair to where compiled code of the owner expects it. Not for shared memories.
  void place_pair(ir::MemoryPair* where) {
    CHECK(!is_shared());
    *where = *pair_;
    pair_ = where;
  }
  u8* base() const { return pair_->base; }
  u64 size_bytes() const { return __atomic_load_n(&pair_->size, __ATOMIC_ACQUIRE); }
  u64 size_pages() const { return size_bytes() >> limits_.page_size_log2; }
  bool is_shared() const { return limits_.is_shared != 0; }
  bool is_64() const { return limits_.is_64 != 0; }
  /// Do 32-bit accesses need no compare?
  bool is_guarded() const { return is_guarded(limits_); }
  static bool is_guarded(const Limits& limits) {
    return limits.is_64 == 0 && limits.page_size_log2 == 16;
  }
  /// Declared bounds with the current size as minimum, for import matching (§4.5.3).
  Limits type() const {
    Limits now = limits_;
    now.min = size_pages();
    return now;
  }

  /// Previous size in pages, or -1 when over the maximum, the budget or what the system gives. Any thread when shared.
  i64 grow(u64 delta_pages);

  /// THE address computation (rule R1): the host address of [address + offset, + size), or nullptr.
  u8* slice(u64 address, u64 offset, u64 size_bytes) const {
    return slice(*pair_, address, offset, size_bytes);
  }
  static u8* slice(const ir::MemoryPair& pair, u64 address, u64 offset, u64 size_bytes) {
    u64 start = 0;
    u64 end = 0;
    if (__builtin_add_overflow(address, offset, &start) ||
        __builtin_add_overflow(start, size_bytes, &end) ||
        end > __atomic_load_n(&pair.size, __ATOMIC_RELAXED)) {
      return nullptr;
    }
    return pair.base + start;
  }

  /// memmove and memset of guest bytes, on which threads of the guest may race.
  static void move(u8* to, const u8* from, u64 size_bytes);
  static void fill(u8* to, u8 byte, u64 size_bytes);

  /// Gives pages their initial contents from a file, copied as they are written. All three are multiples of the host's
  /// pages; the range lies inside. Errors: limit.
  Status map_contents(u64 address, u64 size_bytes, int fd, u64 file_offset);

  /// Threads that wait on addresses of this memory; shared memories only.
  WaitList& waiters() {
    CHECK(waiters_ != nullptr);
    return *waiters_;
  }

  /// True when a faulting host address lies in this memory's reservation. Async-signal-safe.
  bool reserves(const u8* address) const {
    return address >= reservation_ && address < reservation_ + reservation_size_;
  }

private:
  Memory(const Limits& limits, std::shared_ptr<Budget> budget)
      : limits_(limits), budget_(std::move(budget)) {}
  bool reserve();
  bool commit(u64 size_bytes);

  Limits limits_;
  std::shared_ptr<Budget> budget_;
  std::mutex growing_; ///< held while a shared memory grows
  std::unique_ptr<WaitList> waiters_;
  u64 capacity_pages_ = 0;  ///< what the reservation has room for
  u64 committed_bytes_ = 0; ///< and charged: the size rounded up to pages of the host
  u8* reservation_ = nullptr;
  u64 reservation_size_ = 0;
  ir::MemoryPair own_pair_{};
  ir::MemoryPair* pair_ = &own_pair_;
};

} // namespace petrel::runtime
