// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trap codes of ir/traps.def and their texts. 0 is no trap (`TrapCode{}`).
#pragma once

#include <string_view>

#include "base/types.h"

namespace petrel::ir {

enum class TrapCode : u8 {
#define PETREL_TRAP(name, code, printed, script, cause) name = code,
#include "ir/traps.def"
};

/// The code of "did not trap".
constexpr TrapCode kNoTrap{};

/// Is the number that of a row? For codes from a `.cwasm`.
bool is_trap_code(u32 code);

/// What is printed after `wasm trap: `.
std::string_view trap_message(TrapCode code);

/// What scripts of the specification expect; empty when they have no word for it. A script's expected text may be a
/// prefix of it or continue it ("uninitialized element 7").
std::string_view trap_spec_text(TrapCode code);

/// The enumerator's name, for tests and logs.
std::string_view trap_name(TrapCode code);

} // namespace petrel::ir
