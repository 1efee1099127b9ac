// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A Store is the unit of isolation: it owns instances, memories, tables, guest stacks and the budget that bounds
// them, and runs either native or interpreted code, never both. One thread at a time; `interrupt` from any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/checked_body.h"
#include "ir/module.h"
#include "ir/vm.h"
#include "runtime/activation.h"
#include "runtime/determinism.h"
#include "runtime/gc_heap.h"
#include "runtime/host.h"
#include "runtime/memory.h"
#include "runtime/table.h"
#include "runtime/tag.h"
#include "runtime/trap.h"

namespace petrel::runtime {

class CodeImage;

/// What runtime/ must know of the interpreter, which lies above it (filled in by embed/).
struct InterpHooks {
  u64 func_size = 0;              ///< sizeof(interp::Func); arrays of it start zeroed
  ir::ArrayEntry enter = nullptr; ///< array entry of interpreted functions
  const u8* text_start = nullptr; ///< handler section; null when the build has none (loop build)
  const u8* text_end = nullptr;
  const void* fault_landing =
      nullptr; ///< records an out-of-bounds access and leaves, all registers kept
  /// VMContext::interp_dispatch; checked: when memory 0 is not guarded; canonical: NaN results are.
  const void* (*dispatch_table)(bool has_v128, bool is_checked, bool is_canonical) = nullptr;
};

struct StoreConfig {
  u64 max_memory_bytes = u64{4} << 30;
  u64 max_stack_bytes = u64{1} << 20;
  const InterpHooks* interp = nullptr; ///< set: everything in this Store is interpreted
  bool gc_zeal = false;                ///< collect at every safepoint
  /// Set: clocks and random numbers come from there, NaN results are canonical, madd and nmadd round twice. Interpreted
  /// Stores only.
  std::shared_ptr<Determinism> determinism;
};

/// A core module ready to be instantiated any number of times. Immutable, shared; whoever hands out the pointer keeps
/// bytes and images alive with it.
struct CoreModule {
  ir::Module ir;
  const u8* file = nullptr;         ///< address of file offset 0; null for a mapped image
  const u8* data_base = nullptr;    ///< data segments lie at data_base + Data::bytes_offset
  const CodeImage* image = nullptr; ///< native code, null when interpreted
  u32 image_module = 0;             ///< index in the image
  std::vector<u64> type_ids;        ///< canonical ids
  ir::BodyChecker bodies;           ///< set when bodies are validated at their first call
};

/// A global variable; the value lies in the owner's VMContext or here for host-made ones.
struct Global {
  ir::GlobalType type;
  RawVal* slot = nullptr;
  RawVal own_value{};
};

/// A definition that an import can be satisfied with.
struct Extern {
  ir::ExternKind kind = ir::ExternKind::func;
  union {
    ir::FuncRef* func;
    Memory* memory;
    Table* table;
    Global* global;
    Tag* tag;
    void* any = nullptr;
  };
  static Extern of(ir::FuncRef* f) {
    Extern e;
    e.kind = ir::ExternKind::func;
    e.func = f;
    return e;
  }
  static Extern of(Memory* m) {
    Extern e;
    e.kind = ir::ExternKind::memory;
    e.memory = m;
    return e;
  }
  static Extern of(Table* t) {
    Extern e;
    e.kind = ir::ExternKind::table;
    e.table = t;
    return e;
  }
  static Extern of(Global* g) {
    Extern e;
    e.kind = ir::ExternKind::global;
    e.global = g;
    return e;
  }
  static Extern of(Tag* t) {
    Extern e;
    e.kind = ir::ExternKind::tag;
    e.tag = t;
    return e;
  }
};

class Store {
public:
  explicit Store(const StoreConfig& config);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const StoreConfig& config() const { return config_; }
  ir::VMStoreContext& vm() { return vm_; }
  Budget& budget() { return *budget_; }
  bool is_interpreted() const { return config_.interp != nullptr; }
  /// Null where the guest sees the host's clocks.
  Determinism* determinism() const { return config_.determinism.get(); }

  /// Instantiates (§4.5.4): matches `imports` (one per import, in order) against the module's import types,
  /// initialises everything, runs the start function. Errors: link, limit, trap (also "exit").
  Result<Instance*> instantiate(std::shared_ptr<const CoreModule> module,
                                std::span<const Extern> imports);

