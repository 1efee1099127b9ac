// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the exception instructions, standard and legacy (specification §4.6.8). Blocks with handlers cost what other
// blocks cost; what throws goes out of line (interp/exceptions.h). Included by dispatch.cpp only.
#pragma once

#include "interp/control_handlers.h"

namespace petrel::interp {
namespace {

// --- Throwing --------------------------------------------------------------------------------------------

/// A loop of throw and catch may have no other poll. Operands are in memory.
#define PETREL_POLL_BEFORE_THROW                                                                   \
  do {                                                                                             \
    ctx->store->value_stack_top = sp;                                                              \
    if (is_interrupted(ctx) && !poll(pc, fp, func)) {                                              \
      PETREL_LEAVE(false);                                                                         \
    }                                                                                              \
  } while (false)

PETREL_HANDLER(throw_any) {
  PETREL_ENTER;
  PETREL_POLL_BEFORE_THROW;
  throw_tag(ctx, pc + 1, sp);
  PETREL_GOTO(unwind_pending<false>);
}

template <u32 S> PETREL_HANDLER(op_throw_) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  PETREL_GOTO(throw_any);
}

/// Throws the exception in `a`, which lies in the frame too.
PETREL_HANDLER(throw_again_any) {
  PETREL_ENTER;
  const u64 exception = a;
  PETREL_POLL_BEFORE_THROW;
  throw_again(ctx, exception);
  PETREL_GOTO(unwind_pending<false>);
}

template <u32 S> PETREL_HANDLER(op_throw_ref) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  a = sp[-1].bits[0];
  if (a == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_exception_reference>);
  }
  PETREL_GOTO(throw_again_any);
}

template <u32 S> PETREL_HANDLER(op_rethrow) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  a = fp[stp[1]].bits[0];
  PETREL_GOTO(throw_again_any);
}

// --- Blocks ----------------------------------------------------------------------------------------------

template <u32 S> PETREL_HANDLER(op_try_table) {
  PETREL_ENTER;
  pc += stp[0];
  stp += 2;
  PETREL_NEXT(S);
}

template <u32 S> PETREL_HANDLER(op_try_) {
  PETREL_ENTER;
  PETREL_GOTO(block_slow<S>);
}

/// Executed when the part before falls into it.
template <u32 S> PETREL_HANDLER(op_catch_) {
  PETREL_ENTER;
  PETREL_BRANCH(S);
}

template <u32 S> PETREL_HANDLER(op_catch_all) {
  PETREL_ENTER;
  PETREL_BRANCH(S);
}

/// The end of its block.
template <u32 S> PETREL_HANDLER(op_delegate) {
  PETREL_ENTER;
  ++pc;
  skip_leb(pc);
  PETREL_NEXT(S);
}

} // namespace
} // namespace petrel::interp
