// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the control instructions (specification §4.6.8-10). Jump targets come from the side table
// (ir/side_table.h); only these handlers move `stp`. Included by dispatch.cpp only.
#pragma once

#include <type_traits>

#include "interp/exceptions.h"
#include "interp/leb.h"
#include "interp/regs.h"
#include "interp/support.h"
#include "ir/side_table.h"

namespace petrel::interp {
namespace {

// --- Leaving ---------------------------------------------------------------------------------------------

template <ir::TrapCode code> PETREL_HANDLER(trap) {
  PETREL_ENTER;
  record_trap(code, pc, fp, func);
  PETREL_LEAVE(false);
}

template <u32 S> PETREL_HANDLER(op_unreachable) {
  PETREL_ENTER;
  PETREL_GOTO(trap<ir::TrapCode::unreachable>);
}

/// Opcodes that validation refuses in this build.
template <u32 S> PETREL_HANDLER(op_illegal) {
  PETREL_ENTER;
  check_failed("opcode without handler", __FILE__, __LINE__);
}

[[gnu::always_inline]] inline bool is_interrupted(const ir::VMContext* ctx) {
  return __atomic_load_n(&ctx->store->interrupt, __ATOMIC_RELAXED) != 0;
}

/// Code of the instance `new_ctx` runs next: loads the registers that belong to an instance.
#define PETREL_SWITCH_CONTEXT(new_ctx)                                                             \
  do {                                                                                             \
    ctx = (new_ctx);                                                                               \
    mem0 = ctx->mem0_base;                                                                         \
    disp = static_cast<const Entry*>(ctx->interp_dispatch);                                        \
  } while (false)

/// What is pending leaves this frame, or, after a tail call (kTail), the caller's: goes on where an exception is caught.
template <bool kTail> PETREL_HANDLER(unwind_pending) {
  PETREL_ENTER;
  const Landing landing = unwind(pc, fp, func, kTail);
  if (landing.func == nullptr) {
    PETREL_LEAVE(false);
  }
  pc = landing.pc;
  stp = landing.stp;
  fp = landing.fp;
  sp = landing.sp;
  func = landing.func;
  PETREL_SWITCH_CONTEXT(func->ctx);
  PETREL_NEXT(0);
}

/// Asks the runtime, then goes on at `pc`.
template <u32 S> PETREL_HANDLER(poll_and_go) {
  PETREL_ENTER;
  Slot* top = sp; // the registers are copied for a collection's sake
  flush<S>(top, a, b);
  ctx->store->value_stack_top = top;
  if (!poll(pc, fp, func)) {
    PETREL_LEAVE(false);
  }
  PETREL_NEXT(S);
}

// --- Branches --------------------------------------------------------------------------------------------

/// Moves the topmost `keep` operands down over `drop` others; all are in memory.
inline void move_operands(Slot*& sp, u32 keep, u32 drop) {
  const Slot* from = sp - keep;
  Slot* to = sp - (u64{keep} + drop);
  for (u32 i = 0; i < keep; ++i) {
    to[i] = from[i];
  }
  sp -= drop;
}

/// Goes on `dpc` bytes from here and `dstp_bytes` bytes on in the side table, in state S; polls on the way back. (A `br`
/// that is all of a loop jumps to itself: distance 0.)
#define PETREL_JUMP(S, dpc, dstp_bytes)                                                            \
  do {                                                                                             \
    const i64 distance = (dpc);                                                                    \
    pc += distance;                                                                                \
    stp = reinterpret_cast<const u32*>(reinterpret_cast<u64>(stp) + static_cast<u64>(dstp_bytes)); \
    if (distance <= 0 && is_interrupted(ctx)) [[unlikely]] {                                       \
      PETREL_GOTO(poll_and_go<S>);                                                                 \
    }                                                                                              \
    PETREL_NEXT(S);                                                                                \
  } while (false)

/// A branch with operand motion; its record is in `stp`.
template <u32 S> PETREL_HANDLER(branch_motion) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  move_operands(sp, stp[1], stp[2]);
  PETREL_JUMP(0, static_cast<i32>(stp[0]), i64{static_cast<i32>(stp[3])} * 4);
}

/// A branch whose entry leads to a record.
template <u32 S> PETREL_HANDLER(branch_far) {
  PETREL_ENTER;
  stp = ir::BranchEntry::record_of(stp);
  if (stp[2] != 0) {
    PETREL_GOTO(branch_motion<S>);
  }
  PETREL_JUMP(S, static_cast<i32>(stp[0]), i64{static_cast<i32>(stp[3])} * 4);
}

/// Takes the branch whose entry is at `stp`, in state S.
#define PETREL_BRANCH(S)                                                                           \
  do {                                                                                             \
    const i64 dstp_bytes = load_unaligned<i16>(stp);                                               \
    if ((dstp_bytes & ir::kBranchFormMask) != 0) [[unlikely]] {                                    \
      PETREL_GOTO(branch_far<S>);                                                                  \
    }                                                                                              \
    PETREL_JUMP(S, load_unaligned<i16>(reinterpret_cast<const u8*>(stp) + 2), dstp_bytes);         \
  } while (false)

template <u32 S> PETREL_HANDLER(op_br) {
  PETREL_ENTER;
  PETREL_BRANCH(S);
}

/// A br_if not taken whose label has a long form.
template <u32 S> PETREL_HANDLER(br_if_fall_slow) {
  PETREL_ENTER;
  ++stp;
  ++pc;
  skip_leb(pc);
  PETREL_NEXT(S);
}

/// The br_if at `pc` in state S, its condition popped.
#define PETREL_BRANCH_IF(S, condition)                                                             \
  do {                                                                                             \
    if (condition) {                                                                               \
      PETREL_BRANCH(S);                                                                            \
    }                                                                                              \
    if (pc[1] >= 0x80) [[unlikely]] {                                                              \
      PETREL_GOTO(br_if_fall_slow<S>);                                                             \
    }                                                                                              \
    pc += 2;                                                                                       \
    ++stp;                                                                                         \
    PETREL_NEXT(S);                                                                                \
  } while (false)

template <u32 S> PETREL_HANDLER(op_br_if) {
  PETREL_ENTER;
  const u32 condition = static_cast<u32>(pop<S>(sp, a, b));
  PETREL_BRANCH_IF(popped(S), condition != 0);
}

/// An `if` whose condition holds and whose type has a long form.
template <u32 S> PETREL_HANDLER(if_fall_slow) {
  PETREL_ENTER;
  ++stp;
  ++pc;
  skip_type(pc);
  PETREL_NEXT(S);
}

template <u32 S> PETREL_HANDLER(op_if) {
  PETREL_ENTER;
  constexpr u32 T = popped(S);
  if (static_cast<u32>(pop<S>(sp, a, b)) == 0) {
    PETREL_BRANCH(T);
  }
  if (is_long_type(pc[1])) [[unlikely]] {
    PETREL_GOTO(if_fall_slow<T>);
  }
  pc += 2;
  ++stp;
  PETREL_NEXT(T);
}

/// Executed when the then branch falls into `else`.
template <u32 S> PETREL_HANDLER(op_else) {
  PETREL_ENTER;
  PETREL_BRANCH(S);
}

/// A br_table whose label count takes more than one byte.
template <u32 S> PETREL_HANDLER(br_table_slow) {
  PETREL_ENTER;
  const u32 index = static_cast<u32>(pop<S>(sp, a, b));
  const u8* at = pc + 1;
  const u32 last = read_leb_u32(at);
  stp += index < last ? index : last;
  PETREL_BRANCH(popped(S));
}

template <u32 S> PETREL_HANDLER(op_br_table) {
  PETREL_ENTER;
  const u32 last = pc[1];
  if (last >= 0x80) [[unlikely]] {
    PETREL_GOTO(br_table_slow<S>);
  }
  const u32 index = static_cast<u32>(pop<S>(sp, a, b));
  stp += index < last ? index : last;
  PETREL_BRANCH(popped(S));
}

template <u32 S> PETREL_HANDLER(block_slow) {
  PETREL_ENTER;
  ++pc;
  skip_type(pc);
  PETREL_NEXT(S);
}

template <u32 S> PETREL_HANDLER(op_block) {
  PETREL_ENTER;
  if (load_unaligned<u64>(pc) == ir::kBlockRun) [[unlikely]] {
    pc += *stp++;
    PETREL_NEXT(S);
  }
  if (is_long_type(pc[1])) [[unlikely]] {
    PETREL_GOTO(block_slow<S>);
  }
  pc += 2;
  PETREL_NEXT(S);
}

template <u32 S> PETREL_HANDLER(op_loop) {
  PETREL_ENTER;
  if (is_long_type(pc[1])) [[unlikely]] {
    PETREL_GOTO(block_slow<S>);
  }
  pc += 2;
  PETREL_NEXT(S);
}

template <u32 S> PETREL_HANDLER(op_nop) {
  PETREL_ENTER;
  ++pc;
  PETREL_NEXT(S);
}

// --- Calls -----------------------------------------------------------------------------------------------

/// Pushes the frame of `f` (prepared, kind wasm, of the current context) and starts it. All operands are in memory.
#define PETREL_PUSH_FRAME(f)                                                                       \
  do {                                                                                             \
    Slot* const new_fp = slot_at(sp, -i64{(f)->args_bytes});                                       \
    FrameHeader* const header = header_of(new_fp, (f));                                            \
    /* INVARIANT(stack-limit) */                                                                   \
    if (reinterpret_cast<u64>(header) + (f)->frame_bytes >                                         \
        reinterpret_cast<u64>(ctx->store->value_stack_limit)) [[unlikely]] {                       \
      PETREL_FORGET_OPERANDS;                                                                      \
      PETREL_GOTO(trap<ir::TrapCode::call_stack_exhausted>);                                       \
    }                                                                                              \
    for (; sp != reinterpret_cast<Slot*>(header); ++sp) {                                          \
      sp->bits[0] = 0;                                                                             \
      sp->bits[1] = 0;                                                                             \
      asm volatile(""); /* not a call of memset, for which all registers would be saved */         \
    }                                                                                              \
    header->pc = pc + ir::call_length(*stp);                                                       \
    header->stp = stp + 1;                                                                         \
    header->fp = fp;                                                                               \
    header->func = func;                                                                           \
    fp = new_fp;                                                                                   \
    sp = reinterpret_cast<Slot*>(header) + kHeaderSlots;                                           \
    func = (f);                                                                                    \
    stp = (f)->stp;                                                                                \
    pc = (f)->code;                                                                                \
    PETREL_FORGET_OPERANDS;                                                                        \
    PETREL_NEXT(0);                                                                                \
  } while (false)

/// Calls the Func in `a`, which may be unprepared or belong to another instance: polls, prepares, enters.
/// The context of the callee is in `b`.
PETREL_HANDLER(call_func_slow) {
  PETREL_ENTER;
  // SAFETY: set by the two users below.
  Func* const callee = reinterpret_cast<Func*>(a);
  ir::VMContext* const callee_ctx = reinterpret_cast<ir::VMContext*>(b);
  ctx->store->value_stack_top = sp;
  if (is_interrupted(ctx) && !poll(pc, fp, func)) {
    PETREL_LEAVE(false);
  }
  if (callee->kind == FuncKind::unprepared && !prepare(callee_ctx, callee)) {
    PETREL_LEAVE(false);
  }
  PETREL_SWITCH_CONTEXT(callee_ctx);
  PETREL_PUSH_FRAME(callee);
}

/// Calls the host function whose FuncRef is in `a`; `b`: parameters | results << 32.
PETREL_HANDLER(call_host_func) {
  PETREL_ENTER;
  const u32 params = static_cast<u32>(b);
  const u32 results = static_cast<u32>(b >> 32);
  Slot* const args = sp - params;
  // SAFETY: set by call_ref_slow.
  if (!call_host(reinterpret_cast<ir::FuncRef*>(a), args, params > results ? params : results,
                 {nullptr, func, pc, fp})) {
    PETREL_GOTO(unwind_pending<false>);
  }
  sp = args + results;
  mem0 = ctx->mem0_base;
  disp = static_cast<const Entry*>(
      ctx->interp_dispatch); // another one when a body validated late has vectors
  pc += ir::call_length(*stp++);
  PETREL_NEXT(0);
}

/// Calls the function behind the FuncRef in `a`; `b`: its parameters | results << 32.
PETREL_HANDLER(call_ref_slow) {
  PETREL_ENTER;
  // SAFETY: set by the users below.
  ir::FuncRef* const ref = reinterpret_cast<ir::FuncRef*>(a);
  if (ref->interp_func == nullptr) {
    PETREL_GOTO(call_host_func);
  }
  a = reinterpret_cast<u64>(ref->interp_func);
  b = reinterpret_cast<u64>(ref->ctx);
  PETREL_GOTO(call_func_slow);
}

/// A direct call to a function that is imported or runs for the first time (or when a poll is due).
PETREL_HANDLER(call_slow) {
  PETREL_ENTER;
  Func* const callee = ctx->interp_funcs + ir::call_index(*stp);
  if (callee->kind == FuncKind::unprepared && !prepare(ctx, callee)) {
    PETREL_LEAVE(false);
  }
  if (callee->kind == FuncKind::import) {
    a = reinterpret_cast<u64>(ctx->func_refs + callee->index());
    b = callee->nparams | u64{callee->nresults} << 32;
    PETREL_GOTO(call_ref_slow);
  }
  a = reinterpret_cast<u64>(callee);
  b = reinterpret_cast<u64>(ctx);
  PETREL_GOTO(call_func_slow);
}

template <u32 S> PETREL_HANDLER(op_call) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const Func* const callee = ctx->interp_funcs + ir::call_index(*stp);
  if (callee->kind != FuncKind::wasm || is_interrupted(ctx)) [[unlikely]] {
    PETREL_FORGET_OPERANDS;
    PETREL_GOTO(call_slow);
  }
  PETREL_PUSH_FRAME(callee);
}

