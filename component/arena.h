// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for the values of one call: everything a guest sends to the host, and what a host function gives back.
// Freed at once after the call. What a guest can make it hold is bounded per call (rule R6).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace petrel::component {

class Arena {
public:
  /// 16 MiB of what a guest sizes, and room for the fixed parts of the call.
  static constexpr u64 kDefaultLimitBytes = (u64{16} << 20) + (u64{64} << 10);

  explicit Arena(u64 limit_bytes = kDefaultLimitBytes) : limit_bytes_(limit_bytes) {}

  /// Zeroed memory, aligned to 16; nullptr when the call's limit is reached. Never null for size 0.
  void* allocate(u64 size_bytes);
  template <typename T> T* allocate_array(u64 count) {
    u64 size_bytes = 0;
    if (__builtin_mul_overflow(count, sizeof(T), &size_bytes)) {
      return nullptr;
    }
    return static_cast<T*>(allocate(size_bytes));
  }
  /// A copy of `text`; empty view with null data when over the limit.
  std::string_view copy(std::string_view text);

  /// Gives everything back.
  void reset();

private:
  static constexpr u64 kInlineBytes = 1024;
  alignas(16) u8 inline_[kInlineBytes];
  u64 inline_used_ = 0;
  u64 used_bytes_ = 0;
  u64 limit_bytes_;
  std::vector<std::unique_ptr<u8[]>> blocks_;
};

} // namespace petrel::component
