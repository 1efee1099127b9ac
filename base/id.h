// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Index spaces are distinct types: a FuncIdx is no TypeIdx. `Id` is a u32 in memory (also in the flat
// images), converts to its number only on request, and compares within its space.
#pragma once

#include <compare>

#include "base/types.h"

namespace petrel {

template <typename Tag> class Id {
public:
  constexpr Id() = default;
  constexpr explicit Id(u32 index) : index_(index) {}
  constexpr u32 index() const { return index_; }
  constexpr auto operator<=>(const Id&) const = default;

  static constexpr Id none() { return Id(0xffffffffu); }
  constexpr bool is_none() const { return index_ == 0xffffffffu; }

private:
  u32 index_ = 0xffffffffu;
};

} // namespace petrel