/// call_indirect of any table and with any outcome; the element index lies in the first free slot.
PETREL_HANDLER(call_indirect_slow) {
  PETREL_ENTER;
  const u8* at = pc + 1;
  const u32 type_idx = read_leb_u32(at);
  const u32 table = read_leb_u32(at);
  ir::FuncRef* const ref = resolve_indirect(ctx, table, sp->i64, ctx->type_ids[type_idx]);
  if (ref == nullptr) {
    record_frames(pc, fp, func);
    PETREL_LEAVE(false);
  }
  const Arity arity = arity_of_type(ctx, type_idx);
  a = reinterpret_cast<u64>(ref);
  b = arity.params | u64{arity.results} << 32;
  PETREL_GOTO(call_ref_slow);
}

template <u32 S> PETREL_HANDLER(op_call_indirect) {
  PETREL_ENTER;
  const u64 index = pop<S>(sp, a, b); // 32-bit indices are zero-extended
  flush<popped(S)>(sp, a, b);
  sp->bits[0] = index; // where call_indirect_slow looks for it
  // Table 0, as one byte: the last byte is 0 and the one before it ends a LEB. The table may be imported: size 0 here.
  if ((load_unaligned<u16>(pc + ir::call_length(*stp) - 2) & 0xff80) != 0 ||
      index >= ctx->table0_size) [[unlikely]] {
    PETREL_FORGET_OPERANDS;
    PETREL_GOTO(call_indirect_slow);
  }
  // SAFETY: below the table's size; validation makes it a table of functions.
  const ir::FuncTableEntry& element =
      static_cast<const ir::FuncTableEntry*>(ctx->table0_elems)[index];
  if (element.type_id != ctx->type_ids[ir::call_index(*stp)] || element.ctx != ctx ||
      is_interrupted(ctx)) [[unlikely]] {
    PETREL_FORGET_OPERANDS;
    PETREL_GOTO(call_indirect_slow);
  }
  const Func* const callee =
      element.func_ref->interp_func; // not null: host functions have no VMContext as context
  if (callee->kind != FuncKind::wasm) [[unlikely]] {
    PETREL_FORGET_OPERANDS;
    PETREL_GOTO(call_indirect_slow);
  }
  PETREL_PUSH_FRAME(callee);
}

