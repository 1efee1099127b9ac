// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Transfer plans: how the values of one function type move from one place to another under the canonical
// ABI (CanonicalABI.md; "CABI" = definitions.py). Compiled once per (type, source end, destination end) by
// frontend/component/plan_builder.h into an array of words that lies in the component plan's image; executed
// by the interpreter in component/ and compiled by aot/. One plan moves either all parameters or the result.
//
// Ends. A plan has a source and a destination. Each is
//   guest, flat     core values in RawVal slots, counted from the first parameter (or the one result)
//   guest, memory   a tuple in the linear memory of the end's canonical options (more than 16 flat
//                   parameters, more than 1 flat result)
//   host,  memory   a tuple in host memory: the same layout with pointer size 8
// Only the top of a value can be flat: what a list or string points to is always memory.
//
// Host layout. Canonical ABI with 8-byte pointers, so plain C structs mirror it:
//   bool u8 · u8…s64, f32, f64 as in C · char = u32 · string = { const char* ptr; u64 size_bytes } (UTF-8)
//   list<T> = { T* ptr; u64 count } · map<K,V> = list<tuple<K,V>> · record, tuple = struct, natural alignment
//   flags u8/u16/u32 · enum = u8/u16/u32 discriminant (≤ 256, ≤ 65,536 cases) · variant, option, result =
//   { discriminant; payload at the greatest case alignment } · fixed-length list = array
//   own, borrow = u32 (what number it is, the executor decides: the rep, or the host's resource id)
// The parameters of a function are one struct (fields in order), the result is its type at offset 0.
//
// Slots. A slot is a RawVal used as 64 bits: i32 and f32 occupy the low 32 bits with zeros above. Writing
// a flat slot always writes all 64 bits, reading a 32-bit value takes the low 32: with this the `join` of
// variant cases (CABI `join`, `CoerceValueIter`) needs no operation of its own.
//
// Code. One op = one word {op, flags, aux} and operand words as drawn at each op. `S` and `D` are places in
// the source and the destination: a slot index when that side is flat here, else a byte offset from that
// side's current base. A jump target is a word index from the start of the plan's code. Ops are executed in
// order up to `end`; a block (case body, list body) is a run of ops that ends with its own `end`. Blocks
// nest at most 100 deep (the type depth limit), so a fixed stack serves.
//
//     31           16 15    10   9     8    7        0
//     +--------------+--------+-----+-----+----------+
//     |     aux      |   0    | D is| S is|    op    |
//     |              |        | mem | mem |          |
//     +--------------+--------+-----+-----+----------+
//
// The executor's duty, in CABI's order: before a plan, for a source in guest memory: take the pointer from
// slot 0 (parameters) or the core result (results), check alignment and bounds against the end's size; for
// a destination in guest memory: parameters = realloc of size/align of the end, result = the caller's
// out-pointer, its last flat parameter, checked before the first store. Guest bases are re-derived after
// every call of realloc. Everything read from guest memory is read once.
//
// INVARIANT(plan-code): `check_transfer_plan` holds for code that comes from a file: ops known, operands
// inside, targets forward and inside, slots below the end's count, places + width inside the end's size.
#pragma once

#include "base/types.h"
#include "ir/module.h"

