// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The types of core WebAssembly (specification §2.3) in the form that flat images hold: a value type is
// one u32, a reference's heap type rides in its upper bits. Also the untyped 16-byte slot that values
// take on stacks, in argument arrays and in globals.
#pragma once

#include <string>

#include "base/id.h"
#include "base/types.h"

namespace petrel {

using TypeIdx = Id<struct TypeTag>;
using FuncIdx = Id<struct FuncTag>;
using TableIdx = Id<struct TableTag>;
using MemIdx = Id<struct MemTag>;
using GlobalIdx = Id<struct GlobalTag>;
using TagIdx = Id<struct TagTag>;
using ElemIdx = Id<struct ElemTag>;
using DataIdx = Id<struct DataTag>;
using LocalIdx = Id<struct LocalTag>;

/// Abstract heap types with their binary codes (§5.3.3), as unsigned 7-bit forms.
enum class AbsHeapType : u8 {
  noexn = 0x74,
  nofunc = 0x73,
  noextern = 0x72,
  none = 0x71,
  func = 0x70,
  extern_ = 0x6f,
  any = 0x6e,
  eq = 0x6d,
  i31 = 0x6c,
  struct_ = 0x6b,
  array = 0x6a,
  exn = 0x69,
};

/// A heap type: abstract, or an index into the module's types. 24 bits:
/// values >= 0xffff00 are `0xffff00 | AbsHeapType`, others are type indices (limit 1,000,000 types).
class HeapType {
public:
  constexpr HeapType() = default;
  constexpr HeapType(AbsHeapType abs) : bits_(kAbsBase | static_cast<u32>(abs)) {}
  constexpr explicit HeapType(TypeIdx type) : bits_(type.index()) {}
  static constexpr HeapType from_bits(u32 bits) {
    HeapType type;
    type.bits_ = bits;
    return type;
  }
  constexpr bool is_abstract() const { return bits_ >= kAbsBase; }
  constexpr AbsHeapType abstract() const { return static_cast<AbsHeapType>(bits_ & 0xff); }
  constexpr TypeIdx type_idx() const { return TypeIdx(bits_); }
  constexpr u32 bits() const { return bits_; }
  constexpr bool operator==(const HeapType&) const = default;

private:
  static constexpr u32 kAbsBase = 0xffff00;
  u32 bits_ = kAbsBase;
};

/// First byte of a value type's binary form (§5.3.4); `bot` is the validator's unknown type.
enum class ValKind : u8 {
  bot = 0x00,
  i32 = 0x7f,
  i64 = 0x7e,
  f32 = 0x7d,
  f64 = 0x7c,
  v128 = 0x7b,
  ref_null = 0x63, ///< (ref null ht)
  ref = 0x64,      ///< (ref ht)
  i8 = 0x78,       ///< storage types of fields only
  i16 = 0x77,
};

/// A value (or storage) type: bits 0-7 ValKind, bits 8-31 heap type for references, else 0.
class ValType {
public:
  constexpr ValType() = default;
  constexpr ValType(ValKind kind) : bits_(static_cast<u32>(kind)) {}
  static constexpr ValType ref(HeapType heap, bool nullable) {
    ValType type(nullable ? ValKind::ref_null : ValKind::ref);
    type.bits_ |= heap.bits() << 8;
    return type;
  }
  static constexpr ValType funcref() { return ref(AbsHeapType::func, true); }
  static constexpr ValType externref() { return ref(AbsHeapType::extern_, true); }

  constexpr ValKind kind() const { return static_cast<ValKind>(bits_ & 0xff); }
  constexpr bool is_ref() const { return kind() == ValKind::ref || kind() == ValKind::ref_null; }
  constexpr bool is_nullable() const { return kind() == ValKind::ref_null; }
  constexpr bool is_num() const {
    return kind() == ValKind::i32 || kind() == ValKind::i64 || kind() == ValKind::f32 ||
           kind() == ValKind::f64;
  }
  constexpr bool is_defaultable() const { return kind() != ValKind::ref; }
  constexpr HeapType heap() const { return HeapType::from_bits(bits_ >> 8); }
  constexpr u32 bits() const { return bits_; }
  constexpr bool operator==(const ValType&) const = default;

private:
  u32 bits_ = 0;
};
static_assert(sizeof(ValType) == 4);

/// `i32`, `funcref`, `(ref null 3)`, … as the text format writes them.
std::string to_string(ValType type);

/// An untyped 16-byte slot. i32 and f32 lie in the low 4 bytes (i32 zero-extended to 8), references in
/// the low 8: null is 0, a funcref is a `FuncRef*`, others are 32-bit values of the Store's GC space.
union alignas(16) RawVal {
  u64 bits[2];
  u8 bytes[16];
  u32 i32;
  u64 i64;
  float f32;
  double f64;
  void* ref;

  static RawVal of_i32(u32 value) { return RawVal{.bits = {value, 0}}; }
  static RawVal of_i64(u64 value) { return RawVal{.bits = {value, 0}}; }
};
static_assert(sizeof(RawVal) == 16);

/// Bounds of a memory (pages) or table (elements), §2.3.12. Sizes are u64 for memory64 and table64.
struct Limits {
  u64 min = 0;
  u64 max = 0; ///< meaningful when has_max
  u8 has_max = 0;
  u8 is_64 = 0; ///< address type i64
  u8 is_shared = 0;
  u8 page_size_log2 = 16; ///< memories only; 0 with custom page sizes
  u32 pad = 0;
  bool operator==(const Limits&) const = default;
};

} // namespace petrel
