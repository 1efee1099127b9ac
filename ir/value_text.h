// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Core values as a person reads them: results of `wasmrun call`, values of an uncaught exception.
#pragma once

#include <string>

#include "ir/types.h"

namespace petrel::ir {

/// Integers as signed decimals, floats shortest, vectors as `i32x4` with four lanes, references as `null` or their type.
std::string value_text(const RawVal& value, ValType type);

} // namespace petrel::ir
