// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds a flat image: a header, then arrays behind each other, each aligned for its elements. Offsets are 32 bits; an
// image that would exceed them is refused by `fits`, checked once at the end.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "ir/module.h"

namespace petrel::ir {

/// Bytes aligned to 16, grown in place; at least 16 more may be read behind them.
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
  /// Room for `count` items that are written later, all of them.
  template <typename T> Array<T> append_blank(u32 count) {
    const u64 offset = align_up(size_, alignof(T));
    grow(offset + u64{count} * sizeof(T));
    return {count == 0 ? 0 : static_cast<u32>(offset), count};
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
  u8* data() { return bytes_.get(); }
  const u8* data() const { return bytes_.get(); }

  /// Makes room for `bytes` more, so that they can be written in place and then kept by `extend`. Moves the image.
  u8* reserve(u64 bytes) {
    const u64 wanted = size_ + bytes + 16;
    if (capacity_ < wanted) {
      resize(std::max(wanted, capacity_ * 2));
    }
    return data() + size_;
  }
  /// Keeps `bytes` written behind the image.
  void extend(u64 bytes) { size_ += bytes; }
  /// Aligns the place where `reserve` writes.
  void align(u64 alignment) { grow(align_up(size_, alignment)); }
  /// Gives back what is not used.
  void shrink() { resize(size_ + 16); }

private:
  struct Free {
    void operator()(u8* bytes) const { std::free(bytes); }
  };
  void grow(u64 size_bytes) {
    if (capacity_ < size_bytes + 16) {
      resize(std::max(size_bytes + 16, capacity_ * 2));
    }
    std::memset(data() + size_, 0, std::min<u64>(size_bytes - size_, 16)); // padding
    size_ = size_bytes;
  }
  /// Large blocks are moved by changing the page table, not by copying; what is not written takes no memory.
  void resize(u64 capacity) {
    void* bytes = std::realloc(bytes_.release(), capacity);
    CHECK(bytes != nullptr); // as operator new without exceptions
    bytes_.reset(static_cast<u8*>(bytes));
    capacity_ = capacity;
  }
  std::unique_ptr<u8, Free> bytes_;
  u64 capacity_ = 0;
  u64 size_ = 0;
};

} // namespace petrel::ir
