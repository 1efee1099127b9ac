// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Appends the binary format's primitives (core specification §5.2) to a byte vector.
#pragma once

#include <string_view>
#include <vector>

#include "base/types.h"

namespace petrel::text {

/// A growing run of bytes. LEB128 numbers are written in their shortest form.
class ByteWriter {
public:
  void write_u8(u8 byte) { bytes_.push_back(byte); }
  void write_var_u64(u64 value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<u8>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<u8>(value));
  }
  void write_var_u32(u32 value) { write_var_u64(value); }
  void write_var_s64(i64 value) {
    while (value < -0x40 || value >= 0x40) {
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
