// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The name section (appendix, §7.4.1). It says nothing a program depends on: what cannot be read is left out, never an
// error.
#include "frontend/module_state.h"

namespace petrel::frontend {

void ModuleDecoder::name_section(ByteReader r) {
  while (!r.at_end()) {
    auto id = r.read_u8();
    auto size = r.read_var_u32();
    if (!id || !size) {
      return;
    }
    auto sub = r.read_sub(*size);
    if (!sub) {
      return;
    }
    if (*id == 0) {
      if (auto name = sub->read_name()) {
        module_name_ = *name;
      }
    } else if (*id == 1) {
      read_func_names(*sub);
    }
  }
}

void ModuleDecoder::read_func_names(ByteReader r) {
  auto count = r.read_var_u32();
  if (!count) {
    return;
  }
  for (u32 i = 0; i < *count; ++i) {
    auto index = r.read_var_u32();
    if (!index) {
      return;
    }
    auto name = r.read_name();
    if (!name) {
      return;
    }
    func_names_.emplace_back(*index, *name);
  }
}

} // namespace petrel::frontend
