// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/component_plan.h"

#include <cstring>

namespace petrel::ir {
namespace {

/// Checks an image that comes from a file: ranges first, then every index that the runtime uses unchecked.
class PlanChecker {
public:
  PlanChecker(const u8* image, usize size_bytes) : image_(image), size_bytes_(size_bytes) {}

  bool run() {
    if (size_bytes_ < sizeof(PlanHeader) ||
        reinterpret_cast<uintptr_t>(image_) % alignof(PlanHeader) != 0) {
      return false;
    }
    const PlanHeader& h = *reinterpret_cast<const PlanHeader*>(image_);
    if (h.magic != PlanHeader::kMagic || h.image_size != size_bytes_) {
      return false;
    }
    plan_ = ComponentPlan(image_);
    bool tables = in(h.modules) && in(h.initialisers) && in(h.components) && in(h.instantiates) &&
                  in(h.extracts) && in(h.resources) && in(h.options) && in(h.imports) &&
                  in(h.interfaces) && in(h.lowers) && in(h.lifts) && in(h.fused) &&
                  in(h.builtins) && in(h.exports) && in(h.types) && in(h.func_types) && in(h.plans);
    return tables && limits(h) && types() && resources() && options() && functions() &&
           instantiation() && plans() && exports() && initialisers();
  }

private:
  template <typename T> bool in(Array<T> a) const {
    return a.count == 0 || (a.offset % alignof(T) == 0 && a.offset <= size_bytes_ &&
                            a.count <= (size_bytes_ - a.offset) / sizeof(T));
  }
  template <typename Tag, typename T> static bool below(Id<Tag> id, Array<T> table) {
    return id.index() < table.count;
  }
  template <typename Tag, typename T> static bool maybe(Id<Tag> id, Array<T> table) {
    return id.is_none() || id.index() < table.count;
  }
  const PlanHeader& h() const { return plan_.header(); }

  static bool limits(const PlanHeader& header) {
    return header.func_slots <= 10'000'000 && header.memory_slots <= 1'000'000 &&
           header.table_slots <= 1'000'000 && header.core_instances <= header.instantiates.count &&
           header.components.count != 0;
  }

  bool fields(Array<Field> list, usize types_before) const {
    if (!in(list)) {
      return false;
    }
    for (const Field& f : plan_.array(list)) {
      if (!in(f.name) || (!f.type.is_none() && f.type.index() >= types_before)) {
        return false;
      }
    }
    return true;
  }

  bool types() const {
    auto list = plan_.types();
    for (usize i = 0; i < list.size(); ++i) {
      const DefType& t = list[i];
      bool handle = t.kind == DefTypeKind::own || t.kind == DefTypeKind::borrow;
      auto before = [&](DefTypeIdx id) { return id.is_none() || id.index() < i; };
      if (t.kind > DefTypeKind::future || !before(t.elem) || !before(t.second) ||
          !fields(t.fields, i) || (handle && t.number >= h().resources.count)) {
        return false;
      }
    }
    for (const CompFuncType& f : plan_.func_types()) {
      if (!fields(f.params, list.size()) || !maybe(f.result, h().types) || !in(f.key)) {
        return false;
      }
    }
    return true;
  }

  bool resources() const {
    for (const Resource& r : plan_.resources()) {
      if (!in(r.interface) || !in(r.name) || !maybe(r.owner, h().components) ||
          !slot(r.dtor, true)) {
        return false;
      }
    }
    for (const ComponentInstanceInfo& c : plan_.components()) {
      if (!in(c.name) || !maybe(c.parent, h().components)) {
        return false;
      }
    }
    return true;
  }

  bool slot(FuncSlot s, bool may_be_none) const {
    return s.is_none() ? may_be_none : s.index() < h().func_slots;
  }
  bool signature(const CoreSignature& s) const { return in(s.params) && in(s.results); }

  bool options() const {
    for (const CanonOptions& o : plan_.options()) {
      bool memory = o.memory.is_none() || o.memory.index() < h().memory_slots;
      if (!below(o.instance, h().components) || o.encoding > StringEncoding::latin1_utf16 ||
          !memory || !slot(o.realloc, true) || !slot(o.post_return, true) ||
          !slot(o.callback, true)) {
        return false;
      }
    }
    return true;
  }

