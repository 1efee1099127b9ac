// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The commands of `wasmc` that compile; the only ones that use aot/.
#pragma once

#include "cli/commands.h"

namespace petrel::cli {

Result<int> aot_command(const Context& context);
/// `wast`, natively with `--aot[=LEVEL]`, else interpreted.
Result<int> wast_command(const Context& context);

} // namespace petrel::cli
