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

// --- Equal groups ----------------------------------------------------------------------------------------

void TypeCanon::rehash(usize slot_count) {
  slots_.assign(slot_count, 0);
  for (usize i = 0; i < groups_.size(); ++i) {
    usize at = groups_[i].hash & (slot_count - 1);
    while (slots_[at] != 0) {
      at = (at + 1) & (slot_count - 1);
    }
    slots_[at] = narrow<u32>(i + 1);
  }
}

u32 TypeCanon::add_group(std::span<const ir::TypeDef> types, u32 first,
                         std::span<const Member> members) {
  if (groups_.size() * 2 >= slots_.size()) {
    rehash(std::max<usize>(64, slots_.size() * 2));
  }
  const usize start = words_.size();
  auto index_word = [&](TypeIdx type) {
    return type.index() >= first ? (u64{type.index()} - first) << 1 | 1
                                 : u64{types[type.index()].canonical.index()} << 1;
  };
  auto add_type = [&](ValType type) {
    const bool is_plain = !type.is_ref() || type.heap().is_abstract();
    words_.push_back(is_plain ? type.bits()
                              : u64{1} << 32 | index_word(type.heap().type_idx()) << 33 |
                                    static_cast<u64>(type.kind()));
  };
  for (const Member& member : members) {
    const bool has_super = !member.def->supertype.is_none();
    words_.push_back(static_cast<u64>(member.view.kind) | u64{member.def->is_final} << 8 |
                     u64{has_super} << 9 | u64{member.view.params.size()} << 16 |
                     u64{member.view.results.size()} << 40);
    if (has_super) {
      words_.push_back(index_word(member.def->supertype));
    }
    std::ranges::for_each(member.view.params, add_type);
    std::ranges::for_each(member.view.results, add_type);
    words_.insert(words_.end(), member.view.mutabilities.begin(), member.view.mutabilities.end());
  }
  const std::span<const u64> words(words_.data() + start, words_.size() - start);
  u64 hash = 0xcbf29ce484222325 ^ words.size();
  for (u64 word : words) {
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  usize at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    const Group& group = groups_[slots_[at] - 1];
    const std::span<const u64> other(words_.data() + group.words_start,
                                     group.words_end - group.words_start);
    if (group.hash == hash && std::ranges::equal(other, words)) {
      const u32 found = group.first;
      words_.resize(start);
      return found;
    }
  }
  groups_.push_back({first, narrow<u32>(start), narrow<u32>(words_.size()), hash});
  slots_[at] = narrow<u32>(groups_.size());
  return first;
}

} // namespace petrel::frontend
