// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The words that the text format knows: instructions from the opcode table, and those that build structure.
// A word outside it is an "unknown operator", a known one in the wrong place an "unexpected token".
#pragma once

#include <string_view>

namespace petrel::text {

/// True for every word that means something somewhere in a module or a script.
bool is_known_keyword(std::string_view text);

} // namespace petrel::text
