// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Groups are equal when their words are, in which earlier types are canonical ids (ir/rec_groups.h). Entries stay for the life of the process, bounded by the process-wide limits on types and their words. They are reached without
// the lock through a table of chunks that only grows.
#include "runtime/type_registry.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/format.h"
#include "ir/heap_types.h"
#include "ir/rec_groups.h"

namespace petrel::runtime {

constinit std::atomic<const TypeInfo* const*> type_chunks[kTypeChunks];

namespace {

constexpr u64 kIds = kTypeChunk * kTypeChunks;
static_assert(kIds <= ir::kGcTypeIdMask);

/// What all types of the process may come to. The last part is for host functions, so that modules cannot take it.
struct Bounds {
  u64 types;
  u64 words;
};
constexpr Bounds kHostBounds = {kIds - 1, u64{1} << 26};
constexpr Bounds kGuestBounds = {kHostBounds.types - 20'000, kHostBounds.words - (u64{1} << 22)};
constexpr u64 kMaxDisplay = 64; // the validator bounds the depth

struct Registry {
  std::mutex mutex;
  ir::GroupTable groups;
  std::vector<u64> first_ids; // by group
  u64 type_count = 0;
  u64 word_count = 0;
};

Registry& registry() {
  static Registry* instance = new Registry; // never destroyed: ids outlive everything
  return *instance;
}

/// The types of a recursion group as they come from a module or from the host.
struct GroupSource {
  std::vector<ir::GroupMember> members;
  u32 first = 0;                 ///< module type index of the first
  std::span<const u64> ids = {}; ///< canonical ids of all module types before `first`
};

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
    info.has_func_fields |= info.fields.back().storage == ir::GcStorage::func;
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
void make_entries(const GroupSource& source, u64 first_id) {
  std::vector<TypeInfo*> made;
  for (u32 i = 0; i < source.members.size(); ++i) {
    auto* info = new TypeInfo;
    info->id = first_id + i;
    info->kind = source.members[i].kind;
    const u64 chunk = info->id / kTypeChunk;
    if (type_chunks[chunk].load(std::memory_order_relaxed) == nullptr) {
      type_chunks[chunk].store(new const TypeInfo* [kTypeChunk] {}, std::memory_order_release);
    }
    // Ids reach other threads only through the lock or what was published after it.
    const_cast<const TypeInfo**>(
        type_chunks[chunk].load(std::memory_order_relaxed))[info->id % kTypeChunk] = info;
    made.push_back(info);
  }
  for (u32 i = 0; i < source.members.size(); ++i) {
    const ir::GroupMember& def = source.members[i];
    TypeInfo& info = *made[i];
    info.is_final = def.is_final;
    if (!def.supertype.is_none()) { // declared before, so complete
      info.display = type_info(id_of(source, first_id, def.supertype.index())).display;
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

/// About what the entries of a group will hold: its words as such and as types and fields, and per type the entry and a
/// display.
u64 cost_in_words(const GroupSource& source, usize words) {
  u64 cost = u64{words} * 2;
  for (const ir::GroupMember& member : source.members) {
    cost += sizeof(TypeInfo) / sizeof(u64) + (member.supertype.is_none() ? 1 : kMaxDisplay);
  }
  return cost;
}

/// Id of the group's first type. Errors: limit.
Result<u64> intern_locked(Registry& reg, const GroupSource& source, const Bounds& bounds) {
  std::vector<u64> words;
  ir::append_group_words(words, source.members, source.first,
                         [&](TypeIdx type) { return source.ids[type.index()]; });
  if (auto found = reg.groups.find(words)) {
    return reg.first_ids[*found];
  }
  if (source.members.size() + reg.type_count > bounds.types) {
    return fail(ErrorClass::limit, strf("more than %llu different types in this process",
                                        static_cast<unsigned long long>(bounds.types)));
  }
  const u64 cost = cost_in_words(source, words.size());
  if (cost + reg.word_count > bounds.words) {
    return fail(ErrorClass::limit, strf("the types of this process take more than %llu words",
                                        static_cast<unsigned long long>(bounds.words)));
  }
  const u64 first_id = reg.type_count + 1;
  reg.type_count += source.members.size();
  reg.word_count += cost;
  reg.groups.add(words);
  reg.first_ids.push_back(first_id);
  make_entries(source, first_id);
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
  source.members.push_back({.params = params, .results = results});
  Registry& reg = registry();
  std::lock_guard lock(reg.mutex);
  const Result<u64> id = intern_locked(reg, source, kHostBounds);
  CHECK(id.has_value()); // host interfaces have few signatures
  return *id;
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
      source.members.push_back({type.kind, type.is_final != 0, type.supertype, module.params(type),
                                module.results(type), module.array(type.mutabilities)});
    }
    TRY_ASSIGN(const u64 first_id, intern_locked(reg, source, kGuestBounds));
    for (u32 i = 0; i < size; ++i) {
      ids.push_back(first_id + i);
    }
  }
  return ids;
}

const TypeInfo& type_info(u64 id) {
  CHECK(id != 0 && id < kIds);
  const TypeInfo* const* chunk = type_chunks[id / kTypeChunk].load(std::memory_order_acquire);
  CHECK(chunk != nullptr && chunk[id % kTypeChunk] != nullptr);
  return *chunk[id % kTypeChunk];
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
