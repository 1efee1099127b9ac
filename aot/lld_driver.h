// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLD's ELF linker as a function. Alone in its file because LLD's headers define macros of their own (CHECK).
#pragma once

#include <string>
#include <vector>

namespace petrel::aot {

/// Links; `arguments` as on the command line, argv[0] included. False with `messages` when it failed. One at a time.
bool run_lld(const std::vector<std::string>& arguments, std::string& messages);

} // namespace petrel::aot
