// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An open-addressing hash table from signatures to ids; an entry found by hash is compared in full. Entries
// stay for the life of the process, bounded by the process-wide limit on types.
#include "runtime/type_registry.h"

#include <algorithm>
#include <mutex>

#include "base/format.h"

namespace petrel::runtime {

namespace {

constexpr u64 kMaxTypes = 1'000'000;

struct Entry {
  std::vector<ValType> types; // parameters, then results
  u32 param_count;
  u64 hash;
};

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<Entry>> entries; // id - 1
  std::vector<u32> slots;                      // id, 0 = free; size is a power of two
};

Registry& registry() {
  static Registry* instance = new Registry; // never destroyed: ids outlive everything
  return *instance;
}

u64 hash_of(std::span<const ValType> params, std::span<const ValType> results) {
  u64 hash = 0xcbf29ce484222325 ^ params.size();
  for (auto list : {params, results}) {
    for (ValType type : list) {
      hash = (hash ^ type.bits()) * 0x100000001b3;
      hash ^= hash >> 29;
    }
  }
  return hash;
}

bool matches(const Entry& entry, std::span<const ValType> params,
             std::span<const ValType> results) {
  return entry.param_count == params.size() &&
         entry.types.size() == params.size() + results.size() &&
         std::equal(params.begin(), params.end(), entry.types.begin()) &&
         std::equal(results.begin(), results.end(),
                    entry.types.begin() + static_cast<ptrdiff_t>(params.size()));
}

void insert_slot(std::vector<u32>& slots, u64 hash, u32 id) {
  usize at = hash & (slots.size() - 1);
  while (slots[at] != 0) {
    at = (at + 1) & (slots.size() - 1);
  }
  slots[at] = id;
}

void rehash(Registry& reg, usize slot_count) {
  reg.slots.assign(slot_count, 0);
  for (usize i = 0; i < reg.entries.size(); ++i) {
    insert_slot(reg.slots, reg.entries[i]->hash, static_cast<u32>(i + 1));
  }
}

/// 0 when the process-wide limit is reached.
u64 intern_locked(Registry& reg, std::span<const ValType> params,
                  std::span<const ValType> results) {
  if (reg.entries.size() * 2 >= reg.slots.size()) {
    rehash(reg, std::max<usize>(64, reg.slots.size() * 2));
  }
  const u64 hash = hash_of(params, results);
  usize at = hash & (reg.slots.size() - 1);
  while (reg.slots[at] != 0) {
    const u32 id = reg.slots[at];
    if (reg.entries[id - 1]->hash == hash && matches(*reg.entries[id - 1], params, results)) {
      return id;
    }
    at = (at + 1) & (reg.slots.size() - 1);
  }
  if (reg.entries.size() >= kMaxTypes) {
    return 0;
  }
  auto entry = std::make_unique<Entry>();
  entry->types.assign(params.begin(), params.end());
  entry->types.insert(entry->types.end(), results.begin(), results.end());
  entry->param_count = narrow<u32>(params.size());
  entry->hash = hash;
  reg.entries.push_back(std::move(entry));
  const u32 id = narrow<u32>(reg.entries.size());
  reg.slots[at] = id;
  return id;
}

bool is_closed(std::span<const ValType> types) {
  return std::ranges::all_of(types,
                             [](ValType t) { return !t.is_ref() || t.heap().is_abstract(); });
}

} // namespace

u64 intern_func_type(std::span<const ValType> params, std::span<const ValType> results) {
  CHECK(is_closed(params) && is_closed(results));
  Registry& reg = registry();
  std::lock_guard lock(reg.mutex);
  const u64 id = intern_locked(reg, params, results);
  CHECK(id != 0);
  return id;
}

Result<std::vector<u64>> intern_types(const ir::Module& module) {
  Registry& reg = registry();
  std::lock_guard lock(reg.mutex);
  std::vector<u64> ids;
  ids.reserve(module.types().size());
  for (const ir::TypeDef& type : module.types()) {
    CHECK(type.kind == ir::CompositeKind::func);
    CHECK(is_closed(module.params(type)) && is_closed(module.results(type)));
    const u64 id = intern_locked(reg, module.params(type), module.results(type));
    if (id == 0) {
      return fail(ErrorClass::limit, strf("more than %llu different types in this process",
                                          static_cast<unsigned long long>(kMaxTypes)));
    }
    ids.push_back(id);
  }
  return ids;
}

FuncSignature func_signature(u64 type_id) {
  Registry& reg = registry();
  std::lock_guard lock(reg.mutex);
  CHECK(type_id != 0 && type_id <= reg.entries.size());
  const Entry& entry = *reg.entries[type_id - 1];
  std::span<const ValType> all = entry.types;
  return {all.first(entry.param_count), all.subspan(entry.param_count)};
}

} // namespace petrel::runtime
