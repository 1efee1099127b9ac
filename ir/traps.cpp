// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts of traps: switches generated from the table, so that a repeated code does not compile.
#include "ir/traps.h"

namespace petrel::ir {

#define PETREL_TRAP(name, code, printed, script, cause) static_assert(code >= 1 && code < 128);
#include "ir/traps.def"

bool is_trap_code(u32 code) {
  return code < 128 && !trap_name(static_cast<TrapCode>(code)).empty();
}

std::string_view trap_message(TrapCode trap) {
  switch (trap) {
#define PETREL_TRAP(name, code, printed, script, cause)                                            \
  case TrapCode::name: return printed;
#include "ir/traps.def"
  }
  return {};
}

std::string_view trap_spec_text(TrapCode trap) {
  switch (trap) {
#define PETREL_TRAP(name, code, printed, script, cause)                                            \
  case TrapCode::name: return script;
#include "ir/traps.def"
  }
  return {};
}

std::string_view trap_name(TrapCode trap) {
  switch (trap) {
#define PETREL_TRAP(name, code, printed, script, cause)                                            \
  case TrapCode::name: return #name;
#include "ir/traps.def"
  }
  return {};
}

} // namespace petrel::ir
