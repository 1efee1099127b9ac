// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The limits of ir/limits.def as a struct, changeable by name.
#pragma once

#include <string_view>

#include "base/result.h"

namespace petrel::ir {

struct DecodeLimits {
#define PETREL_LIMIT(member, name, value, max, what) u32 member = value;
#include "ir/limits.def"
};

/// What each may be raised to.
struct DecodeLimitMaxima {
#define PETREL_LIMIT(member, name, value, max, what) static constexpr u32 member = max;
#include "ir/limits.def"
};

/// Applies `name=N`. Errors: usage, naming the nearest limit.
Status apply_limit_option(std::string_view option, DecodeLimits& limits);
/// Lines for `-L help`.
std::string limits_help();

} // namespace petrel::ir
