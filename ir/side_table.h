// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The side table: what a structured instruction needs in order to be executed in place. The validator writes it in one
// pass over the body, the interpreter reads it. It is a sequence of u32 words, in the order of the instructions; the
// interpreter's pointer `stp` moves past an instruction's entry when control goes on behind it, and by the entry's dstp
// when a branch is taken. Instructions not named here have no entry. All distances are relative: the table
// may lie anywhere.
//
// Branch: `br`, `br_if`, `if` (its false edge), `else` (executed when the then branch falls into it: jumps over the else
// branch), `br_on_…`, legacy `catch` and `catch_all` (as `else`). One word:
//
//     bits 31-16   dpc    i16: byte address of the target minus address of this instruction's opcode
//     bits 15-2    dstp   i14: side table position at the target minus this entry's, in words (so bits 15-0 are bytes)
//     bits 1-0     0: no operand moves, and both distances fit
//                  1: far. Bits 31-2 (u30): the entry's record lies that many words behind it
//
//     record   four words: dpc (i32), keep, drop, dstp (i32, in words, from the record). The topmost `keep` operands move
//              down over `drop` others. Records lie behind all entries of the function; equal ones may be shared.
//
//     Targets: a branch to a `loop` goes to the first instruction *after* the loop's opcode and block type (nothing is
//     pending there); a branch to a `block` or `if` goes to its `end` opcode; a branch to the function's label goes to the
//     final `end`. `if`'s false edge goes to the instruction behind `else`, or, without one, to the `end` opcode. `else`
//     goes to the `end` opcode of its `if`.
//     No operands move where the heights agree, nor for the function's label, because `end` of a function
//     takes the topmost results anyway.
//
// `br_table`: n + 1 branch entries, the default last; dpc from the br_table opcode, dstp from the entry itself.
//
// Call: `call`, `return_call`: a word with the function index in bits 27-0 and the length of the whole instruction in bits 31-28.
// `call_indirect`, `call_ref`, `return_call_indirect`, `return_call_ref`: likewise with the module's type index.
//
// `struct.get`, `struct.get_s`, `struct.get_u`, `struct.set`, `array.get`, `array.get_s`, `array.get_u`, `array.set`:
//     two words: gc_access_word (ir/gc_layout.h), length of the whole instruction
// `try_table`, `rethrow`: two words: length of the whole instruction; rethrow: local that holds the exception
//
// `block` runs: where a `block` opcode that is not inside an already skipped run starts eight bytes 02 40 02 40 02 40 02 40, an
//     entry exists, one word: length in bytes of the whole run of consecutive `02 40` from here. The blocks
//     behind it in the run have no entry and are never executed.
//
// After `end` (of the function), `return`, `br` and `unreachable` the position is given by the taken edge only.
// Unreachable instructions have entries too (their dpc and dstp must be right where a later label makes them known, and are
// never read), so that building needs no exception; both sides count the same.
#pragma once

#include "base/types.h"

namespace petrel::ir {

/// The bits of a branch entry that tell its form.
constexpr u32 kBranchFormMask = 3;
constexpr u32 kBranchFar = 1;
constexpr u32 kBranchRecordWords = 4;
/// Little-endian bytes at which a `block` has a run entry.
constexpr u64 kBlockRun = 0x4002400240024002;

/// A branch entry decoded.
struct BranchEntry {
  i32 dpc = 0;
  u32 keep = 0;
  u32 drop = 0;
  i32 dstp = 0; ///< in words, from the entry

  static BranchEntry read(const u32* entry) {
    if (!is_far(entry)) {
      return {static_cast<i16>(*entry >> 16), 0, 0, static_cast<i16>(*entry) / 4};
    }
    const u32* record = record_of(entry);
    return {static_cast<i32>(record[0]), record[1], record[2],
            static_cast<i32>(record[3]) + static_cast<i32>(record - entry)};
  }
  static bool is_far(const u32* entry) { return (*entry & kBranchFormMask) != 0; }
  /// The record of a far entry.
  static const u32* record_of(const u32* entry) { return entry + (*entry >> 2); }

  /// True when the word holds it.
  bool is_near() const {
    return keep == 0 && drop == 0 && dpc == static_cast<i16>(dpc) && dstp >= -(1 << 13) &&
           dstp < (1 << 13);
  }
  u32 near_word() const {
    return static_cast<u32>(dpc) << 16 | static_cast<u16>(static_cast<u32>(dstp) << 2);
  }
  /// The entry whose record lies `distance_words` behind it.
  static constexpr u32 far_word(u32 distance_words) { return distance_words << 2 | kBranchFar; }
};

/// Entries of calls.
constexpr u32 kMaxCallIndex = (1u << 28) - 1;
constexpr u32 call_word(u32 index, u32 length) { return index | length << 28; }
constexpr u32 call_index(u32 word) { return word & kMaxCallIndex; }
constexpr u32 call_length(u32 word) { return word >> 28; }

} // namespace petrel::ir
