// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A recursion group is written down as words in which a type of the group is its position there and an earlier type its
// canonical id; groups with equal words are the same group (so a group found by hash is compared in full).
// Entries stay for the life of the process, bounded by the process-wide limit on types. They are reached without
// the lock through a table of chunks that only grows.
#include "runtime/type_registry.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

#include "base/format.h"
#include "ir/heap_types.h"

namespace petrel::runtime {

namespace {

constexpr u64 kMaxTypes = 1'000'000;
constexpr u64 kChunk = 1024;
constexpr u64 kChunks = kMaxTypes / kChunk + 1;
static_assert(kMaxTypes <= ir::kGcTypeIdMask);

using Words = std::vector<u64>;

struct Group {
  Words words;
  u64 hash;
  u64 first_id;
};

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<u32> slots; // group number + 1, 0 = free; size is a power of two
  u64 type_count = 0;
  std::atomic<const TypeInfo* const*> chunks[kChunks] = {}; // by id
};

Registry& registry() {
  static Registry* instance = new Registry; // never destroyed: ids outlive everything
  return *instance;
}

/// The types of a recursion group as they come from a module or from the host.
struct GroupSource {
  struct Def {
    ir::CompositeKind kind;
    bool is_final;
    u32 supertype;                   ///< module type index, or kNone
    std::span<const ValType> params; // fields, element
    std::span<const ValType> results;
    std::span<const u8> mutabilities;
  };
  static constexpr u32 kNone = ~u32{0};
  std::vector<Def> defs;
  u32 first = 0;                 ///< module type index of the first
  std::span<const u64> ids = {}; ///< canonical ids of all module types before `first`
};

// --- Words -----------------------------------------------------------------------------------------------

u64 index_word(const GroupSource& source, u32 type_idx) {
  return type_idx >= source.first ? (u64{type_idx} - source.first) << 1 | 1
                                  : source.ids[type_idx] << 1;
}

u64 type_word(const GroupSource& source, ValType type) {
  const u64 kind = static_cast<u64>(type.kind());
  if (!type.is_ref() || type.heap().is_abstract()) {
    return type.bits();
  }
  return u64{1} << 32 | index_word(source, type.heap().type_idx().index()) << 33 | kind;
}

Words words_of(const GroupSource& source) {
  Words words;
  for (const GroupSource::Def& def : source.defs) {
    words.push_back(static_cast<u64>(def.kind) | u64{def.is_final} << 8 |
                    u64{def.supertype != GroupSource::kNone} << 9 | u64{def.params.size()} << 16 |
                    u64{def.results.size()} << 40);
    if (def.supertype != GroupSource::kNone) {
      words.push_back(index_word(source, def.supertype));
    }
    for (ValType type : def.params) {
      words.push_back(type_word(source, type));
    }
    for (ValType type : def.results) {
      words.push_back(type_word(source, type));
    }
    for (u8 is_mutable : def.mutabilities) {
      words.push_back(is_mutable);
    }
  }
  return words;
}

u64 hash_of(const Words& words) {
  u64 hash = 0xcbf29ce484222325 ^ words.size();
  for (u64 word : words) {
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  return hash;
}

// --- Entries ---------------------------------------------------------------------------------------------

u64 id_of(const GroupSource& source, u64 first_id, u32 type_idx) {
  return type_idx >= source.first ? first_id + (type_idx - source.first) : source.ids[type_idx];
}

ValType canonical_in(const GroupSource& source, u64 first_id, ValType type) {
  if (!type.is_ref() || type.heap().is_abstract()) {
    return type;
  }
  const u64 id = id_of(source, first_id, type.heap().type_idx().index());
  return ValType::ref(HeapType(TypeIdx(static_cast<u32>(id))), type.is_nullable());
}

void lay_out(TypeInfo& info, std::span<const u8> mutabilities) {
  u32 end = ir::kGcHeaderSize;
  for (usize i = 0; i < info.types.size(); ++i) {
    const ValType type = info.types[i];
    const bool is_func = type.is_ref() && is_func_heap(type.heap());
    const u32 offset = ir::gc_place_field(end, type);
    info.fields.push_back({offset, ir::gc_storage(type, is_func), mutabilities[i] != 0});
    if (info.fields.back().storage == ir::GcStorage::ref) {
      info.ref_offsets.push_back(offset);
    }
  }
  if (info.kind == ir::CompositeKind::struct_) {
    info.layout = {.kind = ir::GcKind::struct_,
                   .size_bytes = static_cast<u32>(align_up(end, ir::kGcAlignment)),
                   .ref_offsets = info.ref_offsets};
  } else {
    info.layout = {.kind = ir::GcKind::array,
                   .element_log2 = static_cast<u8>(ir::gc_size_log2(info.types[0])),
                   .has_ref_elements = !info.ref_offsets.empty()};
  }
}

/// Makes the entries of a new group. Kinds come first: layouts ask which types of the group are functions.
void make_entries(Registry& reg, const GroupSource& source, u64 first_id) {
  std::vector<TypeInfo*> made;
  for (u32 i = 0; i < source.defs.size(); ++i) {
    auto* info = new TypeInfo;
    info->id = first_id + i;
    info->kind = source.defs[i].kind;
    const u64 chunk = info->id / kChunk;
    if (reg.chunks[chunk].load(std::memory_order_relaxed) == nullptr) {
      reg.chunks[chunk].store(new const TypeInfo* [kChunk] {}, std::memory_order_release);
    }
    // Ids reach other threads only through the lock or what was published after it.
    const_cast<const TypeInfo**>(
        reg.chunks[chunk].load(std::memory_order_relaxed))[info->id % kChunk] = info;
    made.push_back(info);
  }
  for (u32 i = 0; i < source.defs.size(); ++i) {
    const GroupSource::Def& def = source.defs[i];
    TypeInfo& info = *made[i];
    info.is_final = def.is_final;
    if (def.supertype != GroupSource::kNone) { // declared before, so complete
      info.display = type_info(id_of(source, first_id, def.supertype)).display;
    }
    info.depth = narrow<u32>(info.display.size());
    info.display.push_back(info.id);
    for (ValType type : def.params) {
      info.types.push_back(canonical_in(source, first_id, type));
    }
    for (ValType type : def.results) {
      info.types.push_back(canonical_in(source, first_id, type));
    }
    info.param_count = narrow<u32>(def.params.size());
    if (info.kind != ir::CompositeKind::func) {
      lay_out(info, def.mutabilities);
    }
  }
}

void rehash(Registry& reg, usize slot_count) {
  reg.slots.assign(slot_count, 0);
  for (usize i = 0; i < reg.groups.size(); ++i) {
    usize at = reg.groups[i]->hash & (slot_count - 1);
    while (reg.slots[at] != 0) {
      at = (at + 1) & (slot_count - 1);
    }
    reg.slots[at] = narrow<u32>(i + 1);
  }
}

/// Id of the group's first type; 0 when the process-wide limit is reached.
u64 intern_locked(Registry& reg, const GroupSource& source) {
  if (reg.groups.size() * 2 >= reg.slots.size()) {
    rehash(reg, std::max<usize>(64, reg.slots.size() * 2));
  }
  Words words = words_of(source);
  const u64 hash = hash_of(words);
  usize at = hash & (reg.slots.size() - 1);
  for (; reg.slots[at] != 0; at = (at + 1) & (reg.slots.size() - 1)) {
    const Group& group = *reg.groups[reg.slots[at] - 1];
    if (group.hash == hash && group.words == words) {
      return group.first_id;
    }
  }
  if (source.defs.size() > kMaxTypes - 1 - reg.type_count) {
    return 0;
  }
  const u64 first_id = reg.type_count + 1;
  reg.type_count += source.defs.size();
  reg.groups.push_back(std::make_unique<Group>(Group{std::move(words), hash, first_id}));
  reg.slots[at] = narrow<u32>(reg.groups.size());
  make_entries(reg, source, first_id);
  return first_id;
}

bool is_closed(std::span<const ValType> types) {
  return std::ranges::all_of(types,
                             [](ValType t) { return !t.is_ref() || t.heap().is_abstract(); });
}

} // namespace

u64 intern_func_type(std::span<const ValType> params, std::span<const ValType> results) {
  CHECK(is_closed(params) && is_closed(results));
  GroupSource source;
  source.defs.push_back({ir::CompositeKind::func, true, GroupSource::kNone, params, results, {}});
  Registry& reg = registry();
  std::lock_guard lock(reg.mutex);
  const u64 id = intern_locked(reg, source);
  CHECK(id != 0);
  return id;
}

Result<std::vector<u64>> intern_types(const ir::Module& module) {
  Registry& reg = registry();
  std::lock_guard lock(reg.mutex);
  std::vector<u64> ids;
  ids.reserve(module.types().size());
  while (ids.size() < module.types().size()) {
    GroupSource source;
    source.first = narrow<u32>(ids.size());
    source.ids = ids;
    const u32 size = module.types()[source.first].rec_group_size;
    for (const ir::TypeDef& type : module.types().subspan(source.first, size)) {
      source.defs.push_back({type.kind, type.is_final != 0,
                             type.supertype.is_none() ? GroupSource::kNone : type.supertype.index(),
                             module.params(type), module.results(type),
                             module.array(type.mutabilities)});
    }
    const u64 first_id = intern_locked(reg, source);
    if (first_id == 0) {
      return fail(ErrorClass::limit, strf("more than %llu different types in this process",
                                          static_cast<unsigned long long>(kMaxTypes)));
    }
    for (u32 i = 0; i < size; ++i) {
      ids.push_back(first_id + i);
    }
  }
  return ids;
}

const TypeInfo& type_info(u64 id) {
  CHECK(id != 0 && id < kMaxTypes);
  const TypeInfo* const* chunk = registry().chunks[id / kChunk].load(std::memory_order_acquire);
  CHECK(chunk != nullptr && chunk[id % kChunk] != nullptr);
  return *chunk[id % kChunk];
}

FuncSignature func_signature(u64 type_id) {
  const TypeInfo& info = type_info(type_id);
  std::span<const ValType> all = info.types;
  return {all.first(info.param_count), all.subspan(info.param_count)};
}

// --- Subtyping -------------------------------------------------------------------------------------------

bool is_subtype(u64 sub, u64 super) {
  if (sub == super) {
    return true;
  }
  const u32 depth = type_info(super).depth;
  const TypeInfo& info = type_info(sub);
  return depth < info.depth && info.display[depth] == super;
}

ValType canonical(ValType type, std::span<const u64> type_ids) {
  if (!type.is_ref() || type.heap().is_abstract()) {
    return type;
  }
  const u64 id = type_ids[type.heap().type_idx().index()];
  return ValType::ref(HeapType(TypeIdx(narrow<u32>(id))), type.is_nullable());
}

bool is_func_heap(HeapType heap) {
  if (!heap.is_abstract()) {
    return type_info(heap.type_idx().index()).kind == ir::CompositeKind::func;
  }
  return heap.abstract() == AbsHeapType::func || heap.abstract() == AbsHeapType::nofunc;
}

bool matches(HeapType sub, HeapType super) {
  if (!sub.is_abstract()) {
    const u64 id = sub.type_idx().index();
    return super.is_abstract()
               ? ir::matches_abstract(ir::abstract_of(type_info(id).kind), super.abstract())
               : is_subtype(id, super.type_idx().index());
  }
  if (super.is_abstract()) {
    return ir::matches_abstract(sub.abstract(), super.abstract());
  }
  return sub.abstract() == (is_func_heap(super) ? AbsHeapType::nofunc : AbsHeapType::none);
}

bool matches(ValType sub, ValType super) {
  if (!sub.is_ref() || !super.is_ref()) {
    return sub == super;
  }
  return (super.is_nullable() || !sub.is_nullable()) && matches(sub.heap(), super.heap());
}

} // namespace petrel::runtime
