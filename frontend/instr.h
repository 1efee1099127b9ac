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
      u32 depth = *at++;
      if (depth >= 0x80) {
        depth &= 0x7f;
        u8 byte = 0;
        u32 shift = 7;
        do {
          byte = *at++;
          depth |= static_cast<u32>(byte & 0x7f) << shift;
          shift += 7;
        } while ((byte & 0x80) != 0);
      }
      f(depth);
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
  /// First index immediate in binary order, by kind: label depth, function, type, table, local, global, memory, element,
  /// data, tag; memory accesses: the memory; br_table: the default label.
  u32 index = 0;
  u32 index2 = 0;            ///< second one
  u32 align_log2 = 0;        ///< memory accesses
  u64 bits = 0;              ///< constants (i32, f32 zero-extended); memory accesses: the offset
  u8 lane = 0;               ///< lane instructions
  const u8* bytes = nullptr; ///< v128.const, i8x16.shuffle: sixteen
  HeapType heap;             ///< ref.null, ref.test, ref.cast; br_on_cast: the source
  HeapType heap2;            ///< br_on_cast: the target; its flags are `bits`
  u32 gc_access = 0;         ///< struct.get and its like (Validate only): ir::gc_access_word
  ValType select_type;       ///< select with a type
  BranchTable labels;        ///< br_table
};

} // namespace petrel::frontend
