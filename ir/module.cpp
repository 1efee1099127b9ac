// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Look-ups in a module image, and the check of images that come from a file.
#include "ir/module.h"

#include <algorithm>

namespace petrel::ir {

const Export* Module::find_export(std::string_view name) const {
  const auto order = array(header().exports_by_name);
  const auto all = exports();
  auto at = std::ranges::lower_bound(order, name, {}, [&](u32 i) { return str(all[i].name); });
  return at != order.end() && str(all[*at].name) == name ? &all[*at] : nullptr;
}

std::string_view Module::func_name(FuncIdx idx) const {
  const auto names = array(header().func_names);
  auto at = std::ranges::lower_bound(names, idx.index(), {}, &NameEntry::index);
  const bool is_here = at != names.end() && at->index == idx.index() &&
                       u64{at->name.offset} + at->name.count <= header().image_size;
  return is_here ? str(at->name) : std::string_view();
}

namespace {

/// Walks everything that is used without a check later. What grows with the code (functions, their names, lists of elements, data
/// segments) is checked where it is used: loading takes no time for it.
class Checker {
public:
  Checker(const u8* image, usize size_bytes) : module_(image), size_(size_bytes) {}

  bool run() {
    const ModuleHeader& h = module_.header();
    return all_inside(h) && counts_agree(h) && types_ok() && tags_ok() && imports_ok() &&
           exports_ok() && globals_ok() && elems_ok() &&
           std::ranges::all_of(module_.customs(),
                               [&](const CustomSection& c) { return inside(c.name); });
  }
  bool data_ok(const Data& d) const {
    const ModuleHeader& h = module_.header();
    return (d.offset_expr == 0 ||
            (inside(Array<ConstExpr>{d.offset_expr, 1}) && expr_ok(*module_.offset_expr(d)))) &&
           (d.mode != SegmentMode::active || d.memory.index() < module_.memories().size()) &&
           d.bytes_offset >= h.data_offset &&
           u64{d.bytes_offset} + d.bytes_size <= u64{h.data_offset} + h.data_size;
  }

private:
  template <typename T> bool inside(Array<T> a) const {
    return a.count == 0 || (a.offset % alignof(T) == 0 && a.offset <= size_ &&
                            a.count <= (size_ - a.offset) / sizeof(T));
  }
  bool all_inside(const ModuleHeader& h) const {
    return inside(h.name) && inside(h.types) && inside(h.imports) && inside(h.funcs) &&
           inside(h.tables) && inside(h.memories) && inside(h.globals) && inside(h.tags) &&
           inside(h.exports) && inside(h.exports_by_name) && inside(h.elems) && inside(h.datas) &&
           inside(h.func_names) && inside(h.customs) && inside(h.handlers) && inside(h.side_table);
  }
  bool counts_agree(const ModuleHeader& h) const {
    return h.imported_funcs <= h.funcs.count && h.imported_tables <= h.tables.count &&
           h.imported_memories <= h.memories.count && h.imported_globals <= h.globals.count &&
           h.imported_tags <= h.tags.count && h.exports.count == h.exports_by_name.count &&
           (h.start.is_none() || h.start.index() < h.funcs.count) &&
           h.imports.count == u64{h.imported_funcs} + h.imported_tables + h.imported_memories +
                                  h.imported_globals + h.imported_tags;
  }
  bool types_ok() const {
    return std::ranges::all_of(module_.types(), [&](const TypeDef& t) {
      return inside(t.params) && inside(t.results) && inside(t.mutabilities);
    });
  }
  bool tags_ok() const {
    return std::ranges::all_of(
        module_.tags(), [&](const Tag& t) { return t.type.index() < module_.types().size(); });
  }
  u64 space(ExternKind kind) const {
    const ModuleHeader& h = module_.header();
    switch (kind) {
    case ExternKind::func: return h.funcs.count;
    case ExternKind::table: return h.tables.count;
    case ExternKind::memory: return h.memories.count;
    case ExternKind::global: return h.globals.count;
    case ExternKind::tag: return h.tags.count;
    }
    return 0;
  }
  bool imports_ok() const {
    return std::ranges::all_of(module_.imports(), [&](const Import& i) {
      return inside(i.module) && inside(i.name) && i.index < space(i.kind);
    });
  }
  bool exports_ok() const {
    return std::ranges::all_of(
               module_.exports(),
               [&](const Export& e) { return inside(e.name) && e.index < space(e.kind); }) &&
           std::ranges::all_of(module_.array(module_.header().exports_by_name),
                               [&](u32 i) { return i < module_.exports().size(); });
  }
  bool expr_ok(const ConstExpr& e) const {
    switch (e.kind) {
    case ConstExpr::Kind::value: return true;
    case ConstExpr::Kind::global_get: return e.value.i32 < module_.globals().size();
    case ConstExpr::Kind::ref_func: return e.value.i32 < module_.funcs().size();
    case ConstExpr::Kind::code: return e.code.count != 0 && inside(e.code);
    }
    return false;
  }
  bool globals_ok() const {
    return std::ranges::all_of(module_.globals(),
                               [&](const Global& g) { return expr_ok(g.init); }) &&
           std::ranges::all_of(module_.tables(), [&](const Table& t) { return expr_ok(t.init); });
  }
  bool elems_ok() const {
    return std::ranges::all_of(module_.elems(), [&](const Elem& e) {
      return inside(e.funcs) && inside(e.exprs) && expr_ok(e.offset) &&
             (e.mode != SegmentMode::active || e.table.index() < module_.tables().size()) &&
             std::ranges::all_of(module_.array(e.exprs),
                                 [&](const ConstExpr& x) { return expr_ok(x); });
    });
  }

  Module module_;
  usize size_;
};

} // namespace

bool Module::is_sound(const Data& data) const {
  return Checker(image_, header().image_size).data_ok(data);
}

bool Module::check(const u8* image, usize size_bytes) {
  if (size_bytes < sizeof(ModuleHeader) || reinterpret_cast<uintptr_t>(image) % 16 != 0) {
    return false;
  }
  const Module module(image);
  return module.header().magic == ModuleHeader::kMagic &&
         module.header().image_size == size_bytes && Checker(image, size_bytes).run();
}

} // namespace petrel::ir
