// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of parametric and variable instructions (specification §4.6.3, §4.6.4). Included by dispatch.cpp only.
#pragma once

#include "interp/control_handlers.h"

namespace petrel::interp {
namespace {

template <u32 S> PETREL_HANDLER(op_drop) {
  PETREL_ENTER;
  static_cast<void>(pop<S>(sp, a, b));
  ++pc;
  PETREL_NEXT(popped(S));
}

template <u32 S> PETREL_HANDLER(op_select) {
  PETREL_ENTER;
  constexpr u32 T = popped(popped(popped(S)));
  const u32 condition = static_cast<u32>(pop<S>(sp, a, b));
  const u64 otherwise = pop<popped(S)>(sp, a, b);
  const u64 then = pop<popped(popped(S))>(sp, a, b);
  push<T>(sp, a, b, condition != 0 ? then : otherwise);
  ++pc;
  PETREL_NEXT(pushed(T));
}

template <u32 S> PETREL_HANDLER(op_select_t) {
  PETREL_ENTER;
  constexpr u32 T = popped(popped(popped(S)));
  const u32 condition = static_cast<u32>(pop<S>(sp, a, b));
  const u64 otherwise = pop<popped(S)>(sp, a, b);
  const u64 then = pop<popped(popped(S))>(sp, a, b);
  push<T>(sp, a, b, condition != 0 ? then : otherwise);
  ++pc;
  for (u32 left = read_leb_u32(pc); left != 0; --left) {
    skip_type(pc);
  }
  PETREL_NEXT(pushed(T));
}

// --- Locals ----------------------------------------------------------------------------------------------

/// An index of more than one byte at pc + 1; `pc` moves past it.
[[gnu::always_inline]] inline u32 read_long_index(const u8*& pc) {
  const u32 word = load_unaligned<u32>(pc + 1);
  if ((word & 0x8000) == 0) {
    pc += 3;
    return (word & 0x7f) | (word >> 1 & 0x3f80);
  }
  ++pc;
  return read_leb_u32(pc);
}

/// Bytes from fp to the local whose index is the one byte at pc + 1; negative when the index is longer.
[[gnu::always_inline]] inline i64 local_offset(const u8* pc) {
  return static_cast<i64>(static_cast<i8>(pc[1])) * static_cast<i64>(sizeof(Slot));
}

/// Low byte and the index's continuation bit of a `local.get` with a one-byte index. local.get and local.set look for one
/// behind them and execute it as well (see "Peeks" in interp/README.md).
constexpr u16 kLocalGet = 0x20;
constexpr u16 kShortForm = 0x80ff;

template <u32 S> PETREL_HANDLER(local_get_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  push<S>(sp, a, b, fp[index].bits[0]);
  PETREL_NEXT(pushed(S));
}

template <u32 S> PETREL_HANDLER(op_local_get) {
  PETREL_ENTER;
  const i64 offset = local_offset(pc);
  if (offset < 0) [[unlikely]] {
    PETREL_GOTO(local_get_slow<S>);
  }
  push<S>(sp, a, b, slot_at(fp, offset)->bits[0]);
  if ((load_unaligned<u16>(pc + 2) & kShortForm) == kLocalGet) {
    push<pushed(S)>(sp, a, b, slot_at(fp, local_offset(pc + 2))->bits[0]);
    pc += 4;
    PETREL_NEXT(2);
  }
  pc += 2;
  PETREL_NEXT(pushed(S));
}

template <u32 S> PETREL_HANDLER(local_set_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  fp[index].bits[0] = pop<S>(sp, a, b);
  PETREL_NEXT(popped(S));
}

template <u32 S> PETREL_HANDLER(op_local_set) {
  PETREL_ENTER;
  const i64 offset = local_offset(pc);
  if (offset < 0) [[unlikely]] {
    PETREL_GOTO(local_set_slow<S>);
  }
  slot_at(fp, offset)->bits[0] = pop<S>(sp, a, b);
  if ((load_unaligned<u16>(pc + 2) & kShortForm) == kLocalGet) {
    push<popped(S)>(sp, a, b, slot_at(fp, local_offset(pc + 2))->bits[0]);
    pc += 4;
    PETREL_NEXT(pushed(popped(S)));
  }
  pc += 2;
  PETREL_NEXT(popped(S));
}

template <u32 S> PETREL_HANDLER(local_tee_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  fp[index].bits[0] = top<S>(sp, a, b);
  PETREL_NEXT(S);
}

template <u32 S> PETREL_HANDLER(op_local_tee) {
  PETREL_ENTER;
  const i64 offset = local_offset(pc);
  if (offset < 0) [[unlikely]] {
    PETREL_GOTO(local_tee_slow<S>);
  }
  slot_at(fp, offset)->bits[0] = top<S>(sp, a, b);
  pc += 2;
  PETREL_NEXT(S);
}

// --- Globals: a value inline in the VMContext, or its address for an imported one (ir/vm_layout.h) -------------

[[gnu::always_inline]] inline Slot* global_slot(ir::VMContext* ctx, const Func* func, u32 index) {
  // SAFETY: globals start right behind the fixed part; validation bounds the index.
  Slot* slot =
      reinterpret_cast<Slot*>(reinterpret_cast<u8*>(ctx) + ir::kVMContextFixedSize) + index;
  return index < func->imported_globals ? static_cast<Slot*>(slot->ref) : slot;
}

template <u32 S> PETREL_HANDLER(global_get_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  push<S>(sp, a, b, global_slot(ctx, func, index)->bits[0]);
  PETREL_NEXT(pushed(S));
}

template <u32 S> PETREL_HANDLER(op_global_get) {
  PETREL_ENTER;
  const u32 index = pc[1];
  if (index >= 0x80) [[unlikely]] {
    PETREL_GOTO(global_get_slow<S>);
  }
  push<S>(sp, a, b, global_slot(ctx, func, index)->bits[0]);
  pc += 2;
  PETREL_NEXT(pushed(S));
}

template <u32 S> PETREL_HANDLER(global_set_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  global_slot(ctx, func, index)->bits[0] = pop<S>(sp, a, b);
  PETREL_NEXT(popped(S));
}

template <u32 S> PETREL_HANDLER(op_global_set) {
  PETREL_ENTER;
  const u32 index = pc[1];
  if (index >= 0x80) [[unlikely]] {
    PETREL_GOTO(global_set_slow<S>);
  }
  global_slot(ctx, func, index)->bits[0] = pop<S>(sp, a, b);
  pc += 2;
  PETREL_NEXT(popped(S));
}

} // namespace
} // namespace petrel::interp
