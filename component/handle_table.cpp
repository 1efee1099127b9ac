// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/handle_table.h"

#include "base/format.h"

namespace petrel::component {

std::expected<u32, HandleError> HandleTable::add(const ResourceHandle& handle) {
  if (live_ >= kLimit) {
    return std::unexpected(
        HandleError{ir::TrapCode::handle_table_full,
                    strf("handle table is full: %u handles in one component instance", kLimit)});
  }
  u32 index = first_free_;
  if (index != 0) {
    first_free_ = entries_[index].next_free;
    entries_[index] = handle;
  } else {
    index = narrow<u32>(entries_.size());
    entries_.push_back(handle);
  }
  ++live_;
  return index;
}

std::expected<ResourceHandle*, HandleError> HandleTable::get(u32 index, ResourceTypeId type) {
  if (index >= entries_.size() || entries_[index].type == nullptr) {
    return std::unexpected(
        HandleError{ir::TrapCode::unknown_handle, strf("unknown handle index %u", index)});
  }
  if (entries_[index].type != type) {
    return std::unexpected(HandleError{ir::TrapCode::handle_wrong_type,
                                       strf("handle index %u used with the wrong type", index)});
  }
  return &entries_[index];
}

void HandleTable::remove(u32 index) {
  CHECK(index < entries_.size() && entries_[index].type != nullptr);
  entries_[index] = ResourceHandle{};
  entries_[index].next_free = first_free_;
  first_free_ = index;
  --live_;
}

} // namespace petrel::component
