// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonical types (specification §3.3, §4.5.2): equal types of any two modules of the process get the same id, different
// ones never do. What is equal is decided per recursion group, up to where the group lies (iso-recursive).
// Ids are dense, never reused and never hashes (a crafted collision would be a type confusion). 0 is no type.
//
// A value type in *canonical form* names concrete types by canonical id instead of module type index.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "base/result.h"
#include "ir/gc_layout.h"
#include "ir/module.h"

namespace petrel::runtime {

/// A field of a struct, or the element of an array.
struct FieldInfo {
  u32 offset = 0; ///< from the start of the object; array: of element 0
  ir::GcStorage storage{};
  bool is_mutable = false;
};

/// What a canonical id stands for; lives as long as the process.
struct TypeInfo {
  u64 id = 0;
  ir::CompositeKind kind{};
  bool is_final = true;
  u32 depth = 0;                 ///< supertypes above
  std::vector<u64> display;      ///< ids of supertypes by depth, its own last
  std::vector<ValType> types;    ///< canonical form: parameters, then results; fields; element
  u32 param_count = 0;           ///< functions
  std::vector<FieldInfo> fields; ///< structs: all; arrays: one
  std::vector<u32> ref_offsets;
  bool has_func_fields =
      false;               ///< a field or the element is an index in the Store's list of functions
  ir::GcTypeLayout layout; ///< structs and arrays
};

/// The id of a function type whose parameters and results name no module type. Thread-safe.
u64 intern_func_type(std::span<const ValType> params, std::span<const ValType> results);

/// Ids of all types of a module, by type index. Thread-safe. Errors: limit.
Result<std::vector<u64>> intern_types(const ir::Module& module);

/// The type behind an id. Lock-free.
const TypeInfo& type_info(u64 id);

// Where types lie, for the interpreter's inline allocation.
constexpr u64 kTypeChunk = 1024;
constexpr u64 kTypeChunks = 1024;
[[gnu::visibility("hidden")]] extern constinit std::atomic<const TypeInfo* const*>
    type_chunks[kTypeChunks]; ///< [id / kTypeChunk][id % kTypeChunk]
/// The type behind an id that is known to be one.
inline const TypeInfo& known_type_info(u64 id) {
  // Relaxed: what published the id to this thread published the chunk (addresses depend on it).
  return *type_chunks[id / kTypeChunk].load(std::memory_order_relaxed)[id % kTypeChunk];
}

/// The signature behind an id, in canonical form.
struct FuncSignature {
  std::span<const ValType> params;
  std::span<const ValType> results;
};
FuncSignature func_signature(u64 type_id);

/// True when `sub` is `super` or declared below it (§3.3.4).
bool is_subtype(u64 sub, u64 super);

/// A module's value type in canonical form; `type_ids` by its type index.
ValType canonical(ValType type, std::span<const u64> type_ids);

// On canonical forms (§3.3.2, §3.3.3).
bool is_func_heap(HeapType heap);
bool matches(HeapType sub, HeapType super);
bool matches(ValType sub, ValType super);

} // namespace petrel::runtime
