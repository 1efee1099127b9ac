// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the handlers read about a function, and what a call leaves on the value stack (docs/architecture.md;
// the stack grows up, slots are 16 bytes):
//
//        fp                          fp + locals_bytes            + 2 slots                sp
//        v                           v                            v                        v
//     ---+-----------+---------------+----+-----+----+-----------+---------------- - - ---+
//        | arguments | other locals  | pc | stp | fp | func      | operands               |
//     ---+-----------+---------------+----+-----+----+-----------+---------------- - - ---+
//                    zeroed          the caller's, two slots      at most max_height slots
//
// The arguments are the caller's topmost operands: a call moves nothing, results replace them. A frame that host
// code entered has `func` = the exit function, whose context is null.
//
// INVARIANT(stack-limit): fp + locals_bytes + frame_bytes <= VMStoreContext::value_stack_limit for every frame;
// checked on every entry.
#pragma once

#include "ir/vm.h"

namespace petrel::interp {

using Slot = RawVal;

enum class FuncKind : u32 {
  unprepared = 0, ///< fresh zero memory: `prepare` on the first call
  wasm,
  import, ///< look at FuncRef `index` of the context: another instance's function or the host's
  exit,   ///< pseudo function: leave to the host
};

/// A function of an instance's index space, ready to run. Element of the array VMContext::interp_funcs.
struct alignas(64) Func {
  const u8* code;       ///< first instruction
  const u8* end;        ///< just past the final `end`
  const u32* stp;       ///< its part of the side table
  ir::VMContext* ctx;   ///< the instance it belongs to; null for the exit function
  ir::MemoryPair* mem0; ///< live base and size of memory 0; an empty pair when there is none
  u32 args_bytes;       ///< parameters on the value stack
  u32 locals_bytes;     ///< from fp to the header: all locals, parameters included
  u32 frame_bytes;      ///< header and operands
  FuncKind kind;
  u16 nparams;
  u16 nresults;
  u32 imported_globals;

  u32 index() const { return static_cast<u32>(this - ctx->interp_funcs); }
};
static_assert(sizeof(Func) == 64);

/// The caller's registers, at fp + nlocals of the callee.
struct FrameHeader {
  const u8* pc;   ///< instruction after the call
  const u32* stp; ///< side table after the call's entry
  Slot* fp;
  const Func* func;
};
constexpr u32 kHeaderSlots = 2;

/// `bytes` behind (or, negative, before) a slot.
inline Slot* slot_at(const Slot* base, i64 bytes) {
  // SAFETY: multiples of the slot size, inside the value stack.
  return reinterpret_cast<Slot*>(reinterpret_cast<u64>(base) + static_cast<u64>(bytes));
}
/// The header of the frame at `fp`.
inline FrameHeader* header_of(const Slot* fp, const Func* func) {
  // SAFETY: every frame has its header there (see above).
  return reinterpret_cast<FrameHeader*>(slot_at(fp, func->locals_bytes));
}
static_assert(sizeof(FrameHeader) == kHeaderSlots * sizeof(Slot));

/// Where interpreted code stands while host code that it called runs: link in VMStoreContext::interp_frame.
struct HostFrame {
  HostFrame* prev;
  const Func* func;
  const u8* pc; ///< the call instruction
  Slot* fp;
};

} // namespace petrel::interp
