// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the memory instructions (specification §4.6.5). In the tail-call build loads and stores rely on the guard
// pages: the fault is taken with the registers as the handler has them, and `memory_fault` goes on from there. So
// no access may come after `pc` moved or after the native stack pointer did. Included by dispatch.cpp only.
#pragma once

#include "interp/control_handlers.h"

namespace petrel::interp {
namespace {

/// Set when a memarg is not two one-byte LEBs: memory index flag, long alignment, long offset.
constexpr u32 kMemArgLong = 0x0080c000;

/// Keeps `pc` at the instruction until `value` was read or memory was written.
#if defined(PETREL_INTERP_LOOP)
#define PETREL_ACCESS(ea, bytes)                                                                   \
  if ((ea) + (bytes) > func->mem0->size) [[unlikely]] {                                            \
    PETREL_GOTO(trap<ir::TrapCode::memory_out_of_bounds>);                                         \
  }                                                                                                \
  static_assert(true)
#define PETREL_PIN_LOAD(value) static_assert(true)
#define PETREL_PIN_STORE static_assert(true)
#else
#define PETREL_ACCESS(ea, bytes) static_assert(true)
#define PETREL_PIN_LOAD(value) asm volatile("" : "+r"(pc), "+r"(value))
#define PETREL_PIN_STORE asm volatile("" : "+r"(pc) : : "memory")
#endif

#if !defined(PETREL_INTERP_LOOP)
/// Where the signal handler resumes after a fault in the handler section.
PETREL_HANDLER(memory_fault) {
  PETREL_ENTER;
  record_trap(ir::TrapCode::memory_out_of_bounds, pc, fp, func);
  PETREL_LEAVE(false);
}
#endif

/// Types as the handlers move them: floating point values as their bits.
template <typename T> struct AsInt {
  using Type = T;
};
template <> struct AsInt<f32> {
  using Type = u32;
};
template <> struct AsInt<f64> {
  using Type = u64;
};

template <typename Value, typename Memory> [[gnu::always_inline]] inline u64 extend(Memory value) {
  return static_cast<u64>(static_cast<typename AsInt<Value>::Type>(value));
}

/// The memarg offset of two or three bytes in the eight bytes at an instruction; valid when the predicate holds.
constexpr bool has_two_byte_offset(u64 word) { return (word & 0x8000c000) == 0; }
constexpr u32 two_byte_offset(u64 word) {
  return static_cast<u32>((word >> 16 & 0x7f) | (word >> 17 & 0x3f80));
}
constexpr bool has_three_byte_offset(u64 word) { return (word & 0x800000c000) == 0; }
constexpr u32 three_byte_offset(u64 word) {
  return static_cast<u32>((word >> 16 & 0x7f) | (word >> 17 & 0x3f80) | (word >> 18 & 0x1fc000));
}

/// Moves `pc` past an instruction with a memarg of any form.
[[gnu::always_inline]] inline void skip_memarg(const u8*& pc) {
  ++pc;
  skip_leb(pc);
  skip_leb(pc);
}

/// The offset of a memarg of any form.
inline u32 memarg_offset(const u8* pc) {
  ++pc;
  skip_leb(pc); // alignment
  return read_leb_u32(pc);
}

/// Loads from address `ea`, then moves `pc` and goes on.
#define PETREL_LOAD(ea, advance)                                                                   \
  do {                                                                                             \
    const u64 at = (ea);                                                                           \
    PETREL_ACCESS(at, sizeof(Memory));                                                             \
    u64 value = extend<Value>(load_unaligned<typename AsInt<Memory>::Type>(mem0 + at));            \
    PETREL_PIN_LOAD(value);                                                                        \
    push<popped(S)>(sp, a, b, value);                                                              \
    advance;                                                                                       \
    PETREL_NEXT(pushed(popped(S)));                                                                \
  } while (false)

/// A load whose address operand was replaced by the effective address: only this instruction's length is unknown.
template <u32 S, typename Value, typename Memory> PETREL_HANDLER(load_at) {
  PETREL_ENTER;
  PETREL_LOAD(pop<S>(sp, a, b), skip_memarg(pc));
}

/// Decodes a memarg of any form and leaves the access to load_at, which must not use the native stack.
template <u32 S, typename Value, typename Memory> PETREL_HANDLER(load_long) {
  PETREL_ENTER;
  push<popped(S)>(sp, a, b,
                  effective_address(static_cast<u32>(pop<S>(sp, a, b)), memarg_offset(pc)));
  if constexpr (S == 0) {
    flush<1>(sp, a, b);
  }
  PETREL_GOTO(load_at<S, Value, Memory>);
}

/// Offsets of two and three bytes: static data lies behind 64 KiB of stack, so these are hot.
template <u32 S, typename Value, typename Memory> PETREL_HANDLER(load_slow) {
  PETREL_ENTER;
  const u64 word = load_unaligned<u64>(pc);
  if (has_two_byte_offset(word)) {
    PETREL_LOAD(effective_address(static_cast<u32>(pop<S>(sp, a, b)), two_byte_offset(word)),
                pc += 4);
  }
  if (has_three_byte_offset(word)) {
    PETREL_LOAD(effective_address(static_cast<u32>(pop<S>(sp, a, b)), three_byte_offset(word)),
                pc += 5);
  }
  PETREL_GOTO(load_long<S, Value, Memory>);
}

template <u32 S, typename Value, typename Memory> PETREL_HANDLER(load) {
  PETREL_ENTER;
  if ((load_unaligned<u32>(pc) & kMemArgLong) != 0) [[unlikely]] {
    PETREL_GOTO(load_slow<S, Value, Memory>);
  }
  PETREL_OPAQUE(pc);
  PETREL_LOAD(effective_address(static_cast<u32>(pop<S>(sp, a, b)), pc[2]), pc += 3);
}

/// The same for stores. The operands: address, then value on top.
#define PETREL_STORE(offset, advance)                                                              \
  do {                                                                                             \
    const auto value = static_cast<typename AsInt<Memory>::Type>(pop<S>(sp, a, b));                \
    const u64 at = effective_address(static_cast<u32>(pop<popped(S)>(sp, a, b)), (offset));        \
    PETREL_ACCESS(at, sizeof(Memory));                                                             \
    __builtin_memcpy(mem0 + at, &value, sizeof value);                                             \
    PETREL_PIN_STORE;                                                                              \
    advance;                                                                                       \
    PETREL_NEXT(popped(popped(S)));                                                                \
  } while (false)

/// A store whose operands are in memory and whose address was replaced by the effective address.
template <typename Memory> PETREL_HANDLER(store_at) {
  PETREL_ENTER;
  const auto value = static_cast<typename AsInt<Memory>::Type>(sp[-1].bits[0]);
  const u64 at = sp[-2].bits[0];
  PETREL_ACCESS(at, sizeof(Memory));
  __builtin_memcpy(mem0 + at, &value, sizeof value);
  PETREL_PIN_STORE;
  sp -= 2;
  skip_memarg(pc);
  PETREL_NEXT(0);
}

template <u32 S, typename Memory> PETREL_HANDLER(store_long) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  sp[-2].bits[0] = effective_address(sp[-2].i32, memarg_offset(pc));
  PETREL_GOTO(store_at<Memory>);
}

template <u32 S, typename Memory> PETREL_HANDLER(store_slow) {
  PETREL_ENTER;
  const u64 word = load_unaligned<u64>(pc);
  if constexpr (S != 0) { // in state 0 the registers would not do
    if (has_two_byte_offset(word)) {
      PETREL_STORE(two_byte_offset(word), pc += 4);
    }
    if (has_three_byte_offset(word)) {
      PETREL_STORE(three_byte_offset(word), pc += 5);
    }
  }
  PETREL_GOTO(store_long<S, Memory>);
}

template <u32 S, typename Memory> PETREL_HANDLER(store) {
  PETREL_ENTER;
  if ((load_unaligned<u32>(pc) & kMemArgLong) != 0) [[unlikely]] {
    PETREL_GOTO(store_slow<S, Memory>);
  }
  PETREL_OPAQUE(pc);
  PETREL_STORE(pc[2], pc += 3);
}

// --- Size, growth and bulk operations: out of line ---------------------------------------------------------

template <u32 S> PETREL_HANDLER(op_memory_size) {
  PETREL_ENTER;
  ++pc;
  skip_leb(pc);
  push<S>(sp, a, b, func->mem0->size / ir::kWasmPageSize);
  PETREL_NEXT(pushed(S));
}

template <u32 S> PETREL_HANDLER(op_memory_grow) {
  PETREL_ENTER;
  ++pc;
  const u32 memory = read_leb_u32(pc);
  const u64 delta = static_cast<u32>(pop<S>(sp, a, b));
  flush<popped(S)>(sp, a, b);
  a = static_cast<u32>(builtin<u64>(ir::Builtin::memory_grow, ctx, memory, delta));
  mem0 = ctx->mem0_base;
  PETREL_NEXT(1);
}

/// The first byte of an instruction of the 0xfc page whose handler got the last byte of the opcode.
inline const u8* fc_start(const u8* pc) {
  while (*--pc != 0xfc) { // no byte of a LEB128 below 32 is 0xfc
  }
  return pc;
}

/// Leaves with the trap that a builtin called at `pc` (0xfc page) left pending.
PETREL_HANDLER(fc_failed) {
  PETREL_ENTER;
  record_frames(fc_start(pc), fp, func);
  PETREL_LEAVE(false);
}

/// Three i32 operands in memory, as u64.
struct Triple {
  u64 first;
  u64 second;
  u64 third;
};
inline Triple triple(const Slot* sp) { return {sp[-3].i32, sp[-2].i32, sp[-1].i32}; }

template <u32 S> PETREL_HANDLER(op_memory_copy) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 to = read_leb_u32(at);
  const u32 from = read_leb_u32(at);
  const Triple t = triple(sp);
  if (!builtin<bool>(ir::Builtin::memory_copy, ctx, to, from, t.first, t.second, t.third))
      [[unlikely]] {
    PETREL_GOTO(fc_failed);
  }
  sp -= 3;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_memory_fill) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 memory = read_leb_u32(at);
  const Triple t = triple(sp);
  if (!builtin<bool>(ir::Builtin::memory_fill, ctx, memory, t.first, static_cast<u32>(t.second),
                     t.third)) [[unlikely]] {
    PETREL_GOTO(fc_failed);
  }
  sp -= 3;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_memory_init) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  const u32 data = read_leb_u32(at);
  const u32 memory = read_leb_u32(at);
  const Triple t = triple(sp);
  if (!builtin<bool>(ir::Builtin::memory_init, ctx, memory, data, t.first, t.second, t.third))
      [[unlikely]] {
    PETREL_GOTO(fc_failed);
  }
  sp -= 3;
  pc = at;
  PETREL_NEXT(0);
}

template <u32 S> PETREL_HANDLER(op_data_drop) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  ++pc;
  builtin<void>(ir::Builtin::data_drop, ctx, read_leb_u32(pc));
  PETREL_NEXT(0);
}

} // namespace
} // namespace petrel::interp
