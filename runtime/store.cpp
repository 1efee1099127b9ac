// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include "base/format.h"
#include "base/os.h"
#include "base/unicode.h"
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

bool Store::call_no_throw(ir::FuncRef* callee, RawVal* args) {
  if (call(callee, args)) {
    return true;
  }
  if (pending_.kind == PendingKind::exception) {
    const std::string what =
        "uncaught exception: " + describe_exception(*this, vm_.pending_exception);
    vm_.pending_exception = 0;
    pending_.kind = PendingKind::none; // its frames stay
    raise(ir::TrapCode::uncaught_exception, what);
  }
  return false;
}

Status Store::call_checked(ir::FuncRef* callee, RawVal* args) {
  if (call(callee, args)) {
    return {};
  }
  return std::unexpected(take_pending());
}

bool Store::raise(ir::TrapCode code) { return raise(code, {}); }

bool Store::raise(ir::TrapCode code, std::string_view message) {
  set_pending(PendingKind::trap, message);
  pending_.code = code;
  return false;
}

bool Store::raise_exit(i32 exit_code, std::string_view complaint) {
  set_pending(PendingKind::exit, complaint);
  pending_.exit_code = exit_code;
  return false;
}

bool Store::raise_exception(u64 exception) {
  set_pending(PendingKind::exception, {});
  vm_.pending_exception = exception;
  return false;
}

u64 Store::catch_exception() {
  CHECK(pending_.kind == PendingKind::exception);
  clear_pending();
  return std::exchange(vm_.pending_exception, 0);
}

void Store::clear_pending() {
  pending_.kind = PendingKind::none;
  pending_.frame_count = 0;
  pending_.frames_total = 0;
  pending_.native_captured = false;
  pending_.message[0] = '\0';
}

void Store::set_pending(PendingKind kind, std::string_view message) {
  CHECK(pending_.kind == PendingKind::none);
  pending_.kind = kind;
  const std::string_view cut = utf8_prefix(message, sizeof pending_.message - 1);
  std::copy_n(cut.data(), cut.size(), pending_.message);
  pending_.message[cut.size()] = '\0';
}

namespace {

std::string printed_name(const Frame& frame) {
  return frame.func_name.empty() ? strf("<wasm function %u>", frame.func_idx)
                                 : escaped(frame.func_name);
}

/// The recorded frames, resolved. Inlining makes several frames of one.
std::vector<Frame> resolve_frames(const Pending& pending) {
  std::vector<Frame> frames;
  for (u32 i = 0; i < pending.frame_count; ++i) {
    std::ranges::move(resolve_frame(pending.frames[i]), std::back_inserter(frames));
  }
  return frames;
}

/// The lines of a backtrace, as the manual shows them.
std::string backtrace_text(const std::vector<Frame>& frames, u32 unrecorded) {
  if (frames.empty()) {
    return {};
  }
  std::string text = "error while executing at wasm backtrace:";
  const usize shown = std::min<usize>(frames.size(), Pending::kMaxFrames);
  for (usize i = 0; i < shown; ++i) {
    text += strf("\n%5zu: %#7x - %s!%s", i, frames[i].wasm_offset,
                 escaped(frames[i].module_name).c_str(), printed_name(frames[i]).c_str());
  }
  if (const usize more = frames.size() - shown + unrecorded; more != 0) {
    text += strf("\n       … %zu more", more);
  }
  return text;
}

} // namespace

Error Store::take_pending() {
  CHECK(pending_.kind != PendingKind::none);
  ErrorInfo info;
  if (pending_.kind == PendingKind::exit) {
    info.cls = ErrorClass::exit;
    info.exit_code = pending_.exit_code;
    info.text = pending_.message;
  } else {
    info.exit_code = 134;
    if (pending_.kind == PendingKind::exception) {
      info.cls = ErrorClass::exception;
      info.text = "uncaught exception: " + describe_exception(*this, vm_.pending_exception);
      vm_.pending_exception = 0;
    } else {
      info.cls = ErrorClass::trap;
      info.trap_code = static_cast<u32>(pending_.code);
      const std::string_view what = pending_.message[0] != '\0'
                                        ? std::string_view(pending_.message)
                                        : ir::trap_message(pending_.code);
      info.text = strf("wasm trap: %.*s", PETREL_SV(what));
    }
    const std::vector<Frame> frames = resolve_frames(pending_);
    info.detail = backtrace_text(frames, pending_.frames_total - pending_.frame_count);
    if (!frames.empty()) {
      info.where = strf("func %u", frames[0].func_idx);
      if (!frames[0].func_name.empty()) {
        info.where += strf(" \"%s\"", escaped(frames[0].func_name).c_str());
      }
      info.offset = frames[0].wasm_offset;
    }
  }
  clear_pending();
  return Error(std::move(info));
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
  tags_.push_back(std::make_unique<Tag>(
      Tag{narrow<u32>(tags_.size()), type_id, definer, definer_index}));
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
