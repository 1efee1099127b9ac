// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a caller's code depends on in its callees' bodies, found in one pass over all bodies before any is compiled, so
// that chunks stay independent of each other.
#pragma once

#include <vector>

#include "ir/module.h"

namespace petrel::aot {

class ModuleFacts {
public:
  /// Reads every body of a validated module.
  ModuleFacts(const ir::Module& wasm, Bytes file);

  /// Does it hold a return_call, return_call_indirect or return_call_ref? Such functions have the tail convention
  /// (lowering.h) and are called by others through an entry of the native convention.
  bool makes_tail_calls(u32 defined_func) const { return makes_tail_calls_[defined_func]; }
  bool any_makes_tail_calls() const { return any_makes_tail_calls_; }

private:
  std::vector<bool> makes_tail_calls_; ///< by defined index
  bool any_makes_tail_calls_ = false;
};

} // namespace petrel::aot
