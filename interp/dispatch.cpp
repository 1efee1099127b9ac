// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dispatch table, expanded from ir/opcodes.def: family and feature of a row choose the handler template. A new
// family or feature that this file does not know is a compile error; opcodes of features that the
// interpreter does not have yet lead to op_illegal, which validation keeps unreachable.
#include <array>

#include "interp/atomic_handlers.h"
#include "interp/control_handlers.h"
#include "interp/exception_handlers.h"
#include "interp/interp.h"
#include "interp/memory_handlers.h"
#include "interp/numeric_handlers.h"
#include "interp/reference_handlers.h"
#include "interp/table_handlers.h"
#include "interp/variable_handlers.h"
#include "ir/opcodes.h"
#include "runtime/code_registry.h"

namespace petrel::interp {
namespace {

using Table = std::array<Entry, kDispatchSize>;

/// Where opcode `code` behind `prefix` lies in the table for state S; kDispatchSize when it has no place.
constexpr u32 place(u32 prefix, u32 code, u32 state) {
  if (prefix == 0) {
    return state * 256 + code;
  }
  if (prefix == 0xfe && state == 0) {
    return kPageFe + code;
  }
  return prefix == 0xfc && code < kPageFcSize ? kPageFc + state * kPageFcSize + code
                                              : kDispatchSize;
}

constexpr void put(Table& table, u32 prefix, u32 code, u32 state, HandlerFn fn) {
  const u32 at = place(prefix, code, state);
  if (at != kDispatchSize) {
    table[at].fn = fn;
  }
}

/// The 0xfb prefix: goes on in the page of gc_dispatch.cpp, with `pc` still at the prefix.
template <u32 S> PETREL_HANDLER(op_prefix_fb) {
  PETREL_ENTER;
  flush<S>(sp, a, b);
  const u8* at = pc + 1;
  PETREL_DISPATCH_TO(kPageFb.data()[read_leb_u32(at) % kPageFbSize]);
}

/// An opcode of the 0xfd page of more than two bytes.
template <bool kChecked> PETREL_HANDLER(prefix_fd_long) {
  PETREL_ENTER;
  const u8* at = pc + 1;
  const u32 code = read_leb_u32(at);
  pc = at - 2;
  PETREL_DISPATCH_TO(kPageFd[kChecked].data()[code]);
}

/// The 0xfd prefix: completes the operands in memory and goes on in the page with `pc` one byte before the last byte of the
/// opcode, which is the instruction itself unless its code is long. A v128 that was only moved is complete already: not
/// storing its lower half again lets the next load take it in one piece.
template <u32 S, bool kChecked> PETREL_HANDLER(op_prefix_fd) {
  PETREL_ENTER;
  if constexpr (S >= 1) {
    if (sp->bits[0] != a) {
      sp->bits[0] = a;
    }
    ++sp;
  }
  if constexpr (S == 2) {
    if (sp->bits[0] != b) {
      sp->bits[0] = b;
    }
    ++sp;
  }
  const u32 word = load_unaligned<u16>(pc + 1);
  if ((word & 0x80) == 0) {
    PETREL_DISPATCH_TO(kPageFd[kChecked].data()[word & 0x7f]);
  }
  if ((word & 0x8000) == 0) {
    ++pc;
    PETREL_DISPATCH_TO(kPageFd[kChecked].data()[(word & 0x7f) | (word >> 1 & 0x3f80)]);
  }
  PETREL_GOTO(prefix_fd_long<kChecked>);
}

/// The 0xfc prefix: goes on in the page, with `pc` at the last byte of the opcode.
template <u32 S> PETREL_HANDLER(op_prefix_fc) {
  PETREL_ENTER;
  const u8* at = pc + 1;
  const u32 code = read_leb_u32(at);
  pc = at - 1;
  PETREL_DISPATCH(kPageFc + S * kPageFcSize + code);
}

// Which features have handlers: the row's handler, or op_illegal.
#define PETREL_IF_Mvp(...) __VA_ARGS__
#define PETREL_IF_SignExtension(...) __VA_ARGS__
#define PETREL_IF_SaturatingFloatToInt(...) __VA_ARGS__
#define PETREL_IF_BulkMemory(...) __VA_ARGS__
#define PETREL_IF_ReferenceTypes(...) __VA_ARGS__
#define PETREL_IF_TailCall(...) __VA_ARGS__
#define PETREL_IF_FunctionReferences(...) __VA_ARGS__
#define PETREL_IF_Exceptions(...) __VA_ARGS__
#define PETREL_IF_LegacyExceptions(...) __VA_ARGS__
// Those of the 0xfb page have their names in gc_dispatch.cpp.
#define PETREL_IF_Gc(...) op_illegal<S>
// Vector instructions are in a page of their own (simd_dispatch.cpp).
#define PETREL_IF_Simd(...) op_illegal<S>
#define PETREL_IF_RelaxedSimd(...) op_illegal<S>
#define PETREL_IF_Threads(...) __VA_ARGS__
#define PETREL_IF_WideArithmetic(...) __VA_ARGS__

// The handler of a numeric row, by family; `fn` is its function of ir/numeric.h.
#define PETREL_NUMERIC_Test(fn) test<S, &fn>
#define PETREL_NUMERIC_Unary(fn) unary<S, &fn>
#define PETREL_NUMERIC_Convert(fn) unary<S, &fn>
#define PETREL_NUMERIC_Compare(fn) compare<S, &fn>
#define PETREL_NUMERIC_Binary(fn) binary<S, &fn>
#define PETREL_NUMERIC_DivRem(fn) checked_binary<S, &fn>
#define PETREL_NUMERIC_Trunc(fn) checked_unary<S, &fn>

// The handler of an atomic row, by family.
#define PETREL_ATOMIC_AtomicLoad(memory, rmw) atomic_load<memory>
#define PETREL_ATOMIC_AtomicStore(memory, rmw) atomic_store<memory>
#define PETREL_ATOMIC_AtomicRmw(memory, rmw) atomic_rmw<memory, ir::Rmw::rmw>
#define PETREL_ATOMIC_AtomicCmpxchg(memory, rmw) atomic_cmpxchg<memory>
#define PETREL_ATOMIC_AtomicNotify(memory, rmw) atomic_notify<memory>
#define PETREL_ATOMIC_AtomicWait(memory, rmw) atomic_wait<memory>

// Names that the rows of other families expand to.
template <u32 S> constexpr HandlerFn op_if_ = &op_if<S>;
template <u32 S> constexpr HandlerFn op_else_ = &op_else<S>;
template <u32 S> constexpr HandlerFn op_return_ = &op_return<S>;
template <u32 S> constexpr HandlerFn op_i64_add128 = &wide_binary<S, &ir::numeric::i64_add128>;
template <u32 S> constexpr HandlerFn op_i64_sub128 = &wide_binary<S, &ir::numeric::i64_sub128>;
template <u32 S> constexpr HandlerFn op_i64_mul_wide_s = &wide_mul<S, &ir::numeric::i64_mul_wide_s>;
template <u32 S> constexpr HandlerFn op_i64_mul_wide_u = &wide_mul<S, &ir::numeric::i64_mul_wide_u>;
template <u32 S> constexpr HandlerFn op_i32_const = &const_int<S, false>;
template <u32 S> constexpr HandlerFn op_i64_const = &const_int<S, true>;
template <u32 S> constexpr HandlerFn op_f32_const = &const_float<S, u32>;
template <u32 S> constexpr HandlerFn op_f64_const = &const_float<S, u64>;

template <u32 S> constexpr void fill(Table& table) {
  for (u32 code = 0; code < 256; ++code) {
    put(table, 0, code, S, &op_illegal<S>);
  }
  for (u32 code = 0; code < kPageFcSize; ++code) {
    put(table, 0xfc, code, S, &op_illegal<S>);
  }
  for (u32 code = 0; code < kPageFeSize; ++code) {
    put(table, 0xfe, code, S, &op_illegal<S>);
  }
  put(table, 0, 0xfc, S, &op_prefix_fc<S>);
  put(table, 0, 0xfe, S, &op_prefix_fe<S>);
  put(table, 0, ir::kPrefixGc, S, &op_prefix_fb<S>);
#define PETREL_OP(Enum, snake, text, prefix, code, imm, params, results, feature, family)          \
  put(table, prefix, code, S, PETREL_IF_##feature(op_##snake<S>));
#define PETREL_OP_NUMERIC(Enum, snake, text, prefix, code, params, results, feature, family)       \
  put(table, prefix, code, S, PETREL_IF_##feature(PETREL_NUMERIC_##family(ir::numeric::snake)));
#define PETREL_OP_LOAD(Enum, snake, text, prefix, code, params, results, feature, family, value,   \
                       memory)                                                                     \
  put(table, prefix, code, S, PETREL_IF_##feature(load<S, value, memory>));
#define PETREL_OP_STORE(Enum, snake, text, prefix, code, params, results, feature, family, value,  \
                        memory)                                                                    \
  put(table, prefix, code, S, PETREL_IF_##feature(store<S, memory>));
#define PETREL_OP_ATOMIC(Enum, snake, text, prefix, code, params, results, feature, family, value, \
                         memory, rmw)                                                              \
  put(table, prefix, code, S, PETREL_IF_##feature(PETREL_ATOMIC_##family(memory, rmw)));
#include "ir/opcodes.def"
  put(table, 0, ir::op_info(ir::Op::RefEq).code, S, &op_ref_eq<S>);
}

/// What differs in modules with v128.
template <u32 S, bool kChecked> constexpr void widen(Table& table) {
  const auto put_op = [&](ir::Op op, HandlerFn fn) { put(table, 0, ir::op_info(op).code, S, fn); };
  put_op(ir::Op::LocalGet, &op_local_get<S, true>);
  put_op(ir::Op::LocalSet, &op_local_set<S, true>);
  put_op(ir::Op::LocalTee, &op_local_tee<S, true>);
  put_op(ir::Op::GlobalGet, &op_global_get<S, true>);
  put_op(ir::Op::GlobalSet, &op_global_set<S, true>);
  put_op(ir::Op::Select, &op_select<S, true>);
  put_op(ir::Op::SelectT, &op_select_t<S, true>);
  put_op(ir::Op::Return, &op_return<S, true>);
  put_op(ir::Op::End, &op_end<S, true>);
  put(table, 0, ir::kPrefixSimd, S, &op_prefix_fd<S, kChecked>);
}

constexpr Table make_table() {
  Table table{};
  fill<0>(table);
  fill<1>(table);
  fill<2>(table);
  return table;
}

template <bool kChecked> constexpr Table widened(Table table) {
  widen<0, kChecked>(table);
  widen<1, kChecked>(table);
  widen<2, kChecked>(table);
  return table;
}

/// The same for instances whose memory 0 has no guard: only what accesses it differs.
constexpr Table make_checked_table() {
  Table table = make_table();
  auto replace = [&](u32 code, HandlerFn fn) {
    put(table, 0, code, 0, fn);
    put(table, 0, code, 1, &spill<1>);
    put(table, 0, code, 2, &spill<2>);
  };
#define PETREL_OP(...)
#define PETREL_OP_LOAD(Enum, snake, text, prefix, code, params, results, feature, family, value,   \
                       memory)                                                                     \
  replace(code, &load_checked<value, memory>);
#define PETREL_OP_STORE(Enum, snake, text, prefix, code, params, results, feature, family, value,  \
                        memory)                                                                    \
  replace(code, &store_checked<memory>);
#include "ir/opcodes.def"
  return table;
}

constinit const Table kTables[] = {make_table(), widened<false>(make_table()), make_checked_table(),
                                   widened<true>(make_checked_table())};

} // namespace

const void* dispatch_table(bool has_v128, bool is_checked, bool is_canonical) {
  const Entry* const plain = kTables[(is_checked ? 2u : 0u) + (has_v128 ? 1u : 0u)].data();
  return is_canonical ? canonical_dispatch_table(plain, has_v128, is_checked) : plain;
}

// --- The shell ---------------------------------------------------------------------------------------------

bool run(const Func* func, Slot* fp) {
  Slot* const sp = reinterpret_cast<Slot*>(header_of(fp, func)) + kHeaderSlots;
  ir::VMContext* const ctx = func->ctx;
  const auto* const disp = static_cast<const Entry*>(ctx->interp_dispatch);
#if defined(PETREL_INTERP_LOOP)
  Regs regs{func->code, sp, fp, func->stp, ctx->mem0_base, ctx, func, disp, 0, 0};
  Step step{disp[*func->code].fn, true};
  while (step.next != nullptr) {
    step = step.next(regs);
  }
  return step.ok;
#else
  return disp[*func->code].fn(func->code, sp, fp, func->stp, ctx->mem0_base, ctx, func, disp, 0, 0);
#endif
}

#if !defined(PETREL_INTERP_LOOP)
// Bounds of the handler section, made by the linker.
extern "C" [[gnu::visibility("hidden")]] const u8 __start_petrel_interp[];
extern "C" [[gnu::visibility("hidden")]] const u8 __stop_petrel_interp[];
#endif

const runtime::InterpHooks& hooks() {
  static const runtime::InterpHooks* const kHooks = [] {
#if defined(PETREL_INTERP_LOOP)
    static const runtime::InterpHooks kMade = {sizeof(Func), &enter,  nullptr,
                                               nullptr,      nullptr, &dispatch_table};
#else
    static const runtime::InterpHooks kMade = {sizeof(Func),
                                               &enter,
                                               __start_petrel_interp,
                                               __stop_petrel_interp,
                                               reinterpret_cast<const void*>(&memory_fault),
                                               &dispatch_table};
    runtime::register_code({kMade.text_start, kMade.text_end, nullptr, kMade.fault_landing});
#endif
    return &kMade;
  }();
  return *kHooks;
}

} // namespace petrel::interp
