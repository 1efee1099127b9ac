// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine of the in-place interpreter and the two shells around its handlers.
//
// A handler executes one instruction and dispatches the next. The registers below are its parameters; with clang's
// preserve_none convention they stay in machine registers from handler to handler, and `musttail` makes the
// dispatch one indirect jump. The first four survive C calls free of charge. `a` and `b` cache the topmost
// operands; which of them hold something is the *state*, and the state is not stored: it is the third of `disp`
// through which the previous handler dispatched.
//
//     state 0: all operands in memory        state 1: a is the top        state 2: b is the top, a below
//
// Compilers without preserve_none, sanitizers and unoptimised builds use the *loop build* (PETREL_INTERP_LOOP) of the
// same bodies: a handler gets the registers as a struct and returns its successor to a loop. The loop build compares
// bounds explicitly; the tail-call build relies on guard pages, so a handler that accesses guest memory there must
// not move the native stack pointer (interp/asm_test.sh checks the machine code).
#pragma once

#include <array>

#include "base/types.h"
#include "interp/func.h"

#if !defined(PETREL_INTERP_LOOP)
#if !defined(__clang__) || !defined(__OPTIMIZE__)
#define PETREL_INTERP_LOOP 1
#elif !__has_cpp_attribute(clang::preserve_none) || __has_feature(address_sanitizer) ||            \
    __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define PETREL_INTERP_LOOP 1
#endif
#endif

