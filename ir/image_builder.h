// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds a flat image: a header, then arrays behind each other, each aligned for its elements. Offsets are 32 bits; an
// image that would exceed them is refused by `fits`, checked once at the end.
#pragma once

#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "ir/module.h"

namespace petrel::ir {

/// Bytes aligned to 16, grown in place.
class ImageBuilder {
public:
  ImageBuilder() = default;

  /// Appends `items`; their place.
  template <typename T> Array<T> append(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 16);
    if (items.empty()) {
      return {};
    }
    const u64 offset = align_up(size_, alignof(T));
    const u64 bytes = items.size_bytes();
    grow(offset + bytes);
    std::memcpy(data() + offset, items.data(), bytes);
    return {static_cast<u32>(offset), static_cast<u32>(items.size())};
  }
  template <typename T> Array<T> append(const std::vector<T>& items) {
    return append(std::span<const T>(items));
  }
  Str append(std::string_view text) {
    return append(std::span<const char>(text.data(), text.size()));
  }

  template <typename T> T* at(u32 offset) { return reinterpret_cast<T*>(data() + offset); }
  template <typename T> std::span<T> items(Array<T> array) {
    return {at<T>(array.offset), array.count};
  }

  u64 size_bytes() const { return size_; }
  bool fits() const { return size_ <= 0xffffffff; }
  u8* data() { return reinterpret_cast<u8*>(blocks_.data()); }
  const u8* data() const { return reinterpret_cast<const u8*>(blocks_.data()); }

private:
  struct alignas(16) Block {
    u8 bytes[16];
  };
  void grow(u64 size_bytes) {
    size_ = size_bytes;
    if (blocks_.size() * 16 < size_bytes) {
      blocks_.resize((size_bytes + 15) / 16);
    }
  }
  std::vector<Block> blocks_;
  u64 size_ = 0;
};

} // namespace petrel::ir
