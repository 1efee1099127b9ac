// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What handlers call out of line, with the C convention: traps and their backtraces, first-call preparation,
// host calls, runtime builtins.
#pragma once

#include "interp/func.h"
#include "ir/builtins.h"
#include "ir/traps.h"

namespace petrel::interp {

/// Makes a trap at `pc` pending and records the frames of this activation.
void record_trap(ir::TrapCode code, const u8* pc, const Slot* fp, const Func* func);
/// Records the frames of this activation, innermost at `pc`, for what is pending already.
void record_frames(const u8* pc, const Slot* fp, const Func* func);

/// Fills an element of VMContext::interp_funcs that is still zero. `func` belongs to `ctx`. False: its body was to be
/// validated only now (lazy validation) and is invalid; that error is pending. May change the context's dispatch table.
bool prepare(ir::VMContext* ctx, Func* func);

/// Resolves a table element for call_indirect of any table: the function, or null with a trap pending.
ir::FuncRef* resolve_indirect(ir::VMContext* ctx, u32 table, u64 index, u64 type_id);

/// Parameter and result counts of module type `type_idx`.
struct Arity {
  u32 params;
  u32 results;
};
Arity arity_of_type(const ir::VMContext* ctx, u32 type_idx);

/// A call to host code: its arguments, replaced by the results, are the slots from `args`, with `slots` =
/// max(parameters, results) in use. False: something is pending (a trap, an exit, an exception), and `unwind` comes next.
bool call_host(ir::FuncRef* callee, Slot* args, u32 slots, HostFrame from);

/// A tail call: moves the arguments of `callee`, the topmost operands, to `fp`, and makes its frame there with the header of
/// `func`'s frame. Where its operands begin, or null when the stack is exhausted (nothing moved then).
Slot* replace_frame(Slot* fp, const Slot* sp, const Func* func, const Func* callee);

/// Asks the runtime whether to leave; false: yes, and the frames are recorded.
bool poll(const u8* pc, const Slot* fp, const Func* func);

/// Address of the 16-byte slot that holds the live pair {base or elements, size} of a table.
const ir::TablePair& table_pair(const ir::VMContext* ctx, u32 table);

/// The live {base, size} of a memory of the context's instance.
const ir::MemoryPair& memory_pair(const ir::VMContext* ctx, u32 memory);

/// The bytes that an access means and the instruction after it.
struct Access {
  u8* at; ///< null: out of bounds
  const u8* next;
};
/// Any access: memarg of any form at `memarg`, any memory, `address` as it lies on the stack (32-bit ones zero-extended).
Access locate(const ir::VMContext* ctx, const u8* memarg, u64 address, u32 size_bytes);

/// The same for an atomic access, `pc` at the last byte of its opcode: traps when it is not aligned or out of bounds; null
/// then, and the frames are recorded.
Access locate_atomic(const u8* pc, const Slot* fp, const Func* func, u64 address, u32 size_bytes);
/// memory.atomic.wait on the 4 or 8 bytes at `at`: `operands` are {address, expected, timeout}, the first becomes the
/// outcome. False: a trap is pending and the frames are recorded.
bool wait(const u8* pc, const Slot* fp, const Func* func, const u32* at, Slot* operands);
bool wait(const u8* pc, const Slot* fp, const Func* func, const u64* at, Slot* operands);
/// memory.atomic.notify with its memarg at `memarg`: threads woken.
u32 notify(const ir::VMContext* ctx, const u8* memarg, const void* at, u32 count);

/// The prefix byte of an instruction of a prefix page, whose handler got the last byte of the opcode.
inline const u8* prefix_start(const u8* pc, u8 prefix) {
  while (*--pc != prefix) { // no byte of a LEB128 below 0x7b is a prefix
  }
  return pc;
}

/// memory.size and memory.grow, table.grow: any index, results as the address type has them.
u64 memory_size(const ir::VMContext* ctx, u32 memory);
u64 memory_grow(ir::VMContext* ctx, u32 memory, u64 delta);
u64 table_grow(ir::VMContext* ctx, u32 table, u64 reference, u64 delta);

/// Calls a runtime function of ir/builtins.def; R and Args as its row says.
template <typename R, typename... Args>
[[gnu::always_inline]] inline R builtin(ir::Builtin which, ir::VMContext* ctx, Args... args) {
  using Fn = R (*)(ir::VMContext*, Args...);
  // SAFETY: the table holds functions of exactly the rows' signatures (runtime/builtins.cpp).
  return reinterpret_cast<Fn>(const_cast<void*>(ctx->builtins[static_cast<u32>(which)]))(ctx,
                                                                                         args...);
}

/// The address computation of interpreted accesses (rule R1): 32-bit address plus 32-bit offset, without wrap.
[[gnu::always_inline]] inline u64 effective_address(u32 address, u32 offset) {
  return u64{address} + u64{offset};
}

} // namespace petrel::interp
