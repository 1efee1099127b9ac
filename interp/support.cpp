// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/support.h"

#include <algorithm>

#include "interp/interp.h"
#include "interp/leb.h"
#include "interp/regs.h"
#include "ir/side_table.h"
#include "ir/vm_layout.h"
#include "runtime/instance.h"

namespace petrel::interp {

namespace {

constinit const ir::MemoryPair kNoMemory{};

runtime::Store& store_of(const Func* func) { return func->ctx->instance->store(); }

u32 offset_of(const Func* func, const u8* pc) {
  return narrow<u32>(pc - func->ctx->instance->module().file);
}

/// Visits the frames of one activation, innermost at `pc`.
template <typename Visit>
void for_each_frame(const u8* pc, const Slot* fp, const Func* func, Visit visit) {
  while (func->kind != FuncKind::exit) {
    visit(WalkedFrame{func->ctx->instance, func->index(), offset_of(func, pc)});
    const FrameHeader* header = header_of(fp, func);
    func = header->func;
    fp = header->fp;
    if (func->kind != FuncKind::exit) {
      pc = header->pc - ir::call_length(header->stp[-1]);
    }
  }
}

} // namespace

void record_frames(const u8* pc, const Slot* fp, const Func* func) {
  runtime::Pending& pending = store_of(func).pending();
  for_each_frame(pc, fp, func, [&](const WalkedFrame& frame) {
    pending.push_frame({.instance = frame.instance,
                        .func_idx = frame.func_idx,
                        .wasm_offset = frame.wasm_offset,
                        .is_exact = true});
  });
}

void record_trap(ir::TrapCode code, const u8* pc, const Slot* fp, const Func* func) {
  store_of(func).raise(code);
  record_frames(pc, fp, func);
}

namespace {

/// A module whose bodies are validated late turns out to have vectors. No frame of this instance can hold one yet, and wide
/// handlers do for all others, so those that run go on as they are: calls into this function load the table again.
void allow_v128(ir::VMContext* ctx) {
  for (const bool is_canonical : {false, true}) {
    for (const bool is_checked : {false, true}) {
      if (ctx->interp_dispatch == dispatch_table(false, is_checked, is_canonical)) {
        ctx->interp_dispatch = dispatch_table(true, is_checked, is_canonical);
        return;
      }
    }
  }
}

} // namespace

bool prepare(ir::VMContext* ctx, Func* func) {
  const runtime::CoreModule& module = ctx->instance->module();
  const ir::ModuleHeader& header = module.ir.header();
  const u32 index = narrow<u32>(func - ctx->interp_funcs);
  const ir::Func& source = module.ir.func(FuncIdx(index));
  const ir::TypeDef& type = module.ir.type(source.type);
  func->ctx = ctx;
  func->nparams = narrow<u16>(type.params.count);
  func->nresults = narrow<u16>(type.results.count);
  if (index < header.imported_funcs) {
    func->kind = FuncKind::import;
    return true;
  }
  const ir::Func* body = &source;
  func->stp = module.ir.side_table().data() + source.side_table;
  if (module.bodies.check != nullptr) {
    auto checked = module.bodies.check(module.bodies.data, index);
    if (!checked) {
      return ctx->instance->store().raise_error(std::move(checked).error());
    }
    body = &(*checked)->func;
    func->stp = (*checked)->side_table.data();
    if ((*checked)->has_v128) {
      allow_v128(ctx);
    }
  }
  func->code = module.file + body->body_offset;
  func->end = module.file + body->body_end;
  func->args_bytes = narrow<u32>(type.params.count * sizeof(Slot));
  func->locals_bytes = narrow<u32>(body->local_count * sizeof(Slot));
  func->frame_bytes = narrow<u32>((u64{kHeaderSlots} + body->max_height) * sizeof(Slot));
  func->imported_globals = header.imported_globals;
  // A memory that does not exist is never asked for; the pair is const in all uses then.
  func->mem0 = header.memories.count != 0 ? ctx->instance->memory(MemIdx(0)).pair()
                                          : const_cast<ir::MemoryPair*>(&kNoMemory);
  func->kind = FuncKind::wasm;
  return true;
}

const ir::TablePair& table_pair(const ir::VMContext* ctx, u32 table) {
  return *ctx->instance->table(TableIdx(table)).pair();
}

const ir::MemoryPair& memory_pair(const ir::VMContext* ctx, u32 memory) {
  return *ctx->instance->memory(MemIdx(memory)).pair();
}

Access locate(const ir::VMContext* ctx, const u8* memarg, u64 address, u32 size_bytes) {
  const bool has_index = (*memarg & 0x40) != 0;
  skip_leb(memarg);
  const u32 memory = has_index ? read_leb_u32(memarg) : 0;
  const u64 offset = read_leb_u64(memarg);
  return {runtime::Memory::slice(memory_pair(ctx, memory), address, offset, size_bytes), memarg};
}

namespace {

runtime::Memory& memory_of(const ir::VMContext* ctx, const u8* memarg) {
  const bool has_index = (*memarg & 0x40) != 0;
  skip_leb(memarg);
  return ctx->instance->memory(MemIdx(has_index ? read_leb_u32(memarg) : 0));
}

template <typename Memory>
bool wait_for(const u8* pc, const Slot* fp, const Func* func, const Memory* at, Slot* operands) {
  using runtime::WaitList;
  runtime::Memory& memory = memory_of(func->ctx, pc + 1);
  if (!memory.is_shared()) {
    record_trap(ir::TrapCode::atomic_wait_non_shared, prefix_start(pc, 0xfe), fp, func);
    return false;
  }
  const u32* const interrupt = &func->ctx->store->interrupt;
  const auto expected = static_cast<Memory>(operands[1].bits[0]);
  const i64 timeout_ns = static_cast<i64>(operands[2].bits[0]);
  while (true) {
    WaitList::Outcome outcome;
    if constexpr (sizeof(Memory) == 4) {
      outcome = memory.waiters().wait32(at, expected, timeout_ns, interrupt);
    } else {
      outcome = memory.waiters().wait64(at, expected, timeout_ns, interrupt);
    }
    runtime::Determinism* const virtual_clock = func->ctx->store->store->determinism();
    if (outcome == WaitList::Outcome::timed_out && virtual_clock != nullptr) {
      virtual_clock->wait_for(static_cast<u64>(timeout_ns));
    }
    if (outcome != WaitList::Outcome::interrupted) {
      operands[0].bits[0] = static_cast<u32>(outcome);
      return true;
    }
    if (!poll(prefix_start(pc, 0xfe), fp, func)) {
      return false;
    }
  }
}

} // namespace

Access locate_atomic(const u8* pc, const Slot* fp, const Func* func, u64 address, u32 size_bytes) {
  const u8* memarg = pc + 1;
  const u8* offset_at = memarg;
  const bool has_index = (*memarg & 0x40) != 0;
  skip_leb(offset_at);
  if (has_index) {
    skip_leb(offset_at);
  }
  // A sum that wraps has the same low bits.
  const bool is_aligned = (address + read_leb_u64(offset_at)) % size_bytes == 0;
  const Access access = locate(func->ctx, memarg, address, size_bytes);
  if (is_aligned && access.at != nullptr) {
    return access;
  }
  record_trap(is_aligned ? ir::TrapCode::memory_out_of_bounds : ir::TrapCode::unaligned_atomic,
              prefix_start(pc, 0xfe), fp, func);
  return {nullptr, nullptr};
}

bool wait(const u8* pc, const Slot* fp, const Func* func, const u32* at, Slot* operands) {
  return wait_for(pc, fp, func, at, operands);
}

bool wait(const u8* pc, const Slot* fp, const Func* func, const u64* at, Slot* operands) {
  return wait_for(pc, fp, func, at, operands);
}

u32 notify(const ir::VMContext* ctx, const u8* memarg, const void* at, u32 count) {
  runtime::Memory& memory = memory_of(ctx, memarg);
  return memory.is_shared() ? memory.waiters().notify(at, count) : 0;
}

u64 memory_size(const ir::VMContext* ctx, u32 memory) {
  return ctx->instance->memory(MemIdx(memory)).size_pages();
}

u64 memory_grow(ir::VMContext* ctx, u32 memory, u64 delta) {
  const u64 old = builtin<u64>(ir::Builtin::memory_grow, ctx, memory, delta);
  return ctx->instance->memory(MemIdx(memory)).is_64() ? old : static_cast<u32>(old);
}

u64 table_grow(ir::VMContext* ctx, u32 table, u64 reference, u64 delta) {
  const u64 old = builtin<u64>(ir::Builtin::table_grow, ctx, table, reference, delta);
  const bool is_64 = ctx->instance->ir().tables()[table].type.limits.is_64 != 0;
  return is_64 ? old : static_cast<u32>(old);
}

ir::FuncRef* resolve_indirect(ir::VMContext* ctx, u32 table, u64 index, u64 type_id) {
  const ir::TablePair& pair = table_pair(ctx, table);
  if (index >= pair.size) {
    ctx->instance->store().raise(ir::TrapCode::undefined_element);
    return nullptr;
  }
  // SAFETY: in bounds; validation makes it a table of functions.
  const auto& element = static_cast<const ir::FuncTableEntry*>(pair.elems)[index];
  if (element.type_id != type_id &&
      !builtin<bool>(ir::Builtin::call_indirect_cold, ctx, table, index, type_id)) {
    return nullptr;
  }
  return element.func_ref;
}

Arity arity_of_type(const ir::VMContext* ctx, u32 type_idx) {
  const ir::TypeDef& type = ctx->instance->ir().type(TypeIdx(type_idx));
  return {type.params.count, type.results.count};
}

bool call_host(ir::FuncRef* callee, Slot* args, u32 slots, HostFrame from) {
  ir::VMStoreContext& store = *from.func->ctx->store;
  HostFrame* const outer = store.interp_frame;
  Slot* const outer_top = store.value_stack_top;
  from.prev = outer;
  store.interp_frame = &from;
  store.value_stack_top = args + slots;
  const bool ok = callee->array_entry(callee, args);
  store.interp_frame = outer;
  store.value_stack_top = outer_top;
  return ok;
}

Slot* replace_frame(Slot* fp, const Slot* sp, const Func* func, const Func* callee) {
  const FrameHeader kept = *header_of(fp, func);
  FrameHeader* const header = header_of(fp, callee);
  // INVARIANT(stack-limit)
  if (reinterpret_cast<u64>(header) + callee->frame_bytes >
      reinterpret_cast<u64>(callee->ctx->store->value_stack_limit)) {
    return nullptr;
  }
  const u64 params = callee->args_bytes / sizeof(Slot);
  std::copy_n(sp - params, params, fp); // downwards: a frame lies below its operands
  std::fill(fp + params, reinterpret_cast<Slot*>(header), Slot{});
  *header = kept;
  return reinterpret_cast<Slot*>(header) + kHeaderSlots;
}

bool poll(const u8* pc, const Slot* fp, const Func* func) {
  if (builtin<bool>(ir::Builtin::poll, func->ctx)) {
    return true;
  }
  record_frames(pc, fp, func);
  return false;
}

void walk(const ir::VMStoreContext& store, void (*visit)(void* data, const WalkedFrame& frame),
          void* data) {
  for (const HostFrame* at = store.interp_frame; at != nullptr; at = at->prev) {
    for_each_frame(at->pc, at->fp, at->func, [&](const WalkedFrame& frame) { visit(data, frame); });
  }
}

} // namespace petrel::interp
