// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonical type ids: equal types of any two modules of the process get the same 64-bit id, different ones
// never do. Ids are never reused and never hashes (a crafted collision would be a type confusion). 0 is no type.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "ir/module.h"

namespace petrel::runtime {

/// The id of a function type. Thread-safe. CHECKs that no parameter or result names a module type.
u64 intern_func_type(std::span<const ValType> params, std::span<const ValType> results);

/// Ids of all types of a module, by type index. Thread-safe. Errors: limit.
Result<std::vector<u64>> intern_types(const ir::Module& module);

/// The signature behind an id, alive as long as the process.
struct FuncSignature {
  std::span<const ValType> params;
  std::span<const ValType> results;
};
FuncSignature func_signature(u64 type_id);

} // namespace petrel::runtime
