// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the memory instructions (specification §4.6.5). In the tail-call build loads and stores rely on the guard
// pages: the fault is taken with the registers as the handler has them, and `memory_fault` goes on from there. So
// no access may come after `pc` moved or after the native stack pointer did. Included by dispatch.cpp only.
//
// The hot forms are for a guarded memory 0. The rare ones - other memories, 64-bit addresses, custom page sizes - exist
// once, not per register state: `…_checked` for memory 0 with a short memarg, `…_any` for everything; operands in memory,
// every access compared with the size. The checked dispatch tables lead states 1 and 2 there through `spill`.
#pragma once

#include "interp/control_handlers.h"
#include "ir/opcodes.h"

namespace petrel::interp {
namespace {

/// Set when a memarg is not two one-byte LEBs: memory index flag, long alignment, long offset.
constexpr u32 kMemArgLong = 0x0080c000;

/// Keeps `pc` at the instruction until `value` was read or memory was written.
#if defined(PETREL_INTERP_LOOP)
#define PETREL_ACCESS(ea, bytes)                                                                   \
  if ((ea) + (bytes) > __atomic_load_n(&func->mem0->size, __ATOMIC_RELAXED)) [[unlikely]] {        \
    PETREL_GOTO(memory_fault);                                                                     \
  }                                                                                                \
  static_assert(true)
#define PETREL_PIN_LOAD(value) static_assert(true)
#define PETREL_PIN_STORE static_assert(true)
#else
#define PETREL_ACCESS(ea, bytes) static_assert(true)
#define PETREL_PIN_LOAD(value) asm volatile("" : "+r"(pc), "+r"(value))
#define PETREL_PIN_STORE asm volatile("" : "+r"(pc) : : "memory")
#endif

/// An access outside of memory. The signal handler resumes here after a fault in the handler section. `pc` is the instruction,
/// or in the 0xfd page the byte before the end of its opcode: one of the opcode's LEB128 then, whose bytes are neither below
/// 0x80 nor prefixes, because memory instructions have codes below 0x60.
PETREL_HANDLER(memory_fault) {
  PETREL_ENTER;
  while (*pc >= 0x80 && !ir::is_op_prefix(*pc)) {
    --pc;
  }
  record_trap(ir::TrapCode::memory_out_of_bounds, pc, fp, func);
  PETREL_LEAVE(false);
}

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

/// Is there a memory index in the memarg of the instruction at `pc`?
[[gnu::always_inline]] inline bool has_memory_index(const u8* pc) { return (pc[1] & 0x40) != 0; }

/// Puts all operands into memory and executes the instruction at `pc` again, in state 0.
template <u32 S> PETREL_HANDLER(spill) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  PETREL_NEXT(0);
}

/// A load of any form from any memory; operands in memory.
template <typename Value, typename Memory> PETREL_HANDLER(load_any) {
  PETREL_ENTER;
  const Access access = locate(ctx, pc + 1, sp[-1].bits[0], sizeof(Memory));
  if (access.at == nullptr) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::memory_out_of_bounds>);
  }
  --sp;
  a = extend<Value>(load_unaligned<typename AsInt<Memory>::Type>(access.at));
  pc = access.next;
  PETREL_NEXT(1);
}

/// A store of any form to any memory; operands in memory.
template <typename Memory> PETREL_HANDLER(store_any) {
  PETREL_ENTER;
  const Access access = locate(ctx, pc + 1, sp[-2].bits[0], sizeof(Memory));
  if (access.at == nullptr) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::memory_out_of_bounds>);
  }
  const auto value = static_cast<typename AsInt<Memory>::Type>(sp[-1].bits[0]);
  __builtin_memcpy(access.at, &value, sizeof value);
  sp -= 2;
  pc = access.next;
  PETREL_NEXT(0);
}

/// Memory 0 without guard: is [`address` + `offset`, + `bytes`) inside? The offset is less than 128.
[[gnu::always_inline]] inline bool is_inside(const Func* func, u64 address, u64 offset, u64 bytes) {
  const u64 size = __atomic_load_n(&func->mem0->size, __ATOMIC_RELAXED);
  return address < size && offset + bytes <= size - address;
}

/// A load from a memory 0 without guard; operands in memory.
template <typename Value, typename Memory> PETREL_HANDLER(load_checked) {
  PETREL_ENTER;
  if ((load_unaligned<u32>(pc) & kMemArgLong) != 0) [[unlikely]] {
    PETREL_GOTO(load_any<Value, Memory>);
  }
  const u64 address = sp[-1].bits[0];
  const u64 offset = pc[2];
  if (!is_inside(func, address, offset, sizeof(Memory))) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::memory_out_of_bounds>);
  }
  --sp;
  a = extend<Value>(load_unaligned<typename AsInt<Memory>::Type>(mem0 + address + offset));
  pc += 3;
  PETREL_NEXT(1);
}

/// A store to a memory 0 without guard; operands in memory.
template <typename Memory> PETREL_HANDLER(store_checked) {
  PETREL_ENTER;
  if ((load_unaligned<u32>(pc) & kMemArgLong) != 0) [[unlikely]] {
    PETREL_GOTO(store_any<Memory>);
  }
  const u64 address = sp[-2].bits[0];
  const u64 offset = pc[2];
  if (!is_inside(func, address, offset, sizeof(Memory))) [[unlikely]] {
    PETREL_GOTO(trap<ir::TrapCode::memory_out_of_bounds>);
  }
  const auto value = static_cast<typename AsInt<Memory>::Type>(sp[-1].bits[0]);
  __builtin_memcpy(mem0 + address + offset, &value, sizeof value);
  sp -= 2;
  pc += 3;
  PETREL_NEXT(0);
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
  if (has_memory_index(pc)) {
    flush<S>(sp, a, b);
    PETREL_GOTO(load_any<Value, Memory>);
  }
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
  if (has_memory_index(pc)) {
    PETREL_GOTO(store_any<Memory>);
  }
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
  flush<S>(sp, a, b);
  ++pc;
  a = memory_size(ctx, read_leb_u32(pc));
  PETREL_NEXT(1);
}

template <u32 S> PETREL_HANDLER(op_memory_grow) {
  PETREL_ENTER;
  ++pc;
  const u32 memory = read_leb_u32(pc);
  const u64 delta = pop<S>(sp, a, b);
  flush<popped(S)>(sp, a, b);
  a = memory_grow(ctx, memory, delta);
  mem0 = ctx->mem0_base;
  PETREL_NEXT(1);
}

/// Leaves with the trap that a builtin called at `pc` (0xfc page) left pending.
PETREL_HANDLER(fc_failed) {
  PETREL_ENTER;
  record_frames(prefix_start(pc, 0xfc), fp, func);
  PETREL_LEAVE(false);
}

/// Three operands in memory, i32 or i64, as u64.
struct Triple {
  u64 first;
  u64 second;
  u64 third;
};
inline Triple triple(const Slot* sp) { return {sp[-3].i64, sp[-2].i64, sp[-1].i64}; }

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
