// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers and signatures of the runtime functions in ir/builtins.def.
#pragma once

#include <string_view>

#include "base/types.h"

namespace petrel::ir {

enum class Builtin : u32 {
#define PETREL_BUILTIN(name, result, params, traps, collects) name,
#include "ir/builtins.def"
};

enum class BuiltinResult : u8 { Void, I32, I64, Ptr, Ok, Never };

struct BuiltinInfo {
  std::string_view name;
  BuiltinResult result;
  std::string_view params;
  bool traps;
  bool collects;
};

constexpr BuiltinInfo kBuiltins[] = {
#define PETREL_BUILTIN(name, result, params, traps, collects)                                      \
  {#name, BuiltinResult::result, params, traps != 0, collects != 0},
#include "ir/builtins.def"
};
constexpr u32 kBuiltinCount = sizeof(kBuiltins) / sizeof(kBuiltins[0]);

} // namespace petrel::ir
