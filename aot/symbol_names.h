// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of the image's functions for objdump, gdb and perf: `wasm_` and the name section's name with odd characters
// replaced, made unique over all modules of the file.
#pragma once

#include <span>

#include "aot/lowering.h"

namespace petrel::aot {

/// One list per module.
std::vector<SymbolNames> make_symbol_names(std::span<const ir::Module> modules);

} // namespace petrel::aot
