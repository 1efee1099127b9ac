// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `wasmrun wast FILE…` and `wasmc wast --aot FILE…`: runs scripts, prints one line per failing command
// (`file:line: what was expected and found`) and one per file, or JSON.
#pragma once

#include <span>
#include <string>

#include "cli/wast/backend.h"

namespace petrel::wast {

/// Runs each file with a backend of its own. Returns the exit code: 0 when nothing failed, else 1.
int run_wast_command(std::span<const std::string> files, bool as_json, BackendFactory factory);

} // namespace petrel::wast
