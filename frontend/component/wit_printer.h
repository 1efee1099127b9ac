// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints what a component imports and exports as WIT (WIT.md), in the shape `wasm-tools component wit` gives:
// `package root:component`, its world, then the packages of the interfaces named, in order of appearance.
#pragma once

#include <string>

#include "frontend/component/decoder.h"

namespace petrel::frontend::comp {

std::string print_wit(const ComponentFile& file);

} // namespace petrel::frontend::comp
