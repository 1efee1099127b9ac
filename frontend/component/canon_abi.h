// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flattening (CanonicalABI.md, "Flattening"; definitions.py `flatten_functype`): which core signature a component
// function has when lifted or lowered. Sizes and alignments are computed by the type table itself.
#pragma once

#include <vector>

#include "frontend/component/types.h"

namespace petrel::frontend::comp {

constexpr u32 kMaxFlatParams = 16;
constexpr u32 kMaxFlatAsyncParams = 4;
constexpr u32 kMaxFlatResults = 1;

/// How the values of one function cross the boundary of one guest.
struct FlatSignature {
  CoreSig sig;
  bool params_in_memory = false; ///< one pointer instead of flat parameters
  bool result_in_memory =
      false; ///< lift: pointer returned; lower: out-pointer is the last parameter
};

/// Core values of a list of values, at most kFlatMany.
u32 flat_count(const TypeTable& types, std::span<const NamedType> values);
/// Appends the core types of `type`, which has at most 16.
void flatten(const TypeTable& types, TypeId type, ValType pointer, std::vector<ValType>& out);

struct FlattenContext {
  bool is_lift = false;
  bool is_async = false; ///< the async option
  bool has_callback = false;
  bool is_memory64 = false;
};
/// `flatten_functype`.
FlatSignature flatten_func(const TypeTable& types, TypeId func, const FlattenContext& context);

} // namespace petrel::frontend::comp
