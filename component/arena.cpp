// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/arena.h"

#include <cstring>
#include <new>

namespace petrel::component {

void* Arena::allocate(u64 size_bytes) {
  if (size_bytes > limit_bytes_ - used_bytes_) {
    return nullptr;
  }
  const u64 rounded = align_up(size_bytes, 16);
  used_bytes_ += size_bytes;
  if (rounded <= kInlineBytes - inline_used_) {
    u8* at = inline_ + inline_used_;
    inline_used_ += rounded;
    std::memset(at, 0, rounded);
    return at;
  }
  // operator new aligns to 16 on both targets.
  std::unique_ptr<u8[]> block(new (std::nothrow) u8[rounded]());
  if (block == nullptr) {
    used_bytes_ -= size_bytes;
    return nullptr;
  }
  blocks_.push_back(std::move(block));
  return blocks_.back().get();
}

std::string_view Arena::copy(std::string_view text) {
  char* at = static_cast<char*>(allocate(text.size()));
  if (at == nullptr) {
    return {};
  }
  if (!text.empty()) {
    std::memcpy(at, text.data(), text.size());
  }
  return {at, text.size()};
}

void Arena::reset() {
  blocks_.clear();
  inline_used_ = 0;
  used_bytes_ = 0;
}

} // namespace petrel::component
