// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of typed function references (specification §4.6.2, §4.6.8): calls through them, branches on null. Also what
// tail calls have in common: the callee's frame replaces the caller's, whose header it keeps. Included by dispatch.cpp only.
#pragma once

#include "interp/control_handlers.h"
#include "ir/opcodes.h"

namespace petrel::interp {
namespace {

// --- Calls through a reference ---------------------------------------------------------------------------

/// call_ref of any function; the reference lies in the first free slot.
PETREL_HANDLER(call_ref_any) {
  PETREL_ENTER;
  const Arity arity = arity_of_type(ctx, ir::call_index(*stp));
  a = sp->i64;
  b = arity.params | u64{arity.results} << 32;
  PETREL_GOTO(call_ref_slow);
}

template <u32 S> PETREL_HANDLER(op_call_ref) {
  PETREL_ENTER;
  const u64 reference = pop<S>(sp, a, b);
  flush<popped(S)>(sp, a, b);
  if (reference == 0) [[unlikely]] {
    PETREL_FORGET_OPERANDS;
    PETREL_GOTO(trap<ir::TrapCode::null_function_reference>);
  }
  // SAFETY: validation makes it a FuncRef of this Store.
  const ir::FuncRef* const ref = reinterpret_cast<const ir::FuncRef*>(reference);
  sp->bits[0] = reference; // where call_ref_any looks for it
  const Func* const callee = ref->interp_func;
  if (ref->ctx != ctx || callee->kind != FuncKind::wasm || is_interrupted(ctx)) [[unlikely]] {
    PETREL_FORGET_OPERANDS;
    PETREL_GOTO(call_ref_any);
  }
  PETREL_PUSH_FRAME(callee);
}

// --- Tail calls ------------------------------------------------------------------------------------------

/// Replaces the frame by one of the Func in `a`, whose context is in `b`. Its arguments are the topmost operands.
PETREL_HANDLER(tail_call_func) {
  PETREL_ENTER;
  // SAFETY: set by the users below.
  Func* const callee = reinterpret_cast<Func*>(a);
  ir::VMContext* const callee_ctx = reinterpret_cast<ir::VMContext*>(b);
  ctx->store->value_stack_top = sp;
  if (is_interrupted(ctx) && !poll(pc, fp, func)) {
    PETREL_LEAVE(false);
  }
  if (callee->kind == FuncKind::unprepared && !prepare(callee_ctx, callee)) {
    PETREL_LEAVE(false);
  }
  Slot* const operands = replace_frame(fp, sp, func, callee);
  if (operands == nullptr) {
    PETREL_GOTO(trap<ir::TrapCode::call_stack_exhausted>);
  }
  sp = operands;
  ctx = callee_ctx;
  mem0 = callee_ctx->mem0_base;
  disp = static_cast<const Entry*>(callee_ctx->interp_dispatch);
  func = callee;
  stp = callee->stp;
  pc = callee->code;
  PETREL_NEXT(0);
}

/// A tail call of the function behind the FuncRef in `a`; `b`: its parameters | results << 32. A host function is called
/// and its results returned.
PETREL_HANDLER(tail_call_ref) {
  PETREL_ENTER;
  // SAFETY: set by the users below.
  ir::FuncRef* const ref = reinterpret_cast<ir::FuncRef*>(a);
  if (ref->interp_func != nullptr) {
    a = reinterpret_cast<u64>(ref->interp_func);
    b = reinterpret_cast<u64>(ref->ctx);
    PETREL_GOTO(tail_call_func);
  }
  const u32 params = static_cast<u32>(b);
  const u32 results = static_cast<u32>(b >> 32);
  Slot* const args = sp - params;
  if (!call_host(ref, args, params > results ? params : results, {nullptr, func, pc, fp})) {
    PETREL_GOTO(unwind_pending<true>);
  }
  sp = args + results;
  mem0 = ctx->mem0_base;
  disp = static_cast<const Entry*>(ctx->interp_dispatch);
  PETREL_DISPATCH(ir::op_info(ir::Op::Return).code);
}

template <u32 S> PETREL_HANDLER(op_return_call) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  Func* const callee = ctx->interp_funcs + ir::call_index(*stp);
  if (callee->kind == FuncKind::unprepared && !prepare(ctx, callee)) {
    PETREL_LEAVE(false);
  }
  if (callee->kind == FuncKind::import) {
    a = reinterpret_cast<u64>(ctx->func_refs + callee->index());
    b = callee->nparams | u64{callee->nresults} << 32;
    PETREL_GOTO(tail_call_ref);
  }
  a = reinterpret_cast<u64>(callee);
  b = reinterpret_cast<u64>(ctx);
  PETREL_GOTO(tail_call_func);
}

template <u32 S> PETREL_HANDLER(op_return_call_indirect) {
  PETREL_ENTER;
  const u64 index = pop<S>(sp, a, b);
  flush<popped(S)>(sp, a, b);
  const u8* at = pc + 1;
  const u32 type_idx = read_leb_u32(at);
  const u32 table = read_leb_u32(at);
  ir::FuncRef* const ref = resolve_indirect(ctx, table, index, ctx->type_ids[type_idx]);
  if (ref == nullptr) {
    record_frames(pc, fp, func);
    PETREL_LEAVE(false);
  }
  const Arity arity = arity_of_type(ctx, type_idx);
  a = reinterpret_cast<u64>(ref);
  b = arity.params | u64{arity.results} << 32;
  PETREL_GOTO(tail_call_ref);
}

template <u32 S> PETREL_HANDLER(op_return_call_ref) {
  PETREL_ENTER;
  const u64 reference = pop<S>(sp, a, b);
  flush<popped(S)>(sp, a, b);
  if (reference == 0) [[unlikely]] {
    PETREL_FORGET_OPERANDS;
    PETREL_GOTO(trap<ir::TrapCode::null_function_reference>);
  }
  const Arity arity = arity_of_type(ctx, ir::call_index(*stp));
  a = reference;
  b = arity.params | u64{arity.results} << 32;
  PETREL_GOTO(tail_call_ref);
}

// --- Null ------------------------------------------------------------------------------------------------

template <u32 S> PETREL_HANDLER(op_ref_as_non_null) {
  PETREL_ENTER;
  if (top<S>(sp, a, b) == 0) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::null_reference>);
  }
  ++pc;
  PETREL_NEXT(S);
}

/// Goes on behind a conditional branch that is not taken, in state S.
#define PETREL_FALL(S)                                                                             \
  do {                                                                                             \
    if (pc[1] >= 0x80) [[unlikely]] {                                                              \
      PETREL_GOTO(br_if_fall_slow<S>);                                                             \
    }                                                                                              \
    pc += 2;                                                                                       \
    ++stp;                                                                                         \
    PETREL_NEXT(S);                                                                                \
  } while (false)

template <u32 S> PETREL_HANDLER(op_br_on_null) {
  PETREL_ENTER;
  if (top<S>(sp, a, b) == 0) {
    pop<S>(sp, a, b);
    PETREL_BRANCH(popped(S));
  }
  PETREL_FALL(S);
}

template <u32 S> PETREL_HANDLER(op_br_on_non_null) {
  PETREL_ENTER;
  if (top<S>(sp, a, b) != 0) {
    PETREL_BRANCH(S);
  }
  pop<S>(sp, a, b);
  PETREL_FALL(popped(S));
}

} // namespace
} // namespace petrel::interp
