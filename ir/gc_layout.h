// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How objects lie in a Store's GC heap, as interpreter, compiled code and collector agree. A reference is a 32-bit
// offset from the heap's base; objects are 8-aligned, 0 is null, an odd value is an i31 (value << 1 | 1).
//
//     +0  u32 type     kind << 28 | canonical type id (exceptions, host values: index, 0)
//     +4  u32 length   arrays: elements; exceptions: payload slots; else 0
//     +8  struct       fields in order, each naturally aligned (v128: 8), so that a supertype's fields are a prefix
//         array        elements without gaps
//         exception    u64 tag index (of the Store), then one 16-byte slot per parameter of the tag
//         host value   u64 the embedder's value
//
// A reference field or element is 4 bytes: an offset or i31, or, when its type is below func, an index into the Store's
// list of functions (0 = null): no host pointer lies in the heap. Packed fields take their 1 or 2 bytes.
//
// Canonical ids of a process are dense and never reused; the registry refuses more than kGcTypeIdMask of them.
#pragma once

#include <span>

#include "ir/types.h"

namespace petrel::ir {

enum class GcKind : u8 { none = 0, struct_ = 1, array = 2, exception = 3, host = 4 };

constexpr u32 kGcKindShift = 28;
constexpr u32 kGcTypeIdMask = (u32{1} << kGcKindShift) - 1;
constexpr u32 kGcHeaderSize = 8;
constexpr u32 kGcAlignment = 8;

struct GcHeader {
  u32 type;
  u32 length;
  GcKind kind() const { return static_cast<GcKind>(type >> kGcKindShift); }
  u32 type_id() const { return type & kGcTypeIdMask; }
};
static_assert(sizeof(GcHeader) == kGcHeaderSize);

/// First word of an object of a canonical struct or array type.
constexpr u32 gc_type_word(GcKind kind, u64 type_id) {
  return static_cast<u32>(kind) << kGcKindShift | static_cast<u32>(type_id);
}

constexpr bool is_i31(u64 reference) { return (reference & 1) != 0; }

/// Bytes that a field or element of a storage type takes, as a power of two.
constexpr u32 gc_size_log2(ValType storage) {
  switch (storage.kind()) {
  case ValKind::i8: return 0;
  case ValKind::i16: return 1;
  case ValKind::i32:
  case ValKind::f32:
  case ValKind::ref:
  case ValKind::ref_null: return 2;
  case ValKind::i64:
  case ValKind::f64: return 3;
  case ValKind::v128: return 4;
  case ValKind::bot: break;
  }
  return 0;
}

/// Where the next field of a struct lies; `end` (at first kGcHeaderSize) moves behind it.
constexpr u32 gc_place_field(u32& end, ValType storage) {
  const u32 size = u32{1} << gc_size_log2(storage);
  const u32 alignment = size < kGcAlignment ? size : kGcAlignment;
  const u32 offset = (end + alignment - 1) & ~(alignment - 1);
  end = offset + size;
  return offset;
}

/// How a field or element is read and written.
enum class GcStorage : u8 { i8, i16, w32, w64, v128, ref, func };

constexpr GcStorage gc_storage(ValType storage, bool is_func_ref) {
  switch (storage.kind()) {
  case ValKind::i8: return GcStorage::i8;
  case ValKind::i16: return GcStorage::i16;
  case ValKind::i64:
  case ValKind::f64: return GcStorage::w64;
  case ValKind::v128: return GcStorage::v128;
  case ValKind::ref:
  case ValKind::ref_null: return is_func_ref ? GcStorage::func : GcStorage::ref;
  case ValKind::i32:
  case ValKind::f32:
  case ValKind::bot: break;
  }
  return GcStorage::w32;
}

/// Word 0 of the side table entry of struct.get*/set and array.get*/set: offset (of the first element) in the low 24 bits
/// (at most 10,000 fields of 16 bytes), storage above. Word 1 is the instruction's length.
constexpr u32 gc_access_word(u32 offset, GcStorage storage) {
  return offset | static_cast<u32>(storage) << 24;
}
constexpr u32 gc_access_offset(u32 word) { return word & 0xffffff; }
constexpr GcStorage gc_access_storage(u32 word) { return static_cast<GcStorage>(word >> 24); }

/// What allocation and collector know of a struct or array type.
struct GcTypeLayout {
  GcKind kind = GcKind::none;
  u8 element_log2 = 0;           ///< arrays: bytes of an element
  bool has_ref_elements = false; ///< arrays: elements are offsets or i31
  u32 size_bytes = 0;            ///< structs: header included, a multiple of 8
  std::span<const u32> ref_offsets =
      {}; ///< structs: fields that are offsets or i31, from the object's start
};

} // namespace petrel::ir
