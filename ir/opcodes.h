// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction table of ir/opcodes.def as types: `Op` numbers the rows densely, `op_info` answers questions
// about one, and lookup tables lead from bytes and from names to it. Everything is constant data without
// pointers, so it costs the start of a program nothing (no relocations, no constructors).
// The order of Op is the order of the rows; it is not stable between versions and is never stored.
#pragma once

#include <array>
#include <string_view>

#include "base/types.h"
#include "ir/features.h"

namespace petrel::ir {

/// What follows an opcode in the binary format, in that order. Indices and counts are u32 LEB128.
enum class Imm : u8 {
  None,
  BlockType, ///< 0x40, a value type, or a type index as s33
  LabelIdx,
  BrTable, ///< vec(label) and the default label
  FuncIdx,
  TypeIdx,
  TypeTable, ///< call_indirect: type, table (text: table first)
  LocalIdx,
  GlobalIdx,
  TagIdx,
  TableIdx,
  TableTable, ///< table.copy: destination, source
  ElemTable,  ///< table.init: element segment, table (text: table first)
  ElemIdx,
  MemIdx,
  MemMem,  ///< memory.copy: destination, source
  DataMem, ///< memory.init: data segment, memory (text: memory first)
  DataIdx,
  MemArg, ///< alignment with bit 6 = a memory index follows, that index, offset (u32, or u64 for memory64)
  MemArgLane,  ///< MemArg, then one byte: lane
  AtomicFence, ///< one byte: 0
  I32Const,    ///< s32 LEB128
  I64Const,    ///< s64 LEB128
  F32Const,    ///< 4 bytes, little endian
  F64Const,    ///< 8 bytes
  V128Const,   ///< 16 bytes
  Lane,        ///< one byte
  Shuffle16,   ///< 16 bytes, each a lane < 32
  HeapType,    ///< s33
  SelectTypes, ///< vec(value type), validated to be exactly one
  StructField, ///< type, field
  TypeU32,     ///< array.new_fixed: type, element count
  TypeData,    ///< type, data segment
  TypeElem,    ///< type, element segment
  TypeType,    ///< array.copy: destination type, source type
  TryTable,    ///< block type, vec(catch clause)
  Cast, ///< br_on_cast: flags byte (bit 0: source nullable, bit 1: target nullable), label, two heap types
};

/// Groups whose members a consumer handles with one template or function.
enum class Family : u8 {
  Control, ///< unreachable, nop, block, loop, if, else, end
  Branch,  ///< br…, return
  Call,
  ReturnCall,
  Exception,
  LegacyException,
  Parametric, ///< drop, select
  Local,
  Global,
  Table,
  Load,
  Store,
  Memory, ///< size, grow, bulk operations, data.drop
  Const,
  Test,    ///< t -> i32: eqz
  Compare, ///< t t -> i32
  Unary,   ///< t -> t
  Binary,  ///< t t -> t
  DivRem,  ///< t t -> t, may trap
  Convert, ///< t -> u
  Trunc,   ///< float -> integer, may trap
  Wide,    ///< 128-bit arithmetic: two results
  Reference,
  Struct,
  Array,
  Cast,
  I31,
  SimdLoad,
  SimdLoadExtend,
  SimdLoadSplat,
  SimdLoadZero,
  SimdLoadLane,
  SimdStore,
  SimdStoreLane,
  SimdConst,
  SimdShuffle,
  SimdSplat,       ///< scalar -> v128
  SimdExtractLane, ///< v128 -> scalar
  SimdReplaceLane, ///< v128 scalar -> v128
  SimdUnary,
  SimdBinary,
  SimdTernary,
  SimdShift, ///< v128 i32 -> v128
  SimdTest,  ///< v128 -> i32: any_true, all_true, bitmask
  AtomicLoad,
  AtomicStore,
  AtomicRmw,
  AtomicCmpxchg,
  AtomicWait,
  AtomicNotify,
  AtomicFence,
};

/// Operation of an atomic read-modify-write.
enum class Rmw : u8 { None, Add, Sub, And, Or, Xor, Xchg, Cmpxchg };

/// Every instruction.
enum class Op : u16 {
#define PETREL_OP(Enum, snake, text, prefix, code, imm, params, results, feature, family) Enum,
#include "ir/opcodes.def"
  Invalid, ///< no instruction: the answer of failed lookups, never decoded
};
constexpr u32 kOpCount = static_cast<u32>(Op::Invalid);

/// Operand or result types, one character each as ir/opcodes.def explains; `*` alone: typed by the validator.
class Signature {
public:
  template <usize N> consteval Signature(const char (&text)[N]) : size_(N - 1) {
    static_assert(N - 1 <= kMax);
    for (usize i = 0; i + 1 < N; ++i) {
      types_[i] = text[i];
    }
  }
  constexpr std::string_view view() const { return {types_, size_}; }
  constexpr u32 size() const { return size_; }
  constexpr char operator[](u32 index) const { return types_[index]; }
  /// Typed by the validator: `size` says nothing.
  constexpr bool is_special() const { return types_[0] == '*'; }

private:
  static constexpr usize kMax = 5;
  char types_[kMax] = {};
  u8 size_;
};

/// One row. Its name is `op_name`.
struct OpInfo {
  u16 code;  ///< the byte, or the number after the prefix
  u8 prefix; ///< 0, 0xfb, 0xfc, 0xfd or 0xfe
  Imm imm;
  Feature feature; ///< instructions of a feature that is off are refused
  Family family;
  u8 access_bytes; ///< size of a memory access and its natural alignment; 0 = accesses no memory through a memarg
  u8 element_bytes; ///< of a vector load or store: size of one element; else equal to access_bytes
  bool is_sign_extend; ///< narrow loads
  u8 lanes; ///< vector instructions: lanes of the shape (memory lane accesses: of that element size), else 0
  Rmw rmw;
  Signature params;
  Signature results;

