// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/exceptions.h"

#include <algorithm>

#include "interp/leb.h"
#include "interp/support.h"
#include "ir/side_table.h"
#include "runtime/instance.h"
#include "runtime/type_registry.h"

namespace petrel::interp {

namespace {

using ir::Handler;
using ir::HandlerKind;

/// The handlers of a function that runs.
std::span<const Handler> handlers_of(const Func* func) {
  const runtime::CoreModule& module = func->ctx->instance->module();
  if (module.bodies.check != nullptr) {
    return (*module.bodies.check(module.bodies.data, func->index()))
        ->handlers; // it was checked when it was called
  }
  return module.ir.handlers(module.ir.func(FuncIdx(func->index())));
}

/// The handler of a function that takes an exception of a tag thrown at file offset `offset`, or null.
const Handler* find_handler(const Func* func, u32 offset, u32 tag) {
  const runtime::Instance& instance = *func->ctx->instance;
  const auto handlers = handlers_of(func);
  // By their order, the first one that protects the place and takes the tag is the innermost.
  auto at = std::ranges::upper_bound(handlers, offset, {}, &Handler::end);
  for (; at != handlers.end(); ++at) {
    if (at->start > offset) {
      continue;
    }
    switch (at->kind) {
    case HandlerKind::catch_:
    case HandlerKind::catch_ref:
      if (instance.tag(at->tag).index == tag) {
        return &*at;
      }
      break;
    case HandlerKind::catch_all:
    case HandlerKind::catch_all_ref: return &*at;
    case HandlerKind::delegate:
      if (at->target == 0) {
        return nullptr;
      }
      offset = at->target; // handlers of what lies between begin behind it
      break;
    }
  }
  return nullptr;
}

/// Takes the pending exception with a handler of `func`'s frame at `fp`.
Landing land(const Handler& handler, Slot* fp, const Func* func) {
  runtime::Store& store = func->ctx->instance->store();
  const u64 exception = store.catch_exception();
  Slot* sp = reinterpret_cast<Slot*>(header_of(fp, func)) + kHeaderSlots + handler.height;
  if (handler.kind == HandlerKind::catch_ || handler.kind == HandlerKind::catch_ref) {
    runtime::read_exception(store, exception, sp);
    sp += store.gc()->header(exception).length;
  }
  if (handler.kind == HandlerKind::catch_ref || handler.kind == HandlerKind::catch_all_ref) {
    *sp++ = RawVal::of_i64(exception);
  }
  if (handler.exception_local != Handler::kNoLocal) {
    fp[handler.exception_local] = RawVal::of_i64(exception);
  }
  return {func->ctx->instance->module().file + handler.target, func->stp + handler.target_position,
          fp, sp, func};
}

/// The call that made the frame at `fp`, in its caller.
void pop_frame(const u8*& pc, const Slot*& fp, const Func*& func) {
  const FrameHeader& header = *header_of(fp, func);
  func = header.func;
  fp = header.fp;
  if (func->kind != FuncKind::exit) {
    pc = header.pc - ir::call_length(header.stp[-1]);
  }
}

} // namespace

void throw_tag(ir::VMContext* ctx, const u8* tag_at, const Slot* sp) {
  const runtime::Tag& tag = ctx->instance->tag(TagIdx(read_leb_u32(tag_at)));
  const u32 count = narrow<u32>(runtime::func_signature(tag.type_id).params.size());
  runtime::throw_exception(ctx->instance->store(), tag, sp - count);
}

void throw_again(ir::VMContext* ctx, u64 exception) {
  ctx->instance->store().raise_exception(exception);
}

Landing unwind(const u8* pc, const Slot* fp, const Func* func, bool is_tail) {
  const u8* at_pc = pc;
  const Slot* at_fp = fp;
  const Func* at_func = func;
  runtime::Store& store = func->ctx->instance->store();
  if (store.pending().kind == runtime::PendingKind::exception) {
    const u32 tag = store.gc()->exception_tag(store.vm().pending_exception);
    if (is_tail) {
      pop_frame(at_pc, at_fp, at_func);
    }
    for (; at_func->kind != FuncKind::exit; pop_frame(at_pc, at_fp, at_func)) {
      const u32 offset = narrow<u32>(at_pc - at_func->ctx->instance->module().file);
      if (const Handler* handler = find_handler(at_func, offset, tag)) {
        return land(*handler, const_cast<Slot*>(at_fp), at_func);
      }
    }
  }
  record_frames(pc, fp, func);
  return {nullptr, nullptr, nullptr, nullptr, nullptr};
}

} // namespace petrel::interp
