// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cursor over bytes that knows its absolute offset in the file, so that every error can name it.
// LEB128 as core specification §5.2.2: at most ceil(N/7) bytes, unused bits of the last byte checked.
// Messages start with the specification test suite's wording.
#pragma once

#include <cstring>

#include "base/result.h"
#include "base/types.h"

namespace petrel {

class ByteReader {
public:
  /// Reads `bytes`, whose first byte lies at `base_offset` of the file.
  explicit ByteReader(Bytes bytes, u64 base_offset = 0)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()),
        base_offset_(base_offset) {}

  bool at_end() const { return at_ == end_; }
  usize remaining() const { return static_cast<usize>(end_ - at_); }
  /// Absolute offset of the next byte.
  u64 offset() const { return base_offset_ + static_cast<u64>(at_ - begin_); }
  const u8* position() const { return at_; }

  Result<u8> read_u8();
  /// The next byte without consuming it; empty at the end.
  std::optional<u8> peek() const { return at_ == end_ ? std::nullopt : std::optional<u8>(*at_); }
  Result<u32> read_u32_le();
  Result<u64> read_u64_le();
  Result<u32> read_var_u32();
  Result<u64> read_var_u64();
  Result<i32> read_var_s32();
  Result<i64> read_var_s33();
  Result<i64> read_var_s64();
  /// `size` raw bytes.
  Result<Bytes> read_bytes(usize size);
  /// A length-prefixed UTF-8 name (§5.2.4).
  Result<std::string_view> read_name();
  /// A vector's count, checked against `limit` and the bytes that remain (each element takes at least
  /// `min_element_bytes`), rule R4. `what` names the elements and the limit's flag in messages.
  Result<u32> read_count(u32 limit, usize min_element_bytes, const char* what);
  /// A reader over the next `size` bytes, which are skipped here.
  Result<ByteReader> read_sub(usize size);

  /// A malformed error at the current offset.
  std::unexpected<Error> malformed(std::string text) const {
    return fail_at(ErrorClass::malformed, offset(), std::move(text));
  }

private:
  template <typename T, u32 kBits, bool kSigned> Result<T> read_leb();

  const u8* begin_;
  const u8* at_;
  const u8* end_;
  u64 base_offset_;
};

} // namespace petrel
