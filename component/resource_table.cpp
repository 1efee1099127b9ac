// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/resource_table.h"

#include "base/check.h"

namespace petrel::component {

ResourceTable::Entry* ResourceTable::entry(u32 id) {
  return id < entries_.size() && entries_[id].object != nullptr ? &entries_[id] : nullptr;
}

HostResource* ResourceTable::find(u32 id) const {
  return id < entries_.size() ? entries_[id].object.get() : nullptr;
}

std::optional<u32> ResourceTable::push(std::unique_ptr<HostResource> object, u32 parent) {
  if (live_ >= limit_) {
    return std::nullopt;
  }
  u32 id = first_free_;
  if (id != 0) {
    first_free_ = entries_[id].next_free;
  } else {
    id = narrow<u32>(entries_.size());
    entries_.emplace_back();
  }
  if (parent != kNoParent) {
    Entry* above = entry(parent);
    CHECK(above != nullptr);
    ++above->children;
  }
  entries_[id].object = std::move(object);
  entries_[id].parent = parent;
  entries_[id].children = 0;
  ++live_;
  return id;
}

std::unique_ptr<HostResource> ResourceTable::take(u32 id) {
  Entry* gone = entry(id);
  if (gone == nullptr || gone->children != 0) {
    return nullptr;
  }
  if (gone->parent != kNoParent) {
    --entries_[gone->parent].children;
  }
  gone->next_free = first_free_;
  first_free_ = id;
  --live_;
  return std::move(gone->object);
}

ResourceTable::RemoveStatus ResourceTable::remove(u32 id) {
  const Entry* gone = entry(id);
  if (gone == nullptr) {
    return RemoveStatus::unknown;
  }
  if (gone->children != 0) {
    return RemoveStatus::has_children;
  }
  take(id);
  return RemoveStatus::removed;
}

} // namespace petrel::component
