// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From host code into interpreted code and back.
#include <algorithm>

#include "interp/interp.h"
#include "interp/regs.h"
#include "interp/support.h"
#include "runtime/instance.h"

namespace petrel::interp {

namespace {

/// The caller of a function that host code called: its context is null, which makes a return leave.
constinit const Func kExit = {nullptr, nullptr, nullptr,        nullptr, nullptr, 0,
                              0,       0,       FuncKind::exit, 0,       0,       0};

} // namespace

bool enter(ir::FuncRef* callee, RawVal* args) {
  Func* const func = callee->interp_func;
  ir::VMContext* const ctx = callee->ctx;
  ir::VMStoreContext& store = *ctx->store;
  if (func->kind == FuncKind::unprepared && !prepare(ctx, func)) {
    return false;
  }
  CHECK(func->kind == FuncKind::wasm);
  Slot* const fp = store.value_stack_top;
  FrameHeader* const header = header_of(fp, func);
  // INVARIANT(stack-limit)
  if (reinterpret_cast<u64>(header) + func->frame_bytes >
      reinterpret_cast<u64>(store.value_stack_limit)) {
    return store.store->raise(ir::TrapCode::call_stack_exhausted);
  }
  std::copy_n(args, func->nparams, fp);
  std::fill(fp + func->nparams, reinterpret_cast<Slot*>(header), Slot{});
  *header = {nullptr, nullptr, nullptr, &kExit};
  if (!run(func, fp)) {
    return false;
  }
  std::copy_n(fp, func->nresults, args);
  return true;
}

} // namespace petrel::interp
