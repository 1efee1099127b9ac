// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Core values as words of a command line, by their type: integers (decimal or 0x…, signed or not), floats, vectors as the text
// format has them (`i32x4 1 2 3 4`, also `i32x4:1,2,3,4`), references as far as a person can write them (`null`).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ir/types.h"

namespace petrel {

/// Errors: usage ("argument 'x': expected an i32").
Result<RawVal> parse_core_value(std::string_view text, ValType type);

} // namespace petrel
