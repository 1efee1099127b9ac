// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/wit_printer.h"
namespace petrel::frontend::comp {
std::string print_wit(const ComponentFile&) { return {}; }
} // namespace petrel::frontend::comp