namespace petrel::interp {

#if defined(PETREL_INTERP_LOOP)

struct Entry;

struct Regs {
  const u8* pc;
  Slot* sp;
  Slot* fp;
  const u32* stp;
  u8* mem0;
  ir::VMContext* ctx;
  const Func* func;
  const Entry* disp;
  u64 a;
  u64 b;
};

struct Step;
using HandlerFn = Step (*)(Regs&);
/// What the loop does next; a null handler: leave with `ok`.
struct Step {
  HandlerFn next;
  bool ok;
};
struct Entry {
  HandlerFn fn;
};

// Races on guest data are the guest's; the sanitizer watches what handlers call.
#if defined(PETREL_TSAN)
#define PETREL_HANDLER_ATTR __attribute__((unused, no_sanitize("thread")))
#else
#define PETREL_HANDLER_ATTR [[maybe_unused]]
#endif
#define PETREL_HANDLER_RESULT Step
#define PETREL_REGS Regs& regs
#define PETREL_ENTER [[maybe_unused]] auto& [pc, sp, fp, stp, mem0, ctx, func, disp, a, b] = regs
#define PETREL_DISPATCH_TO(entry)                                                                  \
  return Step { (entry).fn, true }
#define PETREL_GOTO(...)                                                                           \
  return Step { &__VA_ARGS__, true }
#define PETREL_LEAVE(ok)                                                                           \
  return Step { nullptr, ok }

#else

struct Entry;
#define PETREL_REGS                                                                                \
  [[maybe_unused]] const u8 *pc, [[maybe_unused]] Slot *sp, [[maybe_unused]] Slot *fp,             \
      [[maybe_unused]] const u32 *stp, [[maybe_unused]] u8 *mem0,                                  \
      [[maybe_unused]] ir::VMContext *ctx, [[maybe_unused]] const Func *func,                      \
      [[maybe_unused]] const Entry *disp, [[maybe_unused]] u64 a, [[maybe_unused]] u64 b
using HandlerFn = __attribute__((preserve_none)) bool (*)(PETREL_REGS);
struct Entry {
  HandlerFn fn;
};

#define PETREL_HANDLER_ATTR                                                                        \
  __attribute__((preserve_none, noinline, unused, section("petrel_interp")))
#define PETREL_HANDLER_RESULT bool
#define PETREL_ENTER static_assert(true)
#define PETREL_REG_ARGS pc, sp, fp, stp, mem0, ctx, func, disp, a, b
#define PETREL_DISPATCH_TO(entry) [[clang::musttail]] return (entry).fn(PETREL_REG_ARGS)
#define PETREL_GOTO(...) [[clang::musttail]] return (__VA_ARGS__)(PETREL_REG_ARGS)
#define PETREL_LEAVE(ok) return (ok)

#endif

/// Head of a handler: `template <u32 S> PETREL_HANDLER(name) { PETREL_ENTER; …; PETREL_NEXT(state); }`.
#define PETREL_HANDLER(name) PETREL_HANDLER_ATTR static PETREL_HANDLER_RESULT name(PETREL_REGS)
/// The operand registers hold nothing: frees them for the handler's own values.
#if defined(PETREL_INTERP_LOOP)
#define PETREL_FORGET_OPERANDS static_assert(true)
#else
#define PETREL_FORGET_OPERANDS asm("" : "=r"(a), "=r"(b))
#endif
/// Goes on with an entry of the dispatch table.
#define PETREL_DISPATCH(entry_index) PETREL_DISPATCH_TO(disp[entry_index])
/// Dispatches the instruction at `pc` in register state `state`.
#define PETREL_NEXT(state) PETREL_DISPATCH((state) * 256u + *pc)

/// Layout of a dispatch table: three states of the one-byte opcodes, three of the 0xfc page, one of the 0xfe page.
constexpr u32 kPageFc = 3 * 256;
constexpr u32 kPageFcSize = 32;
constexpr u32 kPageFe = kPageFc + 3 * kPageFcSize; // atomics: one state, operands in memory
constexpr u32 kPageFeSize = 80;
constexpr u32 kDispatchSize = kPageFe + kPageFeSize;
/// The 0xfb page (gc_dispatch.cpp): operands in memory, `pc` at the prefix.
constexpr u32 kPageFbSize = 32;
extern const std::array<Entry, kPageFbSize> kPageFb;

/// The table of an instance (VMContext::interp_dispatch): by whether its module may hold v128 values, and whether its memory 0
/// has no guard, so that accesses are compared; canonical: NaN results are, and madd and nmadd round twice.
///
/// `a` and `b` have eight bytes. Where a v128 may be among them, the handlers that move operands without knowing their type
/// (locals, globals, select, results) have a *wide* form that keeps
///
/// INVARIANT(high-half): for a v128 in `a` or `b`, the upper eight bytes are at its home: the slot where `flush` would
/// put the lower ones.
///
/// So `flush` completes a v128, and calls, branches and scalar instructions need no wide form. Vector instructions flush and
/// work on slots (interp/simd_handlers.h). Modules without v128 pay nothing.
const void* dispatch_table(bool has_v128, bool is_checked, bool is_canonical);
/// The last kind, made from `plain`, a table of the same module without it (canonical_dispatch.cpp).
const void* canonical_dispatch_table(const Entry* plain, bool has_v128, bool is_checked);

/// Layout of the 0xfd page, which has no states: all operands are in memory. Its own translation unit makes it.
constexpr u32 kPageFdSize = 0x114;
/// The second one is for a memory 0 without guard.
[[gnu::visibility("hidden")]] extern const std::array<Entry, kPageFdSize> kPageFd[2];

/// Runs `func`, whose arguments, locals and header are on the value stack from `fp`, until it returns to the exit
/// function. The results are at `fp` then. False: a trap is pending.
bool run(const Func* func, Slot* fp);

constexpr u32 popped(u32 state) { return state == 0 ? 0 : state - 1; }
constexpr u32 pushed(u32 state) { return state == 2 ? 2 : state + 1; }

/// Takes the top operand in state S; the state is popped(S) then.
template <u32 S> [[gnu::always_inline]] inline u64 pop(Slot*& sp, u64 a, u64 b) {
  if constexpr (S == 2) {
    return b;
  } else if constexpr (S == 1) {
    return a;
  } else {
    --sp;
    return sp->bits[0];
  }
}

/// The top operand in state S, left where it is.
template <u32 S> [[gnu::always_inline]] inline u64 top(const Slot* sp, u64 a, u64 b) {
  if constexpr (S == 2) {
    return b;
  } else if constexpr (S == 1) {
    return a;
  } else {
    return sp[-1].bits[0];
  }
}

/// Where the top operand in state S is, or would be after `flush`.
template <u32 S> [[gnu::always_inline]] inline Slot* home(Slot* sp) {
  return sp + (static_cast<i64>(S) - 1);
}

/// Puts an operand on top in state S; the state is pushed(S) then.
template <u32 S> [[gnu::always_inline]] inline void push(Slot*& sp, u64& a, u64& b, u64 value) {
  if constexpr (S == 2) {
    sp->bits[0] = a;
    ++sp;
    a = b;
    b = value;
  } else if constexpr (S == 1) {
    b = value;
  } else {
    a = value;
  }
}

/// Moves all operands to memory: state 0.
template <u32 S> [[gnu::always_inline]] inline void flush(Slot*& sp, u64 a, u64 b) {
  if constexpr (S >= 1) {
    sp->bits[0] = a;
    ++sp;
  }
  if constexpr (S == 2) {
    sp->bits[0] = b;
    ++sp;
  }
}

/// Hides from the compiler where a value came from, where it would otherwise trade a load for two operations.
#if defined(PETREL_INTERP_LOOP)
#define PETREL_OPAQUE(value) static_assert(true)
#else
#define PETREL_OPAQUE(value) asm("" : "+r"(value))
#endif

/// Writes a slot at once, so that a load of sixteen bytes finds it in one piece.
[[gnu::always_inline]] inline void write_words(Slot* to, u64 low, u64 high) {
  typedef u64 Words __attribute__((vector_size(16)));
  const Words words = {low, high};
  __builtin_memcpy(to, &words, sizeof words);
}

template <typename T> [[gnu::always_inline]] inline T load_unaligned(const void* from) {
  T value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

} // namespace petrel::interp