namespace petrel::ir {

/// String encodings of the canonical options, by their binary code.
enum class StringEncoding : u8 { utf8 = 0, utf16 = 1, latin1_utf16 = 2 };

enum class EndKind : u8 { guest = 0, host = 1 };
enum class EndShape : u8 { flat = 0, memory = 1 };

/// One side of a plan. `size_bytes`, `align_bytes`: of the tuple, when shape is memory. `slot_count`: when
/// flat. `pointer_size`: of this side's memory, also when flat.
struct PlanEnd {
  EndKind kind = EndKind::guest;
  EndShape shape = EndShape::flat;
  u8 pointer_size = 4;
  StringEncoding encoding = StringEncoding::utf8;
  u32 size_bytes = 0;
  u32 align_bytes = 1;
  u32 slot_count = 0;
  u32 options =
      0xffffffff; ///< OptionsIdx (memory, realloc, instance) of a guest end; none for the host
  bool operator==(const PlanEnd&) const = default;
};

struct TransferPlan {
  PlanEnd src;
  PlanEnd dst;
  Array<u32> code;
};

enum class TransferOp : u8 {
  /// End of the plan or of a block.                                                                  [op]
  end,
  /// n bytes, memory to memory; integers and floats only, layouts are equal.                         [op] S D n
  copy,
  /// Integer of aux & 0xf bytes (1, 2, 4, 8), aux & 0x10: signed. Flat source: truncated to the width, extended
  /// when the destination is flat (to 32 bits below 8 bytes).                                        [op:width] S D
  int_,
  /// Non-zero becomes 1. One byte in memory, i32 flat.                                               [op] S D
  bool_,
  /// Traps for >= 0x110000 and surrogates. 4 bytes in memory.                                        [op] S D
  char_,
  /// Bits outside `mask` are dropped. aux = bytes in memory (1, 2, 4).                               [op:width] S D mask
  flags,
  /// Bits pass through; NaNs are made canonical in deterministic mode.                               [op] S D
  f32,
  f64,
  /// A discriminant without payloads; traps when >= count. aux = bytes in memory (1, 2, 4).          [op:width] S D count
  enum_,
  /// Variant, option, result. Reads the discriminant at S (aux = bytes in memory; i32 flat), traps when >= count,
  /// writes it at D. Flat D: first sets `zero_count` slots from `zero_first` to 0. Then runs the block of the
  /// case and continues at `next`. Places in the blocks are relative to the same bases.
  ///                                                  [op:width] S D next zero_first zero_count count target*count
  switch_,
  /// (pointer, length) at S: slots S, S+1 or S, S+pointer size; likewise D. From the source's encoding to
  /// the destination's, by CABI `store_string_into_range`.                                           [op] S D
  string,
  /// (pointer, count) as for string. Elements move from src_size strides to dst_size strides. aux = 1 +
  /// log2 alignment: bits 0-3 source, 4-7 destination. body = 0: the layouts are equal and contain only
  /// integers and floats, so count * src_size bytes are copied at once; else the block at `body` runs per element with
  /// both bases at the element. Continues at `next`.                              [op:aligns] S D src_size dst_size body next
  list,
  /// Fixed-length list in memory on both sides: the block that starts after the operands runs `count`
  /// times, bases S and D growing by the strides. Continues at `next`.            [op] S D count src_stride dst_stride next
  repeat,
  /// CABI lift_own / lower_own and lift_borrow / lower_borrow of a resource (ResourceIdx). 4 bytes.   [op] S D resource
  own,
  borrow,
  /// The readable end of a stream or future (DefTypeIdx of the stream or future). 4 bytes.            [op] S D type
  stream,
  future,
  /// [op] S D
  error_context,
};
constexpr u32 kTransferOpCount = static_cast<u32>(TransferOp::error_context) + 1;

constexpr u32 kTransferSrcMemory = 1u << 8;
constexpr u32 kTransferDstMemory = 1u << 9;

/// The first word of an op.
constexpr u32 encode_transfer_op(TransferOp op, bool src_memory, bool dst_memory, u32 aux = 0) {
  return static_cast<u32>(op) | (src_memory ? kTransferSrcMemory : 0) |
         (dst_memory ? kTransferDstMemory : 0) | aux << 16;
}
constexpr TransferOp transfer_op(u32 word) { return static_cast<TransferOp>(word & 0xff); }
constexpr bool transfer_src_memory(u32 word) { return (word & kTransferSrcMemory) != 0; }
constexpr bool transfer_dst_memory(u32 word) { return (word & kTransferDstMemory) != 0; }
constexpr u32 transfer_aux(u32 word) { return word >> 16; }

/// Fixed operand words after the op word (switch_: without the targets).
constexpr u32 transfer_operand_words(TransferOp op) {
  switch (op) {
  case TransferOp::end: return 0;
  case TransferOp::copy: return 3;
  case TransferOp::int_:
  case TransferOp::bool_:
  case TransferOp::char_:
  case TransferOp::f32:
  case TransferOp::f64:
  case TransferOp::string:
  case TransferOp::error_context: return 2;
  case TransferOp::flags:
  case TransferOp::enum_:
  case TransferOp::own:
  case TransferOp::borrow:
  case TransferOp::stream:
  case TransferOp::future: return 3;
  case TransferOp::switch_: return 6;
  case TransferOp::list: return 6;
  case TransferOp::repeat: return 6;
  }
  return 0;
}

/// Byte length of a list or string above this traps (CABI MAX_LIST_BYTE_LENGTH and MAX_STRING_BYTE_LENGTH).
constexpr u64 kMaxListBytes = (1ull << 28) - 1;
constexpr u32 kMaxTransferDepth = 100;

/// INVARIANT(plan-code), for images that come from a file; `resources` and `types` bound the operands of own, borrow, stream
/// and future. Blocks follow each other in order, so that the check is linear in the code.
bool check_transfer_plan(const TransferPlan& plan, std::span<const u32> code, u32 resources,
                         u32 types);

} // namespace petrel::ir
