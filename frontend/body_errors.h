// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts of what can be wrong with a function body, one function each, beginning as the specification's tests expect.
#pragma once

#include <string>
#include <string_view>

#include "base/types.h"
#include "ir/opcodes.h"

namespace petrel::frontend {

/// `type mismatch: i32.add expected i32, found f64`
std::string type_mismatch(ir::Op op, std::string_view expected, std::string_view found);
/// The same with nothing left on the stack; `expected` may be empty (any type).
std::string type_mismatch_empty(ir::Op op, std::string_view expected);
/// `type mismatch: end with 2 values too many on the stack`
std::string values_remain(ir::Op op, usize count);
/// `unknown local 7`
std::string unknown_index(const char* what, u32 index);

} // namespace petrel::frontend
