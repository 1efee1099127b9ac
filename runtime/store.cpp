// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/format.h"
#include "base/os.h"
#include "ir/limits.h"
#include "runtime/code_registry.h"
#include "runtime/instance.h"
#include "runtime/signals.h"
#include "runtime/type_registry.h"

namespace petrel::runtime {

namespace {
constexpr u64 kStackGuard =
    0x10000; // below the stack; compiled code probes larger frames page by page
constexpr u64 kValueStackFactor = 4;      // interpreted frames are larger than native ones
constexpr u64 kNativeStackSpare = 0x8000; // entry frames of nested activations
} // namespace

Store::Store(const StoreConfig& config)
    : config_(config), budget_(std::make_shared<Budget>(config.max_memory_bytes)) {
  vm_.store = this;
  if (config.gc_zeal && is_interpreted()) {
    vm_.interrupt = ir::kInterruptCollect; // every poll is answered with a collection
  }
}

Store::~Store() {
  // Memories and tables read their live size in the owner's VMContext, so they go first.
  memories_.clear();
  tables_.clear();
  globals_.clear();
  instances_.clear();
  sys::release(stack_mapping_, stack_mapping_size_);
  sys::release(value_stack_, value_stack_size_);
  std::free(tail_args_);
}

Status Store::prepare_stacks() {
  if (stack_mapping_ != nullptr) {
    return {};
  }
  const u64 stack_size = align_up(
      config_.max_stack_bytes + ir::kHostStackRedZone + kNativeStackSpare, ir::kWasmPageSize);
  stack_mapping_size_ = kStackGuard + stack_size;
  stack_mapping_ = sys::reserve(stack_mapping_size_);
  if (stack_mapping_ == nullptr || !sys::commit(stack_mapping_ + kStackGuard, stack_size)) {
    return fail(ErrorClass::limit, "no memory for the guest stack (--max-stack)");
  }
  stack_low_ = stack_mapping_ + kStackGuard;
  stack_high_ = stack_mapping_ + stack_mapping_size_;
  vm_.stack_limit = stack_low_ + ir::kHostStackRedZone;
  if (is_interpreted()) {
    value_stack_size_ =
        align_up(config_.max_stack_bytes * kValueStackFactor, ir::kWasmPageSize) + kStackGuard;
    value_stack_ = sys::reserve(value_stack_size_);
    if (value_stack_ == nullptr || !sys::commit(value_stack_, value_stack_size_ - kStackGuard)) {
      return fail(ErrorClass::limit, "no memory for the interpreter's stack (--max-stack)");
    }
    // SAFETY: mappings are page aligned, more than RawVal asks for.
    vm_.value_stack_top = reinterpret_cast<RawVal*>(value_stack_);
    vm_.value_stack_limit = value_stack_ + (value_stack_size_ - kStackGuard);
  }
  return {};
}

bool Store::call(ir::FuncRef* callee, RawVal* args) {
  CHECK(pending_.kind == PendingKind::none);
  if (auto ready = prepare_stacks(); !ready) {
    return raise(ir::TrapCode::call_stack_exhausted, ready.error().info().text);
  }
  prepare_signals();
  Activation activation;
  activation.prev = vm_.activation;
  activation.prev_on_thread = current_activation;
  activation.store = this;
  RawVal* const value_stack_top = vm_.value_stack_top;
  interp::HostFrame* const interp_frame = vm_.interp_frame;
  vm_.activation = &activation;
  current_activation = &activation;
  // A nested call comes from a host function, which runs on the guest stack already.
  u8* const guest_sp = activation.prev == nullptr ? stack_high_ : nullptr;
  const bool ok = petrel_enter(&activation, callee->array_entry, callee, args, guest_sp);
  vm_.activation = activation.prev;
  current_activation = activation.prev_on_thread;
  vm_.value_stack_top = value_stack_top;
  vm_.interp_frame = interp_frame;
  CHECK(ok == (pending_.kind == PendingKind::none));
  pending_.native_captured = false; // outer segments are still to come
  return ok;
}

Status Store::call_checked(ir::FuncRef* callee, RawVal* args) {
  if (call(callee, args)) {
    return {};
  }
  return std::unexpected(take_pending());
}

ir::FuncRef* Store::make_host_func(std::span<const ValType> params,
                                   std::span<const ValType> results, HostCallback fn, void* data) {
  auto func = std::make_unique<HostFunc>();
  func->import = {{nullptr}, fn, data, this, nullptr};
  func->ref = {nullptr,    intern_func_type(params, results),
               nullptr,    &func->ref,
               host_entry, nullptr,
               nullptr,    &func->import};
  // SAFETY: for host functions the context is the FuncRef itself (ir/vmctx.def).
  func->ref.ctx = reinterpret_cast<ir::VMContext*>(&func->ref);
  host_funcs_.push_back(std::move(func));
  return &host_funcs_.back()->ref;
}

ir::FuncRef* Store::import_host_func(ir::FuncRef* original, Instance& importer,
                                     const void* adapter) {
  auto func = std::make_unique<HostFunc>();
  func->import = {{importer.vm()}, original->host->fn, original->host->data, this, &importer};
  func->ref = *original;
  func->ref.code = adapter;
  func->ref.self = &func->ref;
  func->ref.host = &func->import;
  // SAFETY: as above.
  func->ref.ctx = reinterpret_cast<ir::VMContext*>(&func->ref);
  host_funcs_.push_back(std::move(func));
  return &host_funcs_.back()->ref;
}

Status Store::need_tail_args() {
  if (tail_args_ == nullptr) {
    // calloc: zero pages, touched as far as they are used. It never moves: compiled code keeps the address.
    tail_args_ = static_cast<RawVal*>(std::calloc(ir::DecodeLimitMaxima::params, sizeof(RawVal)));
    if (tail_args_ == nullptr) {
      return fail(ErrorClass::limit, "no memory for the arguments of tail calls");
    }
    vm_.tail_args = tail_args_;
  }
  return {};
}

Result<GcHeap*> Store::gc_heap() {
  if (gc_heap_ == nullptr) {
    TRY_ASSIGN(gc_heap_, GcHeap::create(vm_, *budget_,
                                        {.zeal = config_.gc_zeal,
                                         .visit_roots = &Store::visit_gc_roots,
                                         .roots_data = this}));
  }
  return gc_heap_.get();
}

void Store::visit_gc_roots(void* data, GcMarker& marker) {
  Store& store = *static_cast<Store*>(data);
  marker.mark(store.vm_.pending_exception);
  for (const auto& global : store.globals_) {
    marker.scan(global->slot, global->slot + 1);
  }
  for (const auto& table : store.tables_) {
    if (!table->holds_funcs()) {
      const u64* const elems = static_cast<const u64*>(table->pair()->elems);
      marker.scan(elems, elems + table->size());
    }
  }
  for (const auto& instance : store.instances_) {
    instance->visit_gc_roots(marker);
  }
  if (store.value_stack_ != nullptr) {
    marker.scan(store.value_stack_, store.vm_.value_stack_top);
  }
  // Compiled frames and the C++ ones above them; what registers held at the call lies in frames of callees by now.
  const u8* const sp = static_cast<const u8*>(__builtin_frame_address(0));
  if (store.is_on_stack(sp)) {
    std::jmp_buf registers;
    setjmp(registers); // NOLINT: only spills the callee-saved registers into this frame
    marker.scan(&registers, &registers + 1);
    marker.scan(sp, store.stack_high_);
  }
}

Result<Memory*> Store::make_memory(const Limits& limits) {
  TRY_ASSIGN(auto memory, Memory::create(limits, budget_));
  memories_.push_back(std::move(memory));
  return memories_.back().get();
}

Memory* Store::adopt_memory(std::shared_ptr<Memory> memory) {
  CHECK(memory->is_shared());
  memories_.push_back(std::move(memory));
  return memories_.back().get();
}

std::shared_ptr<Memory> Store::owner_of(const Memory* memory) const {
  for (const auto& owned : memories_) {
    if (owned.get() == memory) {
      return owned;
    }
  }
  return nullptr;
}

Result<Table*> Store::make_table(const ir::TableType& type) {
  TRY_ASSIGN(auto table, Table::create(type, *budget_));
  tables_.push_back(std::move(table));
  return tables_.back().get();
}

Global* Store::make_global(ir::GlobalType type, RawVal value) {
  auto global = std::make_unique<Global>();
  global->type = type;
  global->own_value = value;
  global->slot = &global->own_value;
  globals_.push_back(std::move(global));
  return globals_.back().get();
}

Result<Tag*> Store::make_tag(u64 type_id, const Instance* definer, u32 definer_index) {
  TRY(gc_heap());
  tags_.push_back(
      std::make_unique<Tag>(Tag{narrow<u32>(tags_.size()), type_id, definer, definer_index}));
  return tags_.back().get();
}

bool Store::reserves_memory(const u8* address) const {
  for (const auto& memory : memories_) {
    if (memory->reserves(address)) {
      return true;
    }
  }
  return false;
}

bool Store::is_stack_guard(const u8* address) const {
  return stack_mapping_ != nullptr && address >= stack_mapping_ && address < stack_low_;
}

bool host_entry(ir::FuncRef* callee, RawVal* args) {
  HostImport& host = *callee->host;
  Store& store = *host.store;
  const u8* const sp = static_cast<const u8*>(__builtin_frame_address(0));
  if (store.is_on_stack(sp) && sp < store.vm_.stack_limit) {
    return store.raise(ir::TrapCode::call_stack_exhausted);
  }
  HostCall call{store, host.caller, host.data};
  if (!host.fn(call, args)) {
    CHECK(store.pending_.kind != PendingKind::none);
    return false;
  }
  if (__atomic_load_n(&store.vm_.interrupt, __ATOMIC_ACQUIRE) == ir::kInterruptLeave) {
    return store.raise(ir::TrapCode::interrupt);
  }
  return true;
}

} // namespace petrel::runtime
