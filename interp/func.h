// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the handlers read about a function, and what a call leaves on the value stack (docs/architecture.md;
// the stack grows up, slots are 16 bytes):
//
//        fp                          fp + nlocals                 + 2                      sp
//        v                           v                            v                        v
//     ---+-----------+---------------+----+-----+----+-----------+---------------- - - ---+
//        | arguments | other locals  | pc | stp | fp | func      | operands               |
//     ---+-----------+---------------+----+-----+----+-----------+---------------- - - ---+
//                    zeroed          the caller's, two slots      at most max_height slots
//
// The arguments are the caller's topmost operands: a call moves nothing, results replace them. A frame that host
// code entered has `func` = the exit function, whose context is null.
//
// INVARIANT(stack-limit): fp + nlocals + kHeaderSlots + max_height <= VMStoreContext::value_stack_limit for every
// frame; checked on every entry.
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
  const u8* code;         ///< first instruction
  const u8* end;          ///< just past the final `end`
  const u32* stp;         ///< its part of the side table
  ir::VMContext* ctx;     ///< the instance it belongs to; null for the exit function
  ir::MemoryPair* mem0;   ///< live base and size of memory 0; an empty pair when there is none
  u32 frame_bytes;        ///< header and operands
  u32 nlocals;            ///< parameters included
  u16 nparams;
  u16 nresults;
  FuncKind kind;
  u32 imported_globals;
  u32 index;              ///< FuncIdx
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
static_assert(sizeof(FrameHeader) == kHeaderSlots * sizeof(Slot));

/// Where interpreted code stands while host code that it called runs: link in VMStoreContext::interp_frame.
struct HostFrame {
  HostFrame* prev;
  const Func* func;
  const u8* pc; ///< the call instruction
  Slot* fp;
};

} // namespace petrel::interp
