// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants and result patterns of test scripts.
#pragma once

#include "frontend/text/cursor.h"
#include "frontend/text/script.h"

namespace petrel::text {

/// `(i32.const 1)`, `(ref.null func)`, `(ref.extern 3)`, … With `is_pattern`, also what only results may be:
/// `nan:canonical`, `nan:arithmetic`, `(ref.func)`, `(ref.null)`.
Result<ScriptValue> parse_script_value(Cursor& cursor, bool is_pattern);

/// A pattern, or `(either pattern …)`.
Result<ExpectedValue> parse_expected_value(Cursor& cursor);

} // namespace petrel::text
