// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host objects behind the resources that guests hold: one table per Store, ids are the reps that guest handles
// carry. Objects may be children of another (a pollable of a stream); a parent outlives its children: dropping it
// first is the guest's mistake and traps.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/types.h"

namespace petrel::component {

/// A host object; its class says by `kind()` what it is (one static address per class, since there is no RTTI).
class HostResource {
public:
  virtual ~HostResource() = default;
  virtual const void* kind() const = 0;
};

/// Base of a concrete resource class: `class InputStream : public HostResourceOf<InputStream>`.
template <typename Self> class HostResourceOf : public HostResource {
public:
  static const void* kind_of() {
    static constexpr char tag = 0;
    return &tag;
  }
  const void* kind() const override { return kind_of(); }
};

class ResourceTable {
public:
  static constexpr u32 kDefaultLimit = 65'536;
  static constexpr u32 kNoParent = 0xffffffff;

  explicit ResourceTable(u32 limit = kDefaultLimit) : limit_(limit) {}

  /// Adds an object; empty when the limit is reached. Ids start at 1.
  std::optional<u32> push(std::unique_ptr<HostResource> object, u32 parent = kNoParent);

  /// The object of that class, or nullptr (id unknown, or of another class).
  template <typename T> T* get(u32 id) const {
    HostResource* object = find(id);
    // SAFETY: kind addresses are unique per class.
    return object != nullptr && object->kind() == T::kind_of() ? static_cast<T*>(object) : nullptr;
  }
  HostResource* find(u32 id) const;

  enum class RemoveStatus : u8 { removed, unknown, has_children };
  /// Destroys the object.
  RemoveStatus remove(u32 id);
  /// Takes the object out without destroying it; nullptr when unknown or with children.
  std::unique_ptr<HostResource> take(u32 id);

private:
  struct Entry {
    std::unique_ptr<HostResource> object;
    u32 parent = kNoParent;
    u32 children = 0;
    u32 next_free = 0;
  };
  Entry* entry(u32 id);

  std::vector<Entry> entries_{1}; // id 0 is never given out
  u32 first_free_ = 0;
  u32 live_ = 0;
  u32 limit_;
};

} // namespace petrel::component