  /// Calls a function; `args` has room for max(parameters, results). False: `pending()` says why, and the caller
  /// (a host function) returns false too, or takes it as an Error.
  bool call(ir::FuncRef* callee, RawVal* args);
  /// The same for what traps when an exception comes out (canonical ABI).
  bool call_no_throw(ir::FuncRef* callee, RawVal* args);
  /// The same for embedders: the pending trap, exit or exception becomes an Error.
  Status call_checked(ir::FuncRef* callee, RawVal* args);

  /// Makes an error pending that is none of the guest's doing at run time (a body that is invalid); always false.
  bool raise_error(Error error);
  /// Makes a trap pending; always false, so that host functions can `return store.raise(…)`.
  bool raise(ir::TrapCode code);
  bool raise(ir::TrapCode code, std::string_view message);
  /// The guest ends itself; `complaint` (static text) when the status was no valid one.
  bool raise_exit(i32 exit_code, std::string_view complaint = {});
  /// Makes an exception pending (runtime/tag.h); always false.
  bool raise_exception(u64 exception);
  /// The pending exception, caught: nothing is pending afterwards.
  u64 catch_exception();
  Pending& pending() { return pending_; }
  /// The pending trap, exit or exception as an Error with backtrace; nothing is pending afterwards.
  Error take_pending();

  /// A host function that instances can import. Lives as long as the Store.
  ir::FuncRef* make_host_func(std::span<const ValType> params, std::span<const ValType> results,
                              HostCallback fn, void* data);
  Result<Memory*> make_memory(const Limits& limits);
  /// Takes part in a shared memory that another Store, of another thread perhaps, made.
  Memory* adopt_memory(std::shared_ptr<Memory> memory);
  /// What `adopt_memory` of another Store takes; null when the memory is not of this Store.
  std::shared_ptr<Memory> owner_of(const Memory* memory) const;
  Result<Table*> make_table(const ir::TableType& type);
  Global* make_global(ir::GlobalType type, RawVal value);
  /// A new tag; `definer` null for one of the embedder's. Errors: limit.
  Result<Tag*> make_tag(u64 type_id, const Instance* definer, u32 definer_index);
  const Tag& tag(u32 index) const { return *tags_[index]; }

  /// Makes room for arguments of tail calls (aot/lowering.h), once. Errors: limit.
  Status need_tail_args();

  /// The GC heap, made on first use. Errors: limit.
  Result<GcHeap*> gc_heap();
  /// The same where it exists already (a module with GC types or tags was instantiated), else null.
  GcHeap* gc() { return gc_heap_.get(); }

  /// Asks the running guest to leave with trap `interrupt`; any thread. See runtime/deadline.h for the signal.
  void interrupt() { __atomic_store_n(&vm_.interrupt, ir::kInterruptLeave, __ATOMIC_RELEASE); }

  // For the signal handler.
  bool reserves_memory(const u8* address) const;
  bool is_stack_guard(const u8* address) const;
  bool is_on_stack(const u8* address) const {
    return address >= stack_low_ && address < stack_high_;
  }

private:
  friend class Instance;
  friend bool host_entry(ir::FuncRef* callee, RawVal* args);
  Status prepare_stacks();
  static void visit_gc_roots(void* store, GcMarker& marker);
  void set_pending(PendingKind kind, std::string_view message);
  void clear_pending();
  ir::FuncRef* import_host_func(ir::FuncRef* original, Instance& importer, const void* adapter);

  StoreConfig config_;
  ir::VMStoreContext vm_{};
  std::shared_ptr<Budget> budget_; ///< shared memories keep it
  Pending pending_;
  std::optional<Error> pending_error_; ///< PendingKind::error
  u8* stack_mapping_ = nullptr;
  u64 stack_mapping_size_ = 0;
  u8* stack_low_ = nullptr;
  u8* stack_high_ = nullptr;
  RawVal* tail_args_ = nullptr;
  u8* value_stack_ = nullptr;
  u64 value_stack_size_ = 0;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::shared_ptr<Memory>> memories_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::unique_ptr<Global>> globals_;
  std::vector<std::unique_ptr<Tag>> tags_;
  struct HostFunc {
    ir::FuncRef ref;
    HostImport import;
  };
  std::vector<std::unique_ptr<HostFunc>> host_funcs_;
  std::unique_ptr<GcHeap> gc_heap_;
};

} // namespace petrel::runtime
