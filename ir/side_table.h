// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The side table: what a structured instruction needs in order to be executed in place. The validator writes it in one
// pass over the body, the interpreter reads it. It is a sequence of u32 words, in the order of the instructions; the
// interpreter's pointer `stp` moves past an instruction's entry when control goes on behind it, and by the entry's dstp
// when a branch is taken. Instructions not named here have no entry. All distances are relative: the table
// may lie anywhere.
//
// `br`, `br_if`, `if` (its false edge), `else` (executed when the then branch falls into it: jumps over the else branch):
//
//     word 0   dpc    i32: byte address of the target minus address of this instruction's opcode
//     word 1   bits 0-7 desc, bits 8-31 dstp (i24): side table position at the target minus this entry's, in 8-byte units
//
//     desc 0        no operand moves
//     desc 1..254   the topmost `keep` = desc & 3 operands move down over `drop` = desc >> 2 others
//     desc 255      long form, four words: bits 8-31 of word 1 are keep (u24), word 2 = drop, word 3 = dstp (i32)
//
//     The long form is taken whenever keep > 3, drop > 63, or dstp does not fit 24 bits (rule R11); also where desc would be
//     255 by chance (keep 3, drop 63).
//
//     Targets: a branch to a `loop` goes to the first instruction *after* the loop's opcode and block type (nothing is
//     pending there); a branch to a `block` or `if` goes to its `end` opcode; a branch to the function's label goes to the
//     final `end`. `if`'s false edge goes to the instruction behind `else`, or, without one, to the `end` opcode. `else`
//     goes to the `end` opcode of its `if`.
//     Operand motion is omitted (desc 0) where the heights agree, and for the function's label, because `end` of a function
//     takes the topmost results anyway.
//
// `br_table`: n + 1 entries of two words, the default last; entry i lies at stp + 2 i.
//
//     word 0   dpc    as above, from the br_table opcode
//     word 1   desc and dstp as above, dstp from *this* entry; or desc 255: bits 8-31 (u24) lead to a record, which lies
//              that many 8-byte units behind this entry
//     record   four words: keep, drop, dstp (i32, from the record), 0. Records follow the last entry; equal ones are shared.
//
// `return_call`, `return_call_indirect`, `return_call_ref`: as the plain calls
// `call`:          word 0 = function index, word 1 = length of the whole instruction in bytes
// `call_indirect`, `call_ref`: word 0 = module type index, word 1 = length of the whole instruction
//
// `struct.get`, `struct.get_s`, `struct.get_u`, `struct.set`, `array.get`, `array.get_s`, `array.get_u`, `array.set`:
//     word 0 = gc_access_word (ir/gc_layout.h), word 1 = length of the whole instruction
// `try_table`, `rethrow`:  word 0 = length of the whole instruction; rethrow: word 1 = local that holds the exception
// `catch`, `catch_all`:    as `else`: executed when the block before falls into them
// `br_on_cast`, `br_on_cast_fail`, `br_on_null`, `br_on_non_null`: as `br_if`
//
// `block` runs: where a `block` opcode that is not inside an already skipped run starts eight bytes 02 40 02 40 02 40 02 40, an
//     entry exists: word 0 = length in bytes of the whole run of consecutive `02 40` from here, word 1 = 0. The blocks
//     behind it in the run have no entry and are never executed.
//
// After `end` (of the function), `return`, `br` and `unreachable` the position is given by the taken edge only.
// Unreachable instructions have entries too (their dpc and dstp must be right where a later label makes them known, and are
// never read), so that building needs no exception; both sides count the same.
#pragma once

#include "base/types.h"

namespace petrel::ir {

constexpr u32 kBranchDescMask = 0xff;
constexpr u32 kBranchDescLong = 255;
/// Little-endian bytes at which a `block` has a run entry.
constexpr u64 kBlockRun = 0x4002400240024002;

/// A branch entry decoded.
struct BranchEntry {
  i32 dpc = 0;
  u32 keep = 0;
  u32 drop = 0;
  i32 dstp = 0; ///< in 8-byte units

  /// Entry of br, br_if, if, else; of br_table unless it is long.
  static BranchEntry read(const u32* entry) {
    const u32 desc = entry[1] & kBranchDescMask;
    if (desc == kBranchDescLong) {
      return {static_cast<i32>(entry[0]), entry[1] >> 8, entry[2], static_cast<i32>(entry[3])};
    }
    return {static_cast<i32>(entry[0]), desc & 3, desc >> 2, static_cast<i32>(entry[1]) >> 8};
  }
  /// Long entry of a br_table; dstp becomes relative to the entry.
  static BranchEntry read_table_long(const u32* entry) {
    const u32 distance = entry[1] >> 8;
    const u32* record = entry + u64{distance} * 2;
    return {static_cast<i32>(entry[0]), record[0], record[1],
            static_cast<i32>(distance) + static_cast<i32>(record[2])};
  }

  /// True when two words hold it.
  bool is_short() const {
    return keep <= 3 && drop <= 63 && (keep | drop << 2) != kBranchDescLong && dstp >= -(1 << 23) &&
           dstp < (1 << 23);
  }
  /// Second word of the short form.
  u32 short_word() const { return static_cast<u32>(dstp) << 8 | keep | drop << 2; }
};

/// Words that the entry of a br, br_if, if or else takes.
inline u32 branch_entry_words(const u32* entry) {
  return (entry[1] & kBranchDescMask) == kBranchDescLong ? 4 : 2;
}

} // namespace petrel::ir