  bool functions() const {
    for (const HostImport& i : plan_.imports()) {
      if (!in(i.interface) || !in(i.name) || !below(i.type, h().func_types)) {
        return false;
      }
    }
    for (const ImportedInterface& i : plan_.interfaces()) {
      if (!in(i.name) || u64{i.first_import} + i.import_count > h().imports.count) {
        return false;
      }
    }
    for (const LowerImport& l : plan_.lowers()) {
      if (!below(l.import, h().imports) || !below(l.options, h().options) ||
          !signature(l.signature) || !slot(l.slot, false) || !below(l.params, h().plans) ||
          !maybe(l.result, h().plans)) {
        return false;
      }
    }
    for (const Lift& l : plan_.lifts()) {
      if (!slot(l.func, false) || !below(l.options, h().options) ||
          !below(l.type, h().func_types) || !signature(l.signature)) {
        return false;
      }
    }
    for (const FusedAdapter& f : plan_.fused()) {
      if (!below(f.callee, h().lifts) || !below(f.options, h().options) ||
          !signature(f.signature) || !slot(f.slot, false) || !below(f.params, h().plans) ||
          !maybe(f.result, h().plans)) {
        return false;
      }
    }
    for (const CanonBuiltin& b : plan_.builtins()) {
      bool resource = canon_is_sync(b.kind) ? below(b.resource, h().resources) : true;
      if (canon_text(b.kind).empty() || !below(b.options, h().options) || !resource ||
          !maybe(b.type, h().types) || !signature(b.signature) || !slot(b.slot, false)) {
        return false;
      }
    }
    return true;
  }

  bool instantiation() const {
    for (const InstantiateModule& m : plan_.instantiates()) {
      if (!below(m.module, h().modules) || !below(m.owner, h().components) || !in(m.args)) {
        return false;
      }
      for (const CoreArg& a : plan_.array(m.args)) {
        bool index = a.kind == CoreArg::Kind::func_slot
                         ? a.index < h().func_slots && a.extern_kind == ExternKind::func
                         : a.kind == CoreArg::Kind::instance_export && a.index < h().core_instances;
        if (!index || !in(a.name) || a.extern_kind > ExternKind::tag) {
          return false;
        }
      }
    }
    for (const Extract& e : plan_.extracts()) {
      u32 slots = e.kind == ExternKind::func     ? h().func_slots
                  : e.kind == ExternKind::memory ? h().memory_slots
                  : e.kind == ExternKind::table  ? h().table_slots
                                                 : 0;
      if (e.slot >= slots || e.instance.index() >= h().core_instances || !in(e.name)) {
        return false;
      }
    }
    return true;
  }

  bool plans() const {
    for (const TransferPlan& p : plan_.plans()) {
      bool ends = true;
      for (const PlanEnd* e : {&p.src, &p.dst}) {
        ends = ends && (e->kind == EndKind::host || e->options < h().options.count);
      }
      if (!ends || !in(p.code) ||
          !check_transfer_plan(p, plan_.code(p), h().resources.count, h().types.count)) {
        return false;
      }
    }
    return true;
  }

  bool exports() const {
    for (const ComponentExport& e : plan_.exports()) {
      bool index = true;
      switch (e.kind) {
      case ExportKind::lifted_func:
        index = e.index < h().lifts.count && below(e.type, h().func_types) &&
                below(e.params, h().plans) && maybe(e.result, h().plans);
        break;
      case ExportKind::imported_func:
        index = e.index < h().imports.count && below(e.type, h().func_types);
        break;
      case ExportKind::type: index = e.index < h().types.count; break;
      case ExportKind::resource: index = e.index < h().resources.count; break;
      case ExportKind::core_module: index = e.index < h().modules.count; break;
      case ExportKind::interface: break;
      }
      if (e.kind > ExportKind::interface || !index || !in(e.interface) || !in(e.name)) {
        return false;
      }
    }
    return true;
  }

  bool initialisers() const {
    for (const Initialiser& i : plan_.initialisers()) {
      u32 count = 0;
      switch (i.kind) {
      case InitKind::start_component: count = h().components.count; break;
      case InitKind::instantiate_module: count = h().instantiates.count; break;
      case InitKind::extract: count = h().extracts.count; break;
      case InitKind::define_resource: count = h().resources.count; break;
      case InitKind::lower_import: count = h().lowers.count; break;
      case InitKind::fuse: count = h().fused.count; break;
      case InitKind::canon_builtin: count = h().builtins.count; break;
      }
      if (i.index >= count) {
        return false;
      }
    }
    return true;
  }

  const u8* image_;
  usize size_bytes_;
  ComponentPlan plan_;
};

} // namespace

bool ComponentPlan::check(const u8* image, usize size_bytes) {
  return PlanChecker(image, size_bytes).run();
}

std::string_view canon_text(CanonKind kind) {
  switch (kind) {
#define PETREL_CANON(name, text, opcode, immediates, gate, core_type)                              \
  case CanonKind::name: return text;
#include "ir/canon_builtins.def"
  }
  return {};
}

} // namespace petrel::ir