// --- Returns ---------------------------------------------------------------------------------------------

/// The caller is host code or belongs to another instance.
template <u32 S> PETREL_HANDLER(return_elsewhere) {
  PETREL_ENTER;
  if (func->ctx == nullptr) {
    flush<S>(sp, a, b);
    PETREL_LEAVE(true);
  }
  PETREL_SWITCH_CONTEXT(func->ctx);
  PETREL_NEXT(S);
}

/// Goes on in the caller described by `header`, in state S.
#define PETREL_POP_FRAME(S, header)                                                                \
  do {                                                                                             \
    pc = (header).pc;                                                                              \
    stp = (header).stp;                                                                            \
    fp = (header).fp;                                                                              \
    func = (header).func;                                                                          \
    if (func->ctx != ctx) [[unlikely]] {                                                           \
      PETREL_GOTO(return_elsewhere<S>);                                                            \
    }                                                                                              \
    PETREL_NEXT(S);                                                                                \
  } while (false)

/// Several results move down over the frame, its header included.
template <u32 S> PETREL_HANDLER(return_many) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const FrameHeader header = *header_of(fp, func);
  const u32 count = func->nresults;
  const Slot* from = sp - count;
  for (u32 i = 0; i < count; ++i) {
    fp[i] = from[i];
  }
  sp = fp + count;
  PETREL_POP_FRAME(0, header);
}

