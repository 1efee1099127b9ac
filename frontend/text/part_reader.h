// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the binary format for the printer and notes the sizes of the parts that may be longer than they need to be, in
// the order in which the encoder writes them (byte_writer.h, docs/text-format.md "Sizes of parts"). Types are read here
// too, since `(ref null func)` has a short and a long form. Nothing is validated: what decodes can be printed.
#pragma once

#include <vector>

#include "base/byte_reader.h"
#include "frontend/text/byte_writer.h"
#include "ir/types.h"

namespace petrel::text {

/// A block's type (§5.4.1).
struct RawBlockType {
  enum class Kind : u8 { empty, value, index };
  Kind kind = Kind::empty;
  ValType value;
  u32 index = 0;
};

/// Limits as written.
struct RawLimits {
  Limits limits;
  bool has_page_size = false;
};

class PartReader {
public:
  explicit PartReader(Bytes bytes, u64 base_offset = 0) : r_(bytes, base_offset) {}
  explicit PartReader(const ByteReader& reader) : r_(reader) {}

  ByteReader& bytes() { return r_; }
  u64 offset() const { return r_.offset(); }
  bool at_end() const { return r_.at_end(); }

  // Parts. Errors: malformed.
  Result<u32> var_u32();
  Result<u64> var_u64();
  Result<i32> var_s32();
  Result<i64> var_s33();
  Result<i64> var_s64();
  /// A length (a part) and UTF-8.
  Result<std::string_view> name();
  Result<ValType> val_type();
  Result<ValType> storage_type();
  Result<ValType> ref_type();
  Result<HeapType> heap_type();
  Result<RawBlockType> block_type();
  Result<RawLimits> limits(bool is_memory);

  /// Notes a part by its size and the size that it usually has.
  void note(u64 size_bytes, u32 usual);
  void note_none() { note(0, 0); }
  /// Forgets the parts so far.
  void begin();
  /// Did a part since `begin` have an unusual size?
  bool is_unusual() const { return unusual_end_ != 0; }
  /// The sizes since `begin` up to the last unusual one.
  std::span<const u8> sizes() const { return {sizes_.data(), unusual_end_}; }

private:
  Result<HeapType> heap_of_code(i64 code, u64 at) const;

  ByteReader r_;
  std::vector<u8> sizes_;
  usize unusual_end_ = 0;
};

/// Bytes that `value` takes as a signed LEB128 number.
u32 var_s64_size(i64 value);

} // namespace petrel::text
