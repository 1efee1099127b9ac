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

// Moves between slots. The wide form takes the upper half from the operand's home (INVARIANT(high-half), regs.h). It reads
// and writes halves, because either may just have been written alone, and a load of sixteen bytes would wait for both.

/// Pushes the value of a slot in state S.
template <u32 S, bool kWide>
[[gnu::always_inline]] inline void push_slot(Slot*& sp, u64& a, u64& b, const Slot* from) {
  u64 low = from->bits[0];
  if constexpr (kWide) {
    PETREL_OPAQUE(low);
    write_words(home<S>(sp) + 1, low, from->bits[1]);
  }
  push<S>(sp, a, b, low);
}
/// Stores the top operand in state S and leaves it.
template <u32 S, bool kWide>
[[gnu::always_inline]] inline void store_top(Slot* sp, u64 a, u64 b, Slot* to) {
  u64 low = top<S>(sp, a, b);
  if constexpr (kWide) {
    PETREL_OPAQUE(low);
    to->bits[1] = home<S>(sp)->bits[1];
  }
  to->bits[0] = low;
}
template <u32 S, bool kWide>
[[gnu::always_inline]] inline void pop_slot(Slot*& sp, u64 a, u64 b, Slot* to) {
  store_top<S, kWide>(sp, a, b, to);
  static_cast<void>(pop<S>(sp, a, b));
}
/// In state S with a condition and two values on top: the upper half of the one that is chosen becomes the lower one's.
template <u32 S, bool kWide>
[[gnu::always_inline]] inline void select_upper(Slot* sp, u32 condition) {
  if constexpr (kWide) {
    Slot* const then = home<S>(sp) - 2;
    then->bits[1] = then[condition != 0 ? 0 : 1].bits[1];
  }
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_select) {
  PETREL_ENTER;
  select_upper<S, kWide>(sp, static_cast<u32>(top<S>(sp, a, b)));
  constexpr u32 T = popped(popped(popped(S)));
  const u32 condition = static_cast<u32>(pop<S>(sp, a, b));
  const u64 otherwise = pop<popped(S)>(sp, a, b);
  const u64 then = pop<popped(popped(S))>(sp, a, b);
  push<T>(sp, a, b, condition != 0 ? then : otherwise);
  ++pc;
  PETREL_NEXT(pushed(T));
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_select_t) {
  PETREL_ENTER;
  select_upper<S, kWide>(sp, static_cast<u32>(top<S>(sp, a, b)));
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

template <u32 S, bool kWide> PETREL_HANDLER(local_get_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  push_slot<S, kWide>(sp, a, b, fp + index);
  PETREL_NEXT(pushed(S));
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_local_get) {
  PETREL_ENTER;
  const i64 offset = local_offset(pc);
  if (offset < 0) [[unlikely]] {
    PETREL_GOTO(local_get_slow<S, kWide>);
  }
  push_slot<S, kWide>(sp, a, b, slot_at(fp, offset));
  if ((load_unaligned<u16>(pc + 2) & kShortForm) == kLocalGet) {
    push_slot<pushed(S), kWide>(sp, a, b, slot_at(fp, local_offset(pc + 2)));
    pc += 4;
    PETREL_NEXT(2);
  }
  pc += 2;
  PETREL_NEXT(pushed(S));
}

template <u32 S, bool kWide> PETREL_HANDLER(local_set_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  pop_slot<S, kWide>(sp, a, b, fp + index);
  PETREL_NEXT(popped(S));
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_local_set) {
  PETREL_ENTER;
  const i64 offset = local_offset(pc);
  if (offset < 0) [[unlikely]] {
    PETREL_GOTO(local_set_slow<S, kWide>);
  }
  pop_slot<S, kWide>(sp, a, b, slot_at(fp, offset));
  if ((load_unaligned<u16>(pc + 2) & kShortForm) == kLocalGet) {
    push_slot<popped(S), kWide>(sp, a, b, slot_at(fp, local_offset(pc + 2)));
    pc += 4;
    PETREL_NEXT(pushed(popped(S)));
  }
  pc += 2;
  PETREL_NEXT(popped(S));
}

template <u32 S, bool kWide> PETREL_HANDLER(local_tee_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  store_top<S, kWide>(sp, a, b, fp + index);
  PETREL_NEXT(S);
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_local_tee) {
  PETREL_ENTER;
  const i64 offset = local_offset(pc);
  if (offset < 0) [[unlikely]] {
    PETREL_GOTO(local_tee_slow<S, kWide>);
  }
  store_top<S, kWide>(sp, a, b, slot_at(fp, offset));
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

template <u32 S, bool kWide> PETREL_HANDLER(global_get_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  push_slot<S, kWide>(sp, a, b, global_slot(ctx, func, index));
  PETREL_NEXT(pushed(S));
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_global_get) {
  PETREL_ENTER;
  const u32 index = pc[1];
  if (index >= 0x80) [[unlikely]] {
    PETREL_GOTO(global_get_slow<S, kWide>);
  }
  push_slot<S, kWide>(sp, a, b, global_slot(ctx, func, index));
  pc += 2;
  PETREL_NEXT(pushed(S));
}

template <u32 S, bool kWide> PETREL_HANDLER(global_set_slow) {
  PETREL_ENTER;
  const u32 index = read_long_index(pc);
  pop_slot<S, kWide>(sp, a, b, global_slot(ctx, func, index));
  PETREL_NEXT(popped(S));
}

template <u32 S, bool kWide = false> PETREL_HANDLER(op_global_set) {
  PETREL_ENTER;
  const u32 index = pc[1];
  if (index >= 0x80) [[unlikely]] {
    PETREL_GOTO(global_set_slow<S, kWide>);
  }
  pop_slot<S, kWide>(sp, a, b, global_slot(ctx, func, index));
  pc += 2;
  PETREL_NEXT(popped(S));
}

} // namespace
} // namespace petrel::interp
