// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear memories (specification §4.2.8). A 32-bit memory lies in a reservation so large that no 32-bit address
// plus 32-bit offset leaves it: accesses need no compare, the guard faults. The base never moves.
//
//     |<- pre-guard 2 GiB ->|<- accessible ->|<------- guard up to 8 GiB + 64 KiB ------->|
//                           base             base + size
//
// Sizes are charged to the Store's budget before they are committed; at the cap `grow` answers -1.
#pragma once

#include "base/result.h"
#include "ir/vm.h"

namespace petrel::runtime {

/// What all memories and tables of a Store together may take.
class Budget {
public:
  explicit Budget(u64 limit_bytes) : left_(limit_bytes) {}
  bool charge(u64 size_bytes) {
    if (size_bytes > left_) {
      return false;
    }
    left_ -= size_bytes;
    return true;
  }
  void refund(u64 size_bytes) { left_ += size_bytes; }

private:
  u64 left_;
};

class Memory {
public:
  /// Reserves and commits `limits.min` pages. Errors: limit.
  static Result<std::unique_ptr<Memory>> create(const Limits& limits, Budget& budget);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// The live {base, size}: in the owning instance's VMContext, or here for host-made memories.
  ir::MemoryPair* pair() const { return pair_; }
  /// Moves the live pair to where compiled code of the owner expects it.
  void place_pair(ir::MemoryPair* where) {
    *where = *pair_;
    pair_ = where;
  }
  u8* base() const { return pair_->base; }
  u64 size_bytes() const { return pair_->size; }
  u64 size_pages() const { return pair_->size >> limits_.page_size_log2; }
  /// Declared bounds with the current size as minimum, for import matching (§4.5.3).
  Limits type() const {
    Limits now = limits_;
    now.min = size_pages();
    return now;
  }

  /// Previous size in pages, or -1 when over the maximum, the budget or what the system gives.
  i64 grow(u64 delta_pages);

  /// THE address computation (rule R1): the host address of [address + offset, + size), or nullptr.
  u8* slice(u64 address, u64 offset, u64 size_bytes) const {
    u64 start = 0;
    u64 end = 0;
    if (__builtin_add_overflow(address, offset, &start) ||
        __builtin_add_overflow(start, size_bytes, &end) || end > pair_->size) {
      return nullptr;
    }
    return pair_->base + start;
  }

  /// True when a faulting host address lies in this memory's reservation. Async-signal-safe.
  bool reserves(const u8* address) const {
    return address >= reservation_ && address < reservation_ + reservation_size_;
  }

private:
  Memory(const Limits& limits, Budget& budget) : limits_(limits), budget_(budget) {}

  Limits limits_;
  Budget& budget_;
  u8* reservation_ = nullptr;
  u64 reservation_size_ = 0;
  ir::MemoryPair own_pair_{};
  ir::MemoryPair* pair_ = &own_pair_;
};

} // namespace petrel::runtime
