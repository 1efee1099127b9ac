// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exception handlers of a function: what `throw`, `throw_ref`, `rethrow` and calls that end in an exception look through.
// The validator writes the table, the interpreter reads it; entering a protected block costs nothing.
//
// A handler protects the instructions whose opcode lies at a file offset in [start, end): a caller's frame is looked up with
// the place of its call. The handlers of a function are sorted by `end`, those of one block in the order of its clauses: so
// the first one that protects an instruction and takes the exception is the innermost.
//
//     try_table     one handler per catch clause, over its body; the target is the clause's label
//     try           (legacy) one handler per catch and catch_all, over the part before the first of them; the target is the
//                   instruction behind that opcode, and the exception itself goes to `exception_local`, for rethrow
//     try delegate  (legacy) one handler of kind `delegate`
//
// Taking a handler: the operand stack of the frame is cut to `height` slots; the exception's values follow when the kind
// says so (`catch_`, `catch_ref`), then its reference (`catch_ref`, `catch_all_ref`); execution goes on at `target`.
// `delegate` takes nothing: the search goes on in the same function as if the instruction at `target` had thrown, or in the
// caller when `target` is 0. (`target` is where the body of the named label starts, which protects exactly that far.)
//
// The locals named by `exception_local` are added behind the declared ones, one per nesting level of legacy catches; no
// instruction of the guest can name them.
#pragma once

#include "ir/types.h"

namespace petrel::ir {

enum class HandlerKind : u32 { catch_, catch_ref, catch_all, catch_all_ref, delegate };

struct Handler {
  static constexpr u32 kNoLocal = 0xffffffff;

  u32 start = 0; ///< file offset of the first protected instruction
  u32 end = 0;   ///< file offset behind the protected instructions
  HandlerKind kind = HandlerKind::catch_;
  u32 clause = 0;          ///< number among the handlers of its block
  TagIdx tag;              ///< catch_, catch_ref
  u32 height = 0;          ///< operands below what is pushed
  u32 target = 0;          ///< file offset where execution goes on
  u32 target_position = 0; ///< side table word there, from the function's first
  u32 exception_local = kNoLocal;
};

} // namespace petrel::ir
