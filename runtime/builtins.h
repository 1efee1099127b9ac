// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The runtime functions of ir/builtins.def: bulk memory and table operations (specification §4.6.10), growth, lazy
// references and leaving. Compiled code and interpreter call them through VMContext::builtins; instantiation
// calls the typed forms below. Each validates the whole operation first and then commits without a trap in
// between (rule R10).
#pragma once

#include "runtime/instance.h"

namespace petrel::runtime {

/// The table that VMContext::builtins points to, in the order of ir/builtins.def.
const void* const* builtin_table();

// False: the trap is pending in the instance's Store.
bool memory_init(Instance& instance, MemIdx memory, DataIdx data, u64 dst, u64 src, u64 size);
bool table_init(Instance& instance, TableIdx table, ElemIdx elem, u64 dst, u64 src, u64 count);

} // namespace petrel::runtime
