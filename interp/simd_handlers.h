// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the vector instructions (specification §4.6.2, §4.6.5): functions of ir/numeric_simd.h between slots. op_prefix_fd
// completed all operands in memory (state 0), and `pc` is one byte before the last byte of the opcode, so that immediates
// start at pc[2]. One handler per instruction serves all states. For memory accesses the rules of memory_handlers.h hold.
// Included by simd_dispatch.cpp only.
#pragma once

#include "interp/memory_handlers.h"
#include "interp/numeric_handlers.h"
#include "ir/numeric_simd.h"

namespace petrel::interp {
namespace {

using ir::numeric::V128;

/// Smaller than the alignment of the hot handlers: two of these lie in a cache line.
#define PETREL_SIMD_HANDLER(name) [[gnu::aligned(16)]] PETREL_HANDLER(name)

[[gnu::always_inline]] inline V128 load_v128(const Slot* slot) {
  return load_unaligned<V128>(slot);
}
[[gnu::always_inline]] inline void store_v128(Slot* slot, V128 value) {
  __builtin_memcpy(slot, &value, sizeof value);
}

template <auto Fn> PETREL_SIMD_HANDLER(simd_unary) {
  PETREL_ENTER;
  store_v128(sp - 1, Fn(load_v128(sp - 1)));
  pc += 2;
  PETREL_NEXT(0);
}

template <auto Fn> PETREL_SIMD_HANDLER(simd_binary) {
  PETREL_ENTER;
  store_v128(sp - 2, Fn(load_v128(sp - 2), load_v128(sp - 1)));
  --sp;
  pc += 2;
  PETREL_NEXT(0);
}

template <auto Fn> PETREL_SIMD_HANDLER(simd_ternary) {
  PETREL_ENTER;
  store_v128(sp - 3, Fn(load_v128(sp - 3), load_v128(sp - 2), load_v128(sp - 1)));
  sp -= 2;
  pc += 2;
  PETREL_NEXT(0);
}

template <auto Fn> PETREL_SIMD_HANDLER(simd_shift) {
  PETREL_ENTER;
  store_v128(sp - 2, Fn(load_v128(sp - 2), sp[-1].i32));
  --sp;
  pc += 2;
  PETREL_NEXT(0);
}

/// v128 to i32.
template <auto Fn> PETREL_SIMD_HANDLER(simd_test) {
  PETREL_ENTER;
  a = Fn(load_v128(sp - 1));
  --sp;
  pc += 2;
  PETREL_NEXT(1);
}

template <auto Fn> PETREL_SIMD_HANDLER(simd_splat) {
  PETREL_ENTER;
  store_v128(sp - 1, Fn(from_bits<typename Signature<Fn>::First>(sp[-1].bits[0])));
  pc += 2;
  PETREL_NEXT(0);
}

template <auto Fn> PETREL_SIMD_HANDLER(simd_extract_lane) {
  PETREL_ENTER;
  a = to_bits(Fn(load_v128(sp - 1), pc[2]));
  --sp;
  pc += 3;
  PETREL_NEXT(1);
}

template <typename> struct LastParameter;
template <typename R, typename A, typename B, typename C> struct LastParameter<R (*)(A, B, C)> {
  using Type = C;
};
template <auto Fn> PETREL_SIMD_HANDLER(simd_replace_lane) {
  PETREL_ENTER;
  using Value = typename LastParameter<decltype(Fn)>::Type;
  store_v128(sp - 2, Fn(load_v128(sp - 2), pc[2], from_bits<Value>(sp[-1].bits[0])));
  --sp;
  pc += 3;
  PETREL_NEXT(0);
}

PETREL_SIMD_HANDLER(simd_const) {
  PETREL_ENTER;
  store_v128(sp, load_unaligned<V128>(pc + 2));
  ++sp;
  pc += 2 + sizeof(V128);
  PETREL_NEXT(0);
}

template <auto Fn> PETREL_SIMD_HANDLER(simd_shuffle) {
  PETREL_ENTER;
  store_v128(sp - 2, Fn(load_v128(sp - 2), load_v128(sp - 1), load_unaligned<V128>(pc + 2)));
  --sp;
  pc += 2 + sizeof(V128);
  PETREL_NEXT(0);
}

// --- Memory --------------------------------------------------------------------------------------------------

/// Moves `pc` behind a memarg of any form.
[[gnu::always_inline]] inline void skip_simd_memarg(const u8*& pc) {
  ++pc;
  skip_memarg(pc);
}

/// The access of a vector instruction: `…_at` does it with the effective address as its operand, after the memarg was
/// decoded by `…_long`; the short form, two one-byte LEBs, takes `kShort` and does both.
#define PETREL_SIMD_ADDRESS(slot) (kShort ? effective_address((slot).i32, pc[3]) : (slot).bits[0])
#define PETREL_SIMD_ADVANCE                                                                        \
  do {                                                                                             \
    if constexpr (kShort) {                                                                        \
      pc += 4;                                                                                     \
    } else {                                                                                       \
      skip_simd_memarg(pc);                                                                        \
    }                                                                                              \
  } while (false)
/// Leaves a memarg of another form to `long_form`.
#define PETREL_SIMD_MEMARG(...)                                                                    \
  if (kShort && (load_unaligned<u32>(pc + 1) & kMemArgLong) != 0) [[unlikely]] {                   \
    PETREL_GOTO(__VA_ARGS__);                                                                      \
  }                                                                                                \
  static_assert(true)

/// Replaces the address, `kDepth` operands below the top, by the effective one, and goes on in `kThen`; in `kAny` when the
/// memarg names a memory.
template <u32 kDepth, auto kThen, auto kAny> PETREL_SIMD_HANDLER(simd_memarg_long) {
  PETREL_ENTER;
  if (has_memory_index(pc + 1)) {
    PETREL_GOTO(*kAny);
  }
  Slot& address = sp[-1 - static_cast<i32>(kDepth)];
  address.bits[0] = effective_address(address.i32, memarg_offset(pc + 1));
  PETREL_GOTO(*kThen);
}

// `…_any`: every form, every memory, with compare; the only ones where memory 0 has no guard.

template <auto Fn> PETREL_SIMD_HANDLER(simd_load_any) {
  PETREL_ENTER;
  using Memory = typename Signature<Fn>::First;
  const Access access = locate(ctx, pc + 2, sp[-1].bits[0], sizeof(Memory));
  if (access.at == nullptr) [[unlikely]] {
    PETREL_GOTO(memory_fault);
  }
  store_v128(sp - 1, Fn(load_unaligned<Memory>(access.at)));
  pc = access.next;
  PETREL_NEXT(0);
}

PETREL_SIMD_HANDLER(simd_store_any) {
  PETREL_ENTER;
  const Access access = locate(ctx, pc + 2, sp[-2].bits[0], sizeof(V128));
  if (access.at == nullptr) [[unlikely]] {
    PETREL_GOTO(memory_fault);
  }
  const V128 value = load_v128(sp - 1);
  __builtin_memcpy(access.at, &value, sizeof value);
  sp -= 2;
  pc = access.next;
  PETREL_NEXT(0);
}

template <typename Memory> PETREL_SIMD_HANDLER(simd_load_lane_any) {
  PETREL_ENTER;
  const Access access = locate(ctx, pc + 2, sp[-2].bits[0], sizeof(Memory));
  if (access.at == nullptr) [[unlikely]] {
    PETREL_GOTO(memory_fault);
  }
  const Memory value = load_unaligned<Memory>(access.at);
  store_v128(sp - 2, ir::numeric::simd::with_lane<Memory>(load_v128(sp - 1), *access.next, value));
  --sp;
  pc = access.next + 1;
  PETREL_NEXT(0);
}

template <typename Memory> PETREL_SIMD_HANDLER(simd_store_lane_any) {
  PETREL_ENTER;
  const Access access = locate(ctx, pc + 2, sp[-2].bits[0], sizeof(Memory));
  if (access.at == nullptr) [[unlikely]] {
    PETREL_GOTO(memory_fault);
  }
  const Memory value = load_unaligned<Memory>(sp[-1].bytes + *access.next * sizeof(Memory));
  __builtin_memcpy(access.at, &value, sizeof value);
  sp -= 2;
  pc = access.next + 1;
  PETREL_NEXT(0);
}

// Memory 0 with guard.

/// v128.load and its like; `Fn` makes the value of what lies in memory.
template <auto Fn, bool kShort = true> PETREL_SIMD_HANDLER(simd_load) {
  PETREL_ENTER;
  using Memory = typename Signature<Fn>::First;
  PETREL_SIMD_MEMARG(simd_memarg_long<0, &simd_load<Fn, false>, &simd_load_any<Fn>>);
  const u64 at = PETREL_SIMD_ADDRESS(sp[-1]);
  PETREL_ACCESS(at, sizeof(Memory));
  store_v128(sp - 1, Fn(load_unaligned<Memory>(mem0 + at)));
  PETREL_PIN_STORE;
  PETREL_SIMD_ADVANCE;
  PETREL_NEXT(0);
}

template <bool kShort = true> PETREL_SIMD_HANDLER(simd_store) {
  PETREL_ENTER;
  PETREL_SIMD_MEMARG(simd_memarg_long<1, &simd_store<false>, &simd_store_any>);
  const u64 at = PETREL_SIMD_ADDRESS(sp[-2]);
  PETREL_ACCESS(at, sizeof(V128));
  const V128 value = load_v128(sp - 1);
  __builtin_memcpy(mem0 + at, &value, sizeof value);
  PETREL_PIN_STORE;
  sp -= 2;
  PETREL_SIMD_ADVANCE;
  PETREL_NEXT(0);
}

template <typename Memory, bool kShort = true> PETREL_SIMD_HANDLER(simd_load_lane) {
  PETREL_ENTER;
  PETREL_SIMD_MEMARG(
      simd_memarg_long<1, &simd_load_lane<Memory, false>, &simd_load_lane_any<Memory>>);
  const u64 at = PETREL_SIMD_ADDRESS(sp[-2]);
  PETREL_ACCESS(at, sizeof(Memory));
  Memory value = load_unaligned<Memory>(mem0 + at);
  PETREL_PIN_LOAD(value);
  PETREL_SIMD_ADVANCE;
  store_v128(sp - 2, ir::numeric::simd::with_lane<Memory>(load_v128(sp - 1), *pc, value));
  --sp;
  ++pc;
  PETREL_NEXT(0);
}

template <typename Memory, bool kShort = true> PETREL_SIMD_HANDLER(simd_store_lane) {
  PETREL_ENTER;
  PETREL_SIMD_MEMARG(
      simd_memarg_long<1, &simd_store_lane<Memory, false>, &simd_store_lane_any<Memory>>);
  const u64 at = PETREL_SIMD_ADDRESS(sp[-2]);
  PETREL_ACCESS(at, sizeof(Memory));
  const u8* lane_at = pc + 4;
  if constexpr (!kShort) {
    lane_at = pc;
    skip_simd_memarg(lane_at);
  }
  const Memory value = load_unaligned<Memory>(sp[-1].bytes + *lane_at * sizeof(Memory));
  __builtin_memcpy(mem0 + at, &value, sizeof value);
  PETREL_PIN_STORE;
  sp -= 2;
  PETREL_SIMD_ADVANCE;
  ++pc;
  PETREL_NEXT(0);
}

} // namespace
} // namespace petrel::interp
