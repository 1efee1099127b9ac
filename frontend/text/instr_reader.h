// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One instruction at a time from its bytes, by its row of the opcode table: for printing and for questions that need no
// types (where do instructions begin?). Unlike the decoder of bodies (frontend/body_decoder.h) it checks nothing but that
// the bytes are there, and notes the sizes of parts.
#pragma once

#include <vector>

#include "frontend/text/part_reader.h"
#include "ir/opcodes.h"

namespace petrel::text {

/// A clause of try_table.
struct RawCatch {
  u8 code;
  u32 tag; ///< codes 0 and 1
  u32 label;
};
/// Its keyword, and whether it names a tag, by code.
struct CatchWord {
  std::string_view keyword;
  bool has_tag;
};
constexpr CatchWord kCatchWords[] = {
    {"catch", true}, {"catch_ref", true}, {"catch_all", false}, {"catch_all_ref", false}};

/// An instruction's immediates; which ones hold something follows from its row (ir::Imm).
struct RawInstr {
  ir::Op op = ir::Op::Nop;
  u64 offset = 0; ///< in the file
  Bytes bytes;
  u32 index = 0;  ///< first index in binary order; memory accesses: the memory
  u32 index2 = 0; ///< second one
  u64 bits = 0;   ///< constants; memory accesses: the offset; br_on_cast: the flags
  u32 align_log2 = 0;
  u8 lane = 0;
  Bytes raw; ///< v128.const, i8x16.shuffle: sixteen
  HeapType heap;
  HeapType heap2;
  RawBlockType block;
  std::vector<u32> labels;       ///< br_table: the default last
  std::vector<RawCatch> clauses; ///< try_table
  std::vector<ValType> types;    ///< select
};

/// Reads the instruction at `r`, whose parts begin anew. Errors: malformed ("illegal opcode").
Status read_instr(PartReader& r, RawInstr& out);

/// Does it open a block that an `end` (or `delegate`) closes?
bool opens_block(ir::Op op);

} // namespace petrel::text
