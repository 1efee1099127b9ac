// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exception tags and exceptions (specification §4.2.9, §4.2.10). An exception is an object of the GC heap that names its tag by
// the tag's index in the Store; its values are copied in and out. The one that looks for its handler is *pending* in
// the Store, as a trap is, and a root of the collector (VMStoreContext::pending_exception).
#pragma once

#include <string>

#include "ir/types.h"

namespace petrel::runtime {

class Instance;
class Store;

/// A tag instance. Its index is its identity.
struct Tag {
  u32 index = 0;                     ///< in the Store
  u64 type_id = 0;                   ///< canonical id of a function type without results
  const Instance* definer = nullptr; ///< null: made by the embedder
  u32 definer_index = 0;             ///< in the definer's index space
};

/// Makes an exception with a tag's values, as they lie on a value stack, pending. Always false; the trap `allocation size
/// too large` is pending instead when the heap is exhausted. `values` are kept alive by the caller.
bool throw_exception(Store& store, const Tag& tag, const RawVal* values);

/// Writes the values of an exception, as many as its tag has parameters.
void read_exception(Store& store, u64 exception, RawVal* values);

/// For messages: `tag 0 "name" (i32 7, i64 8)`.
std::string describe_exception(Store& store, u64 exception);

} // namespace petrel::runtime
