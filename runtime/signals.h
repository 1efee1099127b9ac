// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From hardware fault to trap (docs/architecture.md, "Traps and unwinding"). One handler per process for SIGSEGV, SIGBUS,
// SIGFPE, SIGILL and SIGTRAP, on an alternate stack. A fault is the guest's only if the pc lies in registered code
// *and* the address in a reservation of the running Store (rule R9); everything else goes to the previous handler.
// The handler records the trap, rewrites the saved pc to a landing pad, and returns.
#pragma once

#include "runtime/store.h"

namespace petrel::runtime {

/// Installs the handlers (once per process) and the calling thread's alternate stack (once per thread).
void prepare_signals();

/// Leaves native guest code with what is pending in `store`, recording frames from the caller's frame outwards.
[[noreturn]] void leave_native(Store& store, void* frame_address);

/// The signal that deadlines send to a thread; the handler leaves native code if `interrupt` is set.
int interrupt_signal();

} // namespace petrel::runtime
