// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Throwing and unwinding (specification §4.6.8), out of line. An exception becomes pending in the Store and leaves one
// frame after the other: `unwind` looks through the handler tables (ir/handler_table.h) of this activation's frames. If none takes
// it, the activation ends with false, as with a trap; the host function that had called it returns false too,
// and the search goes on in the activation below, from the call of that host function.
#pragma once

#include "interp/func.h"

namespace petrel::interp {

/// Where execution goes on after an exception was caught: the registers. `func` null: it was not.
struct Landing {
  const u8* pc;
  const u32* stp;
  Slot* fp;
  Slot* sp;
  const Func* func;
};

/// `throw`: makes an exception of the module's tag at `tag_at` with the topmost operands pending, or a trap.
void throw_tag(ir::VMContext* ctx, const u8* tag_at, const Slot* sp);
/// Makes an exception that exists pending.
void throw_again(ir::VMContext* ctx, u64 exception);

/// What is pending leaves the instruction at `pc`: a trap or exit, the activation; an exception, up to the innermost handler
/// that takes it. `is_tail`: the instruction is a tail call, whose frame counts as gone. Frames are recorded unless caught.
Landing unwind(const u8* pc, const Slot* fp, const Func* func, bool is_tail);

} // namespace petrel::interp
