// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entering guest code and leaving it in one jump. `petrel_enter` (arch/*.S) saves the callee-saved registers
// and the stack pointer in the caller's frame, notes that stack pointer in the Activation, moves to the
// guest stack when asked, zeroes the frame pointer (which ends backtraces), and calls an array entry.
// `petrel_leave` comes back to the same point from any depth: the register file is restored from memory, no frame
// in between is run. C++ frames in between would be lost without their destructors; therefore C++ called from
// guest code never unwinds but returns false, and each nested entry has an Activation of its own.
//
// INVARIANT(activation): between petrel_enter and its return, VMStoreContext::activation and the thread's
// `current_activation` point to this Activation whenever guest code of it runs.
#pragma once

#include "ir/vm.h"

namespace petrel::runtime {

class Store;

struct Activation {
  void* saved_sp = nullptr;   ///< written by petrel_enter; offset 0 is known to arch/*.S
  Activation* prev = nullptr; ///< the Store's next outer activation
  Activation* prev_on_thread = nullptr;
  Store* store = nullptr;
};

extern "C" {
/// Calls `entry(callee, args)` as described above; `guest_sp` null: stay on the current stack. Returns what
/// the entry returned, or false after petrel_leave.
bool petrel_enter(Activation* activation, ir::ArrayEntry entry, ir::FuncRef* callee, RawVal* args,
                  u8* guest_sp);
/// Resumes at the return of `petrel_enter(activation, …)` with false. Also the landing pad to which the signal
/// handler redirects the pc (activation in the first argument register).
[[noreturn]] void petrel_leave(Activation* activation);
}

/// Innermost activation of the calling thread, over all Stores; read by the signal handler.
extern thread_local constinit Activation* current_activation;

} // namespace petrel::runtime
