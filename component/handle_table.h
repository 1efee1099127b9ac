// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handle table of one component instance (CanonicalABI.md, "Table"; definitions.py `Table`, `ResourceHandle`):
// index 0 reserved, freed indices reused last in, first out. Guests choose indices freely, so every access says what it
// expects and gets an error otherwise.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/types.h"
#include "ir/traps.h"

namespace petrel::component {

/// Identity of a resource type at run time: the address of something that lives as long as the Store.
using ResourceTypeId = const void*;

struct ResourceHandle {
  ResourceTypeId type = nullptr; ///< nullptr: free slot
  u32 rep = 0;
  bool is_own = false;
  u32 num_lends = 0;
  u32* borrow_scope = nullptr; ///< borrows: the call's num_borrows counter
  u32 next_free = 0;
};

/// Why a handle cannot be used: the trap and its text, which names the index.
struct HandleError {
  ir::TrapCode code;
  std::string message;
};

class HandleTable {
public:
  static constexpr u32 kLimit = 65'536;

  /// Adds a handle.
  std::expected<u32, HandleError> add(const ResourceHandle& handle);
  /// The handle at `index` of that resource type.
  std::expected<ResourceHandle*, HandleError> get(u32 index, ResourceTypeId type);
  /// Frees the slot; `index` holds a handle.
  void remove(u32 index);
  /// A borrow of the handle at `index` was given back.
  void end_lend(u32 index) {
    CHECK(index < entries_.size() && entries_[index].num_lends > 0);
    --entries_[index].num_lends;
  }

private:
  std::vector<ResourceHandle> entries_{1};
  u32 first_free_ = 0;
  u32 live_ = 0;
};

} // namespace petrel::component
