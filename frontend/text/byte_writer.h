// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Appends the binary format's primitives (core specification §5.2) to a byte vector. Numbers take their
// shortest form, unless a `SizePlan` says otherwise: the annotation `@petrel.sizes` (docs/text-format.md)
// lists the sizes of the parts of variable length in the order in which they are written.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/types.h"

namespace petrel::text {

/// Sizes in bytes of the parts of variable length of one construct, in order; what it does not list has its
/// usual size.
class SizePlan {
public:
  SizePlan() = default;
  explicit SizePlan(std::vector<u8> sizes) : sizes_(std::move(sizes)) {}
  /// The size of the next part; 0: as usual.
  u32 next() { return at_ < sizes_.size() ? sizes_[at_++] : 0; }
  /// The size of the part after the next one.
  u32 second() const { return at_ + 1 < sizes_.size() ? sizes_[at_ + 1] : 0; }
  bool is_used_up() const { return at_ >= sizes_.size(); }

private:
  std::vector<u8> sizes_;
  usize at_ = 0;
};

/// A growing run of bytes. LEB128 numbers are written in their shortest form, or as the plan says.
class ByteWriter {
public:
  ByteWriter() = default;
  explicit ByteWriter(SizePlan* plan) : plan_(plan) {}

  /// Takes sizes from `plan` (null: all as usual) from now on; returns the plan before.
  SizePlan* follow(SizePlan* plan) { return std::exchange(plan_, plan); }
  SizePlan* plan() const { return plan_; }
  /// Takes the size of the next part, which the caller writes.
  u32 next_size() { return plan_ != nullptr ? plan_->next() : 0; }

  void write_u8(u8 byte) { bytes_.push_back(byte); }
  void write_var_u64(u64 value) { write_sized_u64(value, next_size()); }
  void write_var_u32(u32 value) { write_var_u64(value); }
  void write_var_s64(i64 value) { write_sized_s64(value, next_size()); }
  /// At least `size_bytes` long.
  void write_sized_u64(u64 value, u32 size_bytes) {
    for (u32 written = 1; value >= 0x80 || written < size_bytes; ++written) {
      bytes_.push_back(static_cast<u8>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<u8>(value));
  }
  void write_sized_s64(i64 value, u32 size_bytes) {
    for (u32 written = 1; value < -0x40 || value >= 0x40 || written < size_bytes; ++written) {
      bytes_.push_back(static_cast<u8>((value & 0x7f) | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<u8>(value & 0x7f));
  }
  /// `size_bytes` bytes of `value`, lowest first.
  void write_le(u64 value, u32 size_bytes) {
    for (u32 i = 0; i < size_bytes; ++i) {
      bytes_.push_back(static_cast<u8>(value >> (8 * i)));
    }
  }
  void write_bytes(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void write_name(std::string_view name) {
    write_var_u64(name.size());
    write_bytes(as_bytes(name));
  }

  usize size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  Bytes bytes() const { return bytes_; }
  Bytes bytes_from(usize offset) const { return Bytes(bytes_).subspan(offset); }
  void truncate(usize size) { bytes_.resize(size); }
  std::vector<u8> take() { return std::move(bytes_); }

private:
  std::vector<u8> bytes_;
  SizePlan* plan_ = nullptr;
};

/// Bytes that `value` takes as an unsigned LEB128 number.
constexpr u32 var_u64_size(u64 value) {
  u32 size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

} // namespace petrel::text