  /// log2 of the natural alignment: the greatest that a memarg may give.
  constexpr u32 natural_align_log2() const { return static_cast<u32>(__builtin_ctz(access_bytes)); }
};

namespace detail {

/// Lanes of the shapes that rows name.
enum ShapeLanes : u8 {
  i8x16 = 16,
  i16x8 = 8,
  i32x4 = 4,
  i64x2 = 2,
  f32x4 = 4,
  f64x2 = 2,
  v128 = 1
};

consteval OpInfo plain(u16 code, u8 prefix, Imm imm, Feature feature, Family family,
                       Signature params, Signature results) {
  return {code, prefix, imm, feature, family, 0, 0, false, 0, Rmw::None, params, results};
}
consteval OpInfo with_access(OpInfo info, usize access_bytes, usize element_bytes,
                             bool is_sign_extend) {
  info.access_bytes = static_cast<u8>(access_bytes);
  info.element_bytes = static_cast<u8>(element_bytes);
  info.is_sign_extend = is_sign_extend;
  return info;
}
consteval OpInfo with_lanes(OpInfo info, u8 lanes) {
  info.lanes = lanes;
  return info;
}
consteval OpInfo with_rmw(OpInfo info, Rmw rmw) {
  info.rmw = rmw;
  return info;
}
template <typename T>
constexpr bool kIsSignedInt = static_cast<T>(-1) < T{} && static_cast<T>(0.5) == T{};

} // namespace detail

inline constexpr OpInfo kOpInfos[kOpCount] = {
#define PETREL_OP(Enum, snake, text, prefix, code, imm, params, results, feature, family)          \
  detail::plain(code, prefix, Imm::imm, Feature::feature, Family::family, params, results),
#define PETREL_OP_ROW_(code, prefix, imm, feature, family, params, results)                        \
  detail::plain(code, prefix, Imm::imm, Feature::feature, Family::family, params, results)
#define PETREL_OP_LOAD(Enum, snake, text, prefix, code, params, results, feature, family, value,   \
                       memory)                                                                     \
  detail::with_access(PETREL_OP_ROW_(code, prefix, MemArg, feature, family, params, results),      \
                      sizeof(memory), sizeof(memory), detail::kIsSignedInt<memory>),
#define PETREL_OP_STORE PETREL_OP_LOAD
#define PETREL_OP_SIMD(Enum, snake, text, prefix, code, imm, params, results, feature, family,     \
                       shape)                                                                      \
  detail::with_lanes(PETREL_OP_ROW_(code, prefix, imm, feature, family, params, results),          \
                     detail::shape),
