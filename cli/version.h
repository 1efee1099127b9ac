// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

namespace petrel::cli {

/// Version of the project, as in meson.build (-DPETREL_VERSION).
constexpr std::string_view kVersion = PETREL_VERSION;

} // namespace petrel::cli
