// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does a result, or a message, satisfy what a script expects?
#pragma once

#include <string>

#include "cli/wast/backend.h"

namespace petrel::wast {

/// True when `value` is one of the alternatives.
bool matches(const ResultValue& value, const text::ExpectedValue& expected);

/// True when an error's text says what the script expects: the suite's words occur in ours.
bool message_matches(std::string_view expected, std::string_view actual);
/// The same for trap texts, where the script may also continue ours ("uninitialized element 7").
bool trap_matches(std::string_view expected, ir::TrapCode actual);

/// As scripts write it: `(i32.const 7)`, `(f32.const nan:0x200000)`, `(ref.null extern)`.
std::string to_string(const ResultValue& value);
std::string to_string(const text::ExpectedValue& expected);

} // namespace petrel::wast
