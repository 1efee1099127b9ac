// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trap codes and their two wordings.
#include "ir/traps.h"

#include <doctest/doctest.h>

namespace petrel::ir {
namespace {

TEST_CASE("traps: both wordings") {
  CHECK(trap_message(TrapCode::unreachable) == "wasm `unreachable` instruction executed");
  CHECK(trap_spec_text(TrapCode::unreachable) == "unreachable");
  CHECK(trap_message(TrapCode::undefined_element) == trap_message(TrapCode::table_out_of_bounds));
  CHECK(trap_spec_text(TrapCode::undefined_element) == "undefined element");
  CHECK(trap_spec_text(TrapCode::table_out_of_bounds) == "out of bounds table access");
  CHECK(trap_message(TrapCode::null_array_reference) == "null reference");
  CHECK(trap_spec_text(TrapCode::null_array_reference) == "null array reference");
  CHECK(trap_message(TrapCode::integer_divide_by_zero) == "integer divide by zero");
  CHECK(trap_spec_text(TrapCode::interrupt).empty());
}

TEST_CASE("traps: numbers are fixed, and only rows are codes") {
  CHECK(static_cast<u32>(TrapCode::unreachable) == 1);
  CHECK(static_cast<u32>(TrapCode::memory_out_of_bounds) == 2);
  CHECK(static_cast<u32>(TrapCode::cannot_enter_component) == 64);
  CHECK_FALSE(is_trap_code(0));
  CHECK_FALSE(is_trap_code(127));
  CHECK_FALSE(is_trap_code(257)); // 1 when cut to eight bits
  u32 rows = 0;
#define PETREL_TRAP(name, code, printed, script, cause)                                            \
  ++rows;                                                                                          \
  CHECK(is_trap_code(code));                                                                       \
  CHECK_FALSE(std::string_view(printed).empty());                                                  \
  CHECK(trap_name(TrapCode::name) == #name);
#include "ir/traps.def"
  u32 codes = 0;
  for (u32 code = 0; code < 300; ++code) {
    codes += is_trap_code(code) ? 1 : 0;
  }
  CHECK(codes == rows);
  CHECK(trap_message(kNoTrap).empty());
}

} // namespace
} // namespace petrel::ir
