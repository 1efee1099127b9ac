// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The in-place interpreter as the rest of Petrel sees it: what a Store needs in order to run its instances interpreted,
// and a walk over the frames of one.
#pragma once

#include "ir/vm.h"
#include "runtime/store.h"

namespace petrel::interp {

/// For StoreConfig::interp. One per process, static.
const runtime::InterpHooks& hooks();

/// Array entry of interpreted functions: copies the arguments to the value stack, runs until the function returns, copies
/// the results back. False: a trap or exit is pending and the frames are recorded. Reentrant: host functions that
/// interpreted code called may come back here.
bool enter(ir::FuncRef* callee, RawVal* args);

/// A level of the interpreted call stack.
struct WalkedFrame {
  const runtime::Instance* instance;
  u32 func_idx;
  u32 wasm_offset; ///< absolute file offset of the instruction: a call, except for the innermost
};
/// Calls `visit(data, frame)` for each frame of a Store whose interpreted code called the host, innermost first, over
/// all activations. For debuggers and collectors; traps record their frames themselves.
void walk(const ir::VMStoreContext& store, void (*visit)(void* data, const WalkedFrame& frame),
          void* data);

} // namespace petrel::interp
