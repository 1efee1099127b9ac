// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instantiation (specification §4.5.4) in the order the specification observes: imports are matched before
// anything is made, globals before tables before segments, and active segments are written one after the other, so
// that a trap in the middle leaves the earlier ones in place.
#include "runtime/instance.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/format.h"
#include "base/unicode.h"
#include "runtime/builtins.h"
#include "runtime/code_image.h"
#include "runtime/const_eval.h"
#include "runtime/type_registry.h"

namespace petrel::runtime {

namespace {

ir::VMSlot slot_of(const ir::Module& module, GlobalIdx idx) {
  return ir::VMLayout(module).global(idx);
}

std::unexpected<Error> incompatible(const ir::Module& module, const ir::Import& import,
                                    std::string_view expected, std::string_view found) {
  return fail(ErrorClass::link,
              strf("incompatible import type: \"%s\" \"%s\": expected %.*s, found %.*s",
                   escaped(module.str(import.module)).c_str(),
                   escaped(module.str(import.name)).c_str(), PETREL_SV(expected),
                   PETREL_SV(found)));
}

std::string_view kind_name(ir::ExternKind kind) {
  switch (kind) {
  case ir::ExternKind::func: return "function";
  case ir::ExternKind::table: return "table";
  case ir::ExternKind::memory: return "memory";
  case ir::ExternKind::global: return "global";
  case ir::ExternKind::tag: return "tag";
  }
  PETREL_UNREACHABLE();
}

std::string limits_text(const Limits& limits) {
  std::string text = limits.is_64 != 0 ? "i64 " : "";
  text += strf("%llu", static_cast<unsigned long long>(limits.min));
  if (limits.has_max != 0) {
    text += strf("..%llu", static_cast<unsigned long long>(limits.max));
  }
  text += limits.is_shared != 0 ? " shared" : "";
  if (limits.page_size_log2 != 16) {
    text += strf(" (pagesize %llu)", 1ull << limits.page_size_log2);
  }
  return text;
}

/// Limits matching (§3.3.10).
bool matches(const Limits& given, const Limits& wanted) {
  return given.min >= wanted.min && given.is_64 == wanted.is_64 &&
         given.is_shared == wanted.is_shared && given.page_size_log2 == wanted.page_size_log2 &&
         (wanted.has_max == 0 || (given.has_max != 0 && given.max <= wanted.max));
}

std::string signature_text(FuncSignature signature) {
  std::string text = "[";
  for (ValType type : signature.params) {
    text += (text.size() > 1 ? " " : "") + to_string(type);
  }
  text += "] -> [";
  for (usize i = 0; i < signature.results.size(); ++i) {
    text += (i != 0 ? " " : "") + to_string(signature.results[i]);
  }
  return text + "]";
}

} // namespace

Instance::~Instance() {
  std::free(interp_funcs_);
  std::free(vm_);
  std::free(func_refs_);
}

Status Instance::allocate() {
  const ir::Module& ir = module_->ir;
  vm_size_ = align_up(ir::VMLayout(ir).size_bytes(), 64);
  vm_ = static_cast<ir::VMContext*>(std::aligned_alloc(64, vm_size_));
  // calloc: for large modules the kernel's zero pages, touched only where a reference is taken.
  func_refs_ = static_cast<ir::FuncRef*>(
      std::calloc(std::max<usize>(ir.funcs().size(), 1), sizeof(ir::FuncRef)));
  if (vm_ == nullptr || func_refs_ == nullptr) {
    return fail(ErrorClass::limit, "no memory for the instance");
  }
  std::memset(static_cast<void*>(vm_), 0, vm_size_);
  if (module_->image != nullptr && module_->image->has_tail_entries(module_->image_module)) {
    TRY(store_.need_tail_args());
  }
  has_memory_image_ = module_->image != nullptr &&
                      module_->image->module(module_->image_module).memory_image.size != 0;
  vm_imports_.resize(ir.header().imported_funcs);
  vm_->builtins = builtin_table();
  vm_->imports = vm_imports_.data();
  vm_->type_ids = module_->type_ids.data();
  vm_->store = &store_.vm();
  vm_->image_base = module_->image != nullptr ? module_->image->base() : nullptr;
  vm_->func_refs = func_refs_;
  vm_->instance = this;
  if (store_.is_interpreted()) {
    // One cache line each, so the array starts at one; calloc as above.
    constexpr u64 kCacheLine = 64;
    interp_funcs_ = std::calloc(ir.funcs().size() + 1, store_.config().interp->func_size);
    if (interp_funcs_ == nullptr) {
      return fail(ErrorClass::limit, "no memory for the instance");
    }
    CHECK(store_.config().interp->func_size % kCacheLine == 0);
    const bool is_guarded = ir.memories().empty() || Memory::is_guarded(ir.memories()[0]);
    vm_->interp_dispatch = store_.config().interp->dispatch_table(
        ir.header().has_v128 != 0, !is_guarded, store_.determinism() != nullptr);
    // SAFETY: the extra element is room for the alignment; interp::Func is trivial and starts zeroed.
    vm_->interp_funcs =
        reinterpret_cast<interp::Func*>(align_up(reinterpret_cast<u64>(interp_funcs_), kCacheLine));
  }
  return {};
}

Status Instance::link_one(const ir::Import& import, const Extern& given) {
  const ir::Module& ir = module_->ir;
  if (given.kind != import.kind) {
    return incompatible(ir, import, kind_name(import.kind), kind_name(given.kind));
  }
  switch (import.kind) {
  case ir::ExternKind::func: {
    const TypeIdx type = ir.func(FuncIdx(import.index)).type;
    const u64 wanted = module_->type_ids[type.index()];
    if (!is_subtype(given.func->type_id, wanted)) {
      return incompatible(ir, import, signature_text(func_signature(wanted)),
                          signature_text(func_signature(given.func->type_id)));
    }
    ir::FuncRef* ref = given.func;
    if (ref->host != nullptr) {
      const void* adapter = module_->image != nullptr
                                ? module_->image->host_adapter(module_->image_module, type)
                                : nullptr;
      ref = store_.import_host_func(ref, *this, adapter);
    }
    func_refs_[import.index] = *ref; // `self` keeps naming the original
    vm_imports_[import.index] = {ref->code, ref->ctx};
    return {};
  }
  case ir::ExternKind::memory: {
    if (!matches(given.memory->type(), ir.memories()[import.index])) {
      return incompatible(ir, import, "memory " + limits_text(ir.memories()[import.index]),
                          "memory " + limits_text(given.memory->type()));
    }
    memories_.push_back(given.memory);
    return {};
  }
  case ir::ExternKind::table: {
    ir::TableType wanted = ir.tables()[import.index].type;
    wanted.element = canonical(wanted.element, module_->type_ids);
    const ir::TableType found = given.table->type();
    if (found.element != wanted.element || !matches(found.limits, wanted.limits)) {
      return incompatible(ir, import,
                          "table " + limits_text(wanted.limits) + " " + to_string(wanted.element),
                          "table " + limits_text(found.limits) + " " + to_string(found.element));
    }
    tables_.push_back(given.table);
    return {};
  }
  case ir::ExternKind::global: {
    ir::GlobalType wanted = ir.globals()[import.index].type;
    wanted.type = canonical(wanted.type, module_->type_ids);
    const ir::GlobalType found = given.global->type;
    const bool has_type =
        wanted.is_mutable ? found.type == wanted.type : matches(found.type, wanted.type);
    if (!has_type || found.is_mutable != wanted.is_mutable) {
      return incompatible(
          ir, import, (wanted.is_mutable ? "mutable global " : "global ") + to_string(wanted.type),
          (found.is_mutable ? "mutable global " : "global ") + to_string(found.type));
    }
    globals_.push_back(given.global);
    return {};
  }
  case ir::ExternKind::tag: {
    const u64 wanted = module_->type_ids[ir.tags()[import.index].type.index()];
    if (given.tag->type_id != wanted) {
      return incompatible(ir, import, "tag " + signature_text(func_signature(wanted)),
                          "tag " + signature_text(func_signature(given.tag->type_id)));
    }
    tags_.push_back(given.tag);
    return {};
  }
  }
  PETREL_UNREACHABLE();
}

Status Instance::link(std::span<const Extern> imports) {
  const ir::Module& ir = module_->ir;
  CHECK(imports.size() == ir.imports().size());
  for (usize i = 0; i < imports.size(); ++i) {
    TRY(link_one(ir.imports()[i], imports[i]));
  }
  const ir::VMLayout layout(ir);
  u8* const vm = reinterpret_cast<u8*>(vm_);
  auto point_at = [&](ir::VMSlot slot, void* owner) {
    CHECK(slot.is_indirect);
    std::memcpy(vm + slot.offset, &owner, sizeof owner);
  };
  for (u32 i = 0; i < memories_.size(); ++i) {
    point_at(layout.memory(MemIdx(i)), memories_[i]->pair());
  }
  for (u32 i = 0; i < tables_.size(); ++i) {
    point_at(layout.table(TableIdx(i)), tables_[i]->pair());
  }
  for (u32 i = 0; i < globals_.size(); ++i) {
    point_at(layout.global(GlobalIdx(i)), globals_[i]->slot);
  }
  if (!memories_.empty()) {
    vm_->mem0_base = memories_[0]->base();
  }
  return {};
}

Status Instance::define_memories() {
  const ir::Module& ir = module_->ir;
  const ir::VMLayout layout(ir);
  for (u32 i = ir.header().imported_memories; i < ir.memories().size(); ++i) {
    TRY_ASSIGN(Memory * memory, store_.make_memory(ir.memories()[i]));
    // SAFETY: the slot lies inside the VMContext by construction of the layout and is 8-aligned.
    auto* place = reinterpret_cast<ir::MemoryPair*>(reinterpret_cast<u8*>(vm_) +
                                                    layout.memory(MemIdx(i)).offset);
    if (memory->is_shared()) {
      // Its live pair stays with the memory, which may outlive this Store; the interpreter looks there.
      *place = *memory->pair();
    } else {
      memory->place_pair(place);
    }
    memories_.push_back(memory);
  }
  return {};
}

Status Instance::define_tables() {
  const ir::Module& ir = module_->ir;
  const ir::VMLayout layout(ir);
  for (u32 i = ir.header().imported_tables; i < ir.tables().size(); ++i) {
    ir::TableType type = ir.tables()[i].type;
    type.element = canonical(type.element, module_->type_ids);
    TRY_ASSIGN(Table * table, store_.make_table(type));
    // SAFETY: as above.
    table->place_pair(reinterpret_cast<ir::TablePair*>(reinterpret_cast<u8*>(vm_) +
                                                       layout.table(TableIdx(i)).offset));
    tables_.push_back(table);
    TRY_ASSIGN(const RawVal value, evaluate(ir.tables()[i].init));
    const u64 init = value.i64;
    for (u64 at = 0; init != 0 && at < table->size(); ++at) {
      table->set(at, init);
    }
  }
  return {};
}

Status Instance::define_globals() {
  const ir::Module& ir = module_->ir;
  for (u32 i = ir.header().imported_globals; i < ir.globals().size(); ++i) {
    const ir::Global& global = ir.globals()[i];
    // SAFETY: 16-aligned slot inside the VMContext.
    auto* slot =
        reinterpret_cast<RawVal*>(reinterpret_cast<u8*>(vm_) + slot_of(ir, GlobalIdx(i)).offset);
    TRY_ASSIGN(*slot, evaluate(global.init));
    ir::GlobalType type = global.type;
    type.type = canonical(type.type, module_->type_ids);
    Global* owned = store_.make_global(type, *slot);
    owned->slot = slot;
    globals_.push_back(owned);
  }
  return {};
}

Status Instance::define_tags() {
  for (u32 i = ir().header().imported_tags; i < ir().tags().size(); ++i) {
    const u64 type_id = module_->type_ids[ir().tags()[i].type.index()];
    TRY_ASSIGN(Tag * tag, store_.make_tag(type_id, this, i));
    tags_.push_back(tag);
  }
  return {};
}

Status Instance::define() {
  TRY(define_tags());
  TRY(define_memories());
  TRY(define_globals());
  TRY(define_tables());
  dropped_datas_.resize(ir().datas().size());
  dropped_elems_.resize(ir().elems().size());
  return evaluate_elems();
}

Status Instance::evaluate_elems() {
  elem_values_.resize(ir().elems().size());
  for (usize i = 0; i < ir().elems().size(); ++i) {
    for (const ir::ConstExpr& expr : ir().array(ir().elems()[i].exprs)) {
      TRY_ASSIGN(const RawVal value, evaluate(expr));
      elem_values_[i].push_back(value.i64);
    }
  }
  return {};
}

/// Compiled code asks for elements that are not made yet; a table of this instance's own holds nothing else so far.
bool Instance::is_filled_lazily(const ir::Elem& elem) const {
  return module_->image != nullptr && elem.funcs.count != 0 &&
         elem.offset.kind == ir::ConstExpr::Kind::value && !ir().is_imported_table(elem.table) &&
         tables_[elem.table.index()]->can_fill_lazily();
}

Status Instance::fill_segments() {
  const ir::Module& ir = module_->ir;
  auto address = [&](const ir::ConstExpr& expr, const Limits& limits) -> Result<u64> {
    TRY_ASSIGN(const RawVal value, evaluate(expr));
    return limits.is_64 != 0 ? value.i64 : u64{value.i32};
  };
  for (u32 i = 0; i < ir.elems().size(); ++i) {
    const ir::Elem& elem = ir.elems()[i];
    if (elem.mode == ir::SegmentMode::active && is_filled_lazily(elem)) {
      Table& table = *tables_[elem.table.index()];
      TRY_ASSIGN(const u64 start, address(elem.offset, table.type().limits));
      if (!table.contains(start, elem.funcs.count)) {
        store_.raise(ir::TrapCode::table_out_of_bounds);
        return std::unexpected(store_.take_pending());
      }
      table.fill_lazily(start, *this, ElemIdx(i));
    } else if (elem.mode == ir::SegmentMode::active) {
      TRY_ASSIGN(const u64 offset,
                 address(elem.offset, ir.tables()[elem.table.index()].type.limits));
      if (!table_init(*this, elem.table, ElemIdx(i), offset, 0, elem_count(ElemIdx(i)))) {
        return std::unexpected(store_.take_pending());
      }
    }
    if (elem.mode != ir::SegmentMode::passive) {
      drop_elem(ElemIdx(i));
    }
  }
  if (has_memory_image_) {
    const CodeImage::MemoryImage image = module_->image->memory_image(module_->image_module);
    return memories_[0]->map_contents(image.address, image.size, image.fd, image.file_offset);
  }
  for (u32 i = 0; i < ir.datas().size(); ++i) {
    const ir::Data& data = ir.datas()[i];
    CHECK(module_->image == nullptr || ir.is_sound(data));
    if (data.mode != ir::SegmentMode::active) {
      continue;
    }
    u64 offset = data.address;
    if (const ir::ConstExpr* expr = ir.offset_expr(data)) {
      TRY_ASSIGN(offset, address(*expr, ir.memories()[data.memory.index()]));
    }
    if (!memory_init(*this, data.memory, DataIdx(i), offset, 0, data.bytes_size)) {
      return std::unexpected(store_.take_pending());
    }
    drop_data(DataIdx(i));
  }
  return {};
}

Result<Instance*> Store::instantiate(std::shared_ptr<const CoreModule> module,
                                     std::span<const Extern> imports) {
  // Owned from the start: after a failure, tables that it filled may still refer to its functions.
  instances_.push_back(std::unique_ptr<Instance>(new Instance(*this, std::move(module))));
  Instance* instance = instances_.back().get();
  TRY(instance->allocate());
  TRY(instance->prepare_gc());
  TRY(instance->link(imports));
  TRY(instance->define());
  TRY(instance->fill_segments());
  const FuncIdx start = instance->ir().header().start;
  if (!start.is_none()) {
    RawVal nothing[1] = {};
    TRY(call_checked(instance->func_ref(start), nothing));
  }
  return instance;
}

void Instance::fill_func_ref(ir::FuncRef& ref, FuncIdx idx) {
  const TypeIdx type = ir().func(idx).type;
  CHECK(type.index() < ir().types().size());
  ref.type_id = module_->type_ids[type.index()];
  ref.ctx = vm_;
  if (module_->image != nullptr) {
    ref.code = module_->image->func_entry(module_->image_module,
                                          idx.index() - ir().header().imported_funcs);
    ref.tail_entry = module_->image->tail_entry(module_->image_module,
                                                idx.index() - ir().header().imported_funcs);
    ref.array_entry = module_->image->array_adapter(module_->image_module, type);
  } else {
    const InterpHooks& hooks = *store_.config().interp;
    ref.array_entry = hooks.enter;
    // SAFETY: the array has one element of func_size bytes per function.
    ref.interp_func = reinterpret_cast<interp::Func*>(reinterpret_cast<u8*>(vm_->interp_funcs) +
                                                      u64{idx.index()} * hooks.func_size);
  }
  ref.self = &ref; // last: marks the reference as made
}

ir::FuncRef* Instance::func_ref(FuncIdx idx) {
  CHECK(idx.index() < ir().funcs().size());
  ir::FuncRef& ref = func_refs_[idx.index()];
  if (ref.self == nullptr) {
    fill_func_ref(ref, idx);
  }
  return ref.self;
}

void Instance::visit_gc_roots(GcMarker& marker) const {
  for (const std::vector<u64>& values : elem_values_) {
    marker.scan(values.data(), values.data() + values.size());
  }
}

Result<RawVal> Instance::evaluate(const ir::ConstExpr& expr) {
  if (auto value = evaluate_const(*this, expr)) {
    return *value;
  }
  return std::unexpected(store_.take_pending());
}

/// Makes the heap and tells it the module's types, if it has any that need it.
Status Instance::prepare_gc() {
  const std::span<const ir::TypeDef> types = ir().types();
  const bool has_objects = std::ranges::any_of(
      types, [](const ir::TypeDef& type) { return type.kind != ir::CompositeKind::func; });
  if (!has_objects && ir().tags().empty()) {
    return {};
  }
  TRY_ASSIGN(GcHeap * heap, store_.gc_heap());
  for (u64 id : module_->type_ids) {
    const TypeInfo& info = type_info(id);
    if (info.kind != ir::CompositeKind::func) {
      heap->define_type(id, info.layout);
    }
  }
  return {};
}

std::optional<Extern> Instance::find_export(std::string_view name) {
  const ir::Export* found = ir().find_export(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  return extern_of(found->kind, found->index);
}

Extern Instance::extern_of(ir::ExternKind kind, u32 index) {
  switch (kind) {
  case ir::ExternKind::func: return Extern::of(func_ref(FuncIdx(index)));
  case ir::ExternKind::table: return Extern::of(tables_[index]);
  case ir::ExternKind::memory: return Extern::of(memories_[index]);
  case ir::ExternKind::global: return Extern::of(globals_[index]);
  case ir::ExternKind::tag: return Extern::of(tags_[index]);
  }
  PETREL_UNREACHABLE();
}

Bytes Instance::data_bytes(DataIdx idx) const {
  const ir::Data& data = ir().datas()[idx.index()];
  if (dropped_datas_[idx.index()] || (has_memory_image_ && data.mode == ir::SegmentMode::active)) {
    return {};
  }
  CHECK(module_->image == nullptr || data.bytes_size == 0 ||
        (ir().is_sound(data) && module_->image->module(module_->image_module).data.size != 0));
  return {module_->data_base + data.bytes_offset, data.bytes_size};
}

u32 Instance::elem_count(ElemIdx idx) const {
  return dropped_elems_[idx.index()] ? 0 : ir().elems()[idx.index()].count();
}

u64 Instance::elem_value(ElemIdx idx, u32 i) {
  const ir::Elem& elem = ir().elems()[idx.index()];
  if (elem.funcs.count == 0) {
    return elem_values_[idx.index()][i];
  }
  const u32 func = ir().array(elem.funcs)[i];
  return func == FuncIdx::none().index() ? 0 : reinterpret_cast<u64>(func_ref(FuncIdx(func)));
}

std::vector<Frame> resolve_frame(const RawFrame& raw) {
  using Place = CodeImage::Place;
  const std::vector<Place> places =
      raw.instance != nullptr
          ? std::vector<Place>{{&raw.instance->ir(), raw.func_idx, raw.wasm_offset}}
          : CodeImage::find(raw.native_pc, raw.is_exact);
  std::vector<Frame> frames;
  for (const Place& place : places) {
    const std::string_view module_name = place.module->name();
    frames.push_back({.module_name = std::string(module_name.empty() ? "<unknown>" : module_name),
                      .func_idx = place.func_idx,
                      .func_name = std::string(place.module->func_name(FuncIdx(place.func_idx))),
                      .wasm_offset = place.wasm_offset});
  }
  return frames;
}

} // namespace petrel::runtime
