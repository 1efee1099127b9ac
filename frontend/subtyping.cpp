// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/subtyping.h"

#include <algorithm>

#include "ir/heap_types.h"

namespace petrel::frontend {

bool matches(std::span<const ir::TypeDef> types, TypeIdx sub, TypeIdx super) {
  const TypeIdx wanted = types[super.index()].canonical;
  for (TypeIdx at = sub; !at.is_none(); at = types[at.index()].supertype) {
    if (types[at.index()].canonical == wanted) {
      return true;
    }
  }
  return false;
}

bool matches(std::span<const ir::TypeDef> types, HeapType sub, HeapType super) {
  if (sub == super || sub == kBotHeap) {
    return true;
  }
  if (!sub.is_abstract()) {
    return super.is_abstract()
               ? ir::matches_abstract(ir::abstract_of(types[sub.type_idx().index()].kind),
                                      super.abstract())
               : matches(types, sub.type_idx(), super.type_idx());
  }
  if (super.is_abstract()) {
    return super != kBotHeap && ir::matches_abstract(sub.abstract(), super.abstract());
  }
  const bool is_func = types[super.type_idx().index()].kind == ir::CompositeKind::func;
  return sub.abstract() == (is_func ? AbsHeapType::nofunc : AbsHeapType::none);
}

bool matches(std::span<const ir::TypeDef> types, ValType sub, ValType super) {
  if (sub == super) {
    return true;
  }
  return sub.is_ref() && super.is_ref() && (super.is_nullable() || !sub.is_nullable()) &&
         matches(types, sub.heap(), super.heap());
}

bool is_same(std::span<const ir::TypeDef> types, ValType a, ValType b) {
  return a == b || (matches(types, a, b) && matches(types, b, a));
}

AbsHeapType top_of(std::span<const ir::TypeDef> types, HeapType heap) {
  if (!heap.is_abstract()) {
    return types[heap.type_idx().index()].kind == ir::CompositeKind::func ? AbsHeapType::func
                                                                          : AbsHeapType::any;
  }
  switch (heap.abstract()) {
  case AbsHeapType::func:
  case AbsHeapType::nofunc: return AbsHeapType::func;
  case AbsHeapType::extern_:
  case AbsHeapType::noextern: return AbsHeapType::extern_;
  case AbsHeapType::exn:
  case AbsHeapType::noexn: return AbsHeapType::exn;
  case AbsHeapType::any:
  case AbsHeapType::eq:
  case AbsHeapType::i31:
  case AbsHeapType::struct_:
  case AbsHeapType::array:
  case AbsHeapType::none: break;
  }
  return AbsHeapType::any;
}

bool matches(std::span<const ir::TypeDef> types, const CompositeView& sub,
             const CompositeView& super) {
  if (sub.kind != super.kind) {
    return false;
  }
  if (sub.kind == ir::CompositeKind::func) {
    return sub.params.size() == super.params.size() && sub.results.size() == super.results.size() &&
           std::ranges::equal(sub.params, super.params,
                              [&](ValType a, ValType b) { return matches(types, b, a); }) &&
           std::ranges::equal(sub.results, super.results,
                              [&](ValType a, ValType b) { return matches(types, a, b); });
  }
  if (sub.params.size() < super.params.size()) {
    return false;
  }
  for (usize i = 0; i < super.params.size(); ++i) {
    const bool ok =
        super.mutabilities[i] != 0
            ? sub.mutabilities[i] != 0 && is_same(types, sub.params[i], super.params[i])
            : sub.mutabilities[i] == 0 && matches(types, sub.params[i], super.params[i]);
    if (!ok) {
      return false;
    }
  }
  return true;
}

} // namespace petrel::frontend
