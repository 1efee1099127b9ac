// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For unit tests: text of a module in, IR, assembly or image out.
#pragma once

#include <string>
#include <vector>

#include "aot/compile.h"

namespace petrel::aot::test {

/// Compiles the text format; aborts when the text is wrong.
std::vector<u8> compile_text(std::string_view wat, const CompileOptions& options);

/// Optimised IR of all functions, as text.
std::string ir_of(std::string_view wat, OptLevel level = OptLevel::O2, CompileOptions options = {});

/// Assembly of all functions.
std::string assembly_of(std::string_view wat, OptLevel level = OptLevel::O2,
                        CompileOptions options = {});

/// The lines of one function's definition in IR text; empty when there is none.
std::string function_ir(const std::string& ir, const std::string& symbol);

/// How often `part` occurs.
usize count(const std::string& text, const std::string& part);

/// Do the parts occur in this order, each after the one before?
bool has_in_order(const std::string& text, std::vector<std::string> parts);

} // namespace petrel::aot::test
