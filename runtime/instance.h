// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An instantiated core module (specification §4.2.6) with the VMContext that compiled code and interpreter read.
// Owned by its Store, never moves.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "ir/vm_layout.h"
#include "runtime/store.h"

namespace petrel::runtime {

class Instance {
public:
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  Store& store() const { return store_; }
  const CoreModule& module() const { return *module_; }
  const ir::Module& ir() const { return module_->ir; }
  ir::VMContext* vm() const { return vm_; }

  /// The function as a value, made on first use.
  ir::FuncRef* func_ref(FuncIdx idx);
  Memory& memory(MemIdx idx) const { return *memories_[idx.index()]; }
  u32 memory_count() const { return narrow<u32>(memories_.size()); }
  Table& table(TableIdx idx) const { return *tables_[idx.index()]; }
  Global& global(GlobalIdx idx) const { return *globals_[idx.index()]; }
  const Tag& tag(TagIdx idx) const { return *tags_[idx.index()]; }
  RawVal* global_slot(GlobalIdx idx) const { return globals_[idx.index()]->slot; }

  /// The exported definition of that name; empty when there is none.
  std::optional<Extern> find_export(std::string_view name);
  Extern extern_of(ir::ExternKind kind, u32 index);

  /// Contents of a data segment, empty once dropped.
  Bytes data_bytes(DataIdx idx) const;
  void drop_data(DataIdx idx) { dropped_datas_[idx.index()] = true; }
  /// Elements of a segment: their count (0 once dropped) and the i-th reference.
  u32 elem_count(ElemIdx idx) const;
  u64 elem_value(ElemIdx idx, u32 i);
  void drop_elem(ElemIdx idx) {
    dropped_elems_[idx.index()] = true;
    elem_values_[idx.index()].clear(); // no roots any more
  }

  /// References that evaluated element segments hold.
  void visit_gc_roots(GcMarker& marker) const;

private:
  friend class Store;
  Instance(Store& store, std::shared_ptr<const CoreModule> module)
      : store_(store), module_(std::move(module)) {}

  Status allocate();
  Status link(std::span<const Extern> imports);
  Status link_one(const ir::Import& import, const Extern& given);
  Status define();
  Status define_memories();
  Status define_tables();
  Status define_globals();
  Status define_tags();
  Status fill_segments();
  bool is_filled_lazily(const ir::Elem& elem) const;
  Status evaluate_elems();
  Status prepare_gc();
  Result<RawVal> evaluate(const ir::ConstExpr& expr);
  void fill_func_ref(ir::FuncRef& ref, FuncIdx idx);

  Store& store_;
  std::shared_ptr<const CoreModule> module_;
  ir::VMContext* vm_ = nullptr;
  u64 vm_size_ = 0;
  ir::FuncRef* func_refs_ = nullptr;
  void* interp_funcs_ = nullptr; ///< allocation behind VMContext::interp_funcs
  std::vector<ir::VMImport> vm_imports_;
  std::vector<Memory*> memories_;
  std::vector<Table*> tables_;
  std::vector<Global*> globals_;
  std::vector<Tag*> tags_;
  std::vector<bool> dropped_datas_;
  bool has_memory_image_ = false; ///< active data segments come with it
  std::vector<bool> dropped_elems_;
  std::vector<std::vector<u64>>
      elem_values_; ///< evaluated expressions, for segments that are not function lists
};

/// A backtrace frame with everything a message shows.
struct Frame {
  std::string module_name;
  u32 func_idx;
  std::string func_name; ///< empty when the name section has none
  u32 wasm_offset;
};
/// Resolves a recorded frame: one, several where callees were inlined (innermost first), none when the pc belongs to
/// no wasm function (adapters, stubs).
std::vector<Frame> resolve_frame(const RawFrame& raw);

} // namespace petrel::runtime
