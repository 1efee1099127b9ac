// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One decoded instruction, as visitors of the body decoder see it. Which fields hold something follows from the row's
// immediates (ir::Imm).
#pragma once

#include <span>

#include "ir/module.h"
#include "ir/opcodes.h"

namespace petrel::frontend {

/// Parameter and result types of a block.
struct BlockSig {
  std::span<const ValType> params;
  std::span<const ValType> results;
};

namespace detail {
/// A u32 LEB128 that was checked before.
inline u32 read_checked_u32(const u8*& at) {
  u32 value = *at++;
  if (value >= 0x80) {
    value &= 0x7f;
    u8 byte = 0;
    u32 shift = 7;
    do {
      byte = *at++;
      value |= static_cast<u32>(byte & 0x7f) << shift;
      shift += 7;
    } while ((byte & 0x80) != 0);
  }
  return value;
}
} // namespace detail

/// The labels of a br_table, still as LEB128 in the bytes: `count` of them, then the default.
class BranchTable {
public:
  BranchTable() = default;
  BranchTable(const u8* at, u32 count) : at_(at), count_(count) {}
  /// Labels without the default.
  u32 count() const { return count_; }
  /// Calls `f(depth)` for every label, the default last. The bytes were checked when they were read.
  template <typename F> void for_each(F f) const {
    const u8* at = at_;
    for (u64 i = 0; i <= count_; ++i) {
      f(detail::read_checked_u32(at));
    }
  }

private:
  const u8* at_ = nullptr;
  u32 count_ = 0;
};

/// A clause of try_table (§5.4.1), by its code in the binary format.
struct CatchClause {
  ir::HandlerKind kind = ir::HandlerKind::catch_; ///< never `delegate`
  TagIdx tag;                                     ///< catch, catch_ref
  u32 label = 0;                                  ///< counted from outside the try_table

  bool has_tag() const {
    return kind == ir::HandlerKind::catch_ || kind == ir::HandlerKind::catch_ref;
  }
  bool has_ref() const {
    return kind == ir::HandlerKind::catch_ref || kind == ir::HandlerKind::catch_all_ref;
  }
};

/// The clauses of a try_table, still in the bytes.
class CatchClauses {
public:
  CatchClauses() = default;
  CatchClauses(const u8* at, u32 count) : at_(at), count_(count) {}
  u32 count() const { return count_; }
  /// Calls `f(clause)` for each in order. The bytes were checked when they were read.
  template <typename F> void for_each(F f) const {
    const u8* at = at_;
    for (u32 i = 0; i < count_; ++i) {
      CatchClause clause;
      clause.kind = static_cast<ir::HandlerKind>(*at++);
      if (clause.has_tag()) {
        clause.tag = TagIdx(detail::read_checked_u32(at));
      }
      clause.label = detail::read_checked_u32(at);
      f(clause);
    }
  }

private:
  const u8* at_ = nullptr;
  u32 count_ = 0;
};

struct Instr {
  const u8* at = nullptr; ///< the opcode
  u32 offset = 0;         ///< its file offset
  u32 size_bytes = 0;     ///< of the whole instruction
  /// First index immediate in binary order, by kind: label depth (delegate's counts from outside its try), function,
  /// type, table, local, global, memory, element, data, tag; memory accesses: the memory; br_table: the default label.
  u32 index = 0;
  u32 index2 = 0;            ///< second one; try_table: number of clauses
  u32 align_log2 = 0;        ///< memory accesses
  u64 bits = 0;              ///< constants (i32, f32 zero-extended); memory accesses: the offset
  u8 lane = 0;               ///< lane instructions
  const u8* bytes = nullptr; ///< v128.const, i8x16.shuffle: sixteen; try_table: the clauses
  HeapType heap;             ///< ref.null, ref.test, ref.cast; br_on_cast: the source
  HeapType heap2;            ///< br_on_cast: the target; its flags are `bits`
  u32 gc_access = 0;         ///< struct.get and its like (Validate only): ir::gc_access_word
  ValType select_type;       ///< select with a type
  BranchTable labels;        ///< br_table

  /// Of a try_table.
  CatchClauses catches() const { return {bytes, index2}; }
};

} // namespace petrel::frontend
