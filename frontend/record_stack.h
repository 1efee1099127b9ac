// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A stack of plain records for the hot path of decoding: no check but for room, memory is kept by `clear`. Whoever pops
// or looks below the top knows that it is there.
#pragma once

#include <algorithm>
#include <memory>
#include <type_traits>

#include "base/types.h"

namespace petrel::frontend {

template <typename T> class RecordStack {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  bool empty() const { return top_ == records_.get(); }
  u32 size() const { return static_cast<u32>(top_ - records_.get()); }
  T& back() { return top_[-1]; }
  const T& back() const { return top_[-1]; }
  T& front() { return records_[0]; }
  /// 0 = the top.
  T& from_top(u32 index) { return *(top_ - 1 - index); }
  const T& from_top(u32 index) const { return *(top_ - 1 - index); }

  [[gnu::always_inline]] inline void push_back(const T& record) {
    if (top_ == limit_) [[unlikely]] {
      grow();
    }
    *top_++ = record;
  }
  void pop_back() { --top_; }
  void clear() { top_ = records_.get(); }

private:
  [[gnu::noinline, gnu::cold]] void grow() {
    const usize count = size();
    const usize capacity = count * 2 + 32;
    auto more = std::make_unique<T[]>(capacity);
    std::copy(records_.get(), top_, more.get());
    records_ = std::move(more);
    top_ = records_.get() + count;
    limit_ = records_.get() + capacity;
  }

  std::unique_ptr<T[]> records_;
  T* top_ = nullptr;
  T* limit_ = nullptr;
};

} // namespace petrel::frontend
