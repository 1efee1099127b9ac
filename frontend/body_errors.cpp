// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/body_errors.h"

#include "base/format.h"

namespace petrel::frontend {

std::string type_mismatch(ir::Op op, std::string_view expected, std::string_view found) {
  return strf("type mismatch: %.*s expected %.*s, found %.*s", PETREL_SV(ir::op_name(op)), PETREL_SV(expected),
              PETREL_SV(found));
}

std::string type_mismatch_empty(ir::Op op, std::string_view expected) {
  return type_mismatch(op, expected.empty() ? "a value" : expected, "nothing on the stack");
}

std::string values_remain(ir::Op op, usize count) {
  return strf("type mismatch: %.*s with %zu value%s too many on the stack", PETREL_SV(ir::op_name(op)), count,
              count == 1 ? "" : "s");
}

std::string unknown_index(const char* what, u32 index) { return strf("unknown %s %u", what, index); }

} // namespace petrel::frontend