#define PETREL_OP_SIMD_MEMORY(Enum, snake, text, prefix, code, imm, params, results, feature,      \
                              family, memory, bytes)                                               \
  detail::with_lanes(                                                                              \
      detail::with_access(PETREL_OP_ROW_(code, prefix, imm, feature, family, params, results),     \
                          bytes, sizeof(memory), detail::kIsSignedInt<memory>),                    \
      static_cast<u8>(16 / sizeof(memory))),
#define PETREL_OP_ATOMIC(Enum, snake, text, prefix, code, params, results, feature, family, value, \
                         memory, rmw)                                                              \
  detail::with_rmw(                                                                                \
      detail::with_access(PETREL_OP_ROW_(code, prefix, MemArg, feature, family, params, results),  \
                          sizeof(memory), sizeof(memory), false),                                  \
      Rmw::rmw),
#include "ir/opcodes.def"
#undef PETREL_OP_ROW_
};

constexpr const OpInfo& op_info(Op op) { return kOpInfos[static_cast<u32>(op)]; }

/// Keyword of the text format.
std::string_view op_name(Op op);

/// The instruction of a keyword, Op::Invalid when there is none. `select`, `ref.test` and `ref.cast` answer their
/// first form (Select, RefTest, RefCast): what follows in the text decides between it and SelectT, RefTestNull, RefCastNull.
Op op_by_name(std::string_view name);

/// May the instruction trap by itself (division, truncation)? Memory and table accesses are not asked here.
constexpr bool is_trapping_numeric(Op op) {
  return op_info(op).family == Family::DivRem || op_info(op).family == Family::Trunc;
}

constexpr u8 kPrefixGc = 0xfb;
constexpr u8 kPrefixMisc = 0xfc;
constexpr u8 kPrefixSimd = 0xfd;
constexpr u8 kPrefixAtomic = 0xfe;

namespace detail {

consteval u32 code_limit(u8 prefix) {
  u32 limit = 0;
  for (const OpInfo& info : kOpInfos) {
    if (info.prefix == prefix && info.code >= limit) {
      limit = info.code + 1u;
    }
  }
  return limit;
}
template <u8 prefix> consteval auto ops_by_code() {
  std::array<Op, prefix == 0 ? 256 : code_limit(prefix)> ops{};
  ops.fill(Op::Invalid);
  for (u32 i = 0; i < kOpCount; ++i) {
    if (kOpInfos[i].prefix == prefix) {
      ops[kOpInfos[i].code] = static_cast<Op>(i);
    }
  }
  return ops;
}

} // namespace detail

/// Instructions by their code: one table per prefix, ending after its last instruction. Gaps hold Op::Invalid, as
/// do the prefix bytes themselves in the first.
inline constexpr auto kOpFromByte = detail::ops_by_code<0>();
inline constexpr auto kOpFromGcCode = detail::ops_by_code<kPrefixGc>();
inline constexpr auto kOpFromMiscCode = detail::ops_by_code<kPrefixMisc>();
inline constexpr auto kOpFromSimdCode = detail::ops_by_code<kPrefixSimd>();
inline constexpr auto kOpFromAtomicCode = detail::ops_by_code<kPrefixAtomic>();

/// Does a sub-opcode (u32 LEB128) follow this byte?
constexpr bool is_op_prefix(u8 byte) { return byte >= kPrefixGc && byte <= kPrefixAtomic; }

/// The instruction of a one-byte opcode, Op::Invalid when there is none.
constexpr Op op_from_byte(u8 byte) { return kOpFromByte[byte]; }

/// The instruction of a prefixed opcode (`is_op_prefix(prefix)`), Op::Invalid when there is none.
constexpr Op op_from_prefixed(u8 prefix, u32 code) {
  auto at = [code](const auto& ops) { return code < ops.size() ? ops[code] : Op::Invalid; };
  switch (prefix) {
  case kPrefixGc: return at(kOpFromGcCode);
  case kPrefixMisc: return at(kOpFromMiscCode);
  case kPrefixSimd: return at(kOpFromSimdCode);
  case kPrefixAtomic: return at(kOpFromAtomicCode);
  default: return Op::Invalid;
  }
}

} // namespace petrel::ir