/// A single result goes to the caller in `a`.
#define PETREL_RETURN(S, kWide)                                                                    \
  do {                                                                                             \
    const u32 count = func->nresults;                                                              \
    if (count > 1) [[unlikely]] {                                                                  \
      PETREL_GOTO(return_many<S>);                                                                 \
    }                                                                                              \
    /* Wide: a copy, because without locals the header is where the result goes. */                \
    std::conditional_t<kWide, const FrameHeader, const FrameHeader&> header =                      \
        *header_of(fp, func);                                                                      \
    if (count == 1) {                                                                              \
      a = top<S>(sp, a, b);                                                                        \
      if constexpr (kWide) {                                                                       \
        write_words(fp, a, home<S>(sp)->bits[1]);                                                  \
      }                                                                                            \
      sp = fp;                                                                                     \
      PETREL_POP_FRAME(1, header);                                                                 \
    }                                                                                              \
    sp = fp;                                                                                       \
    PETREL_POP_FRAME(0, header);                                                                   \
  } while (false)

template <u32 S, bool kWide = false> PETREL_HANDLER(op_return) {
  PETREL_ENTER;
  PETREL_RETURN(S, kWide);
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_end) {
  PETREL_ENTER;
  ++pc;
  if (pc != func->end) {
    PETREL_NEXT(S);
  }
  PETREL_RETURN(S, kWide);
}

} // namespace
} // namespace petrel::interp
