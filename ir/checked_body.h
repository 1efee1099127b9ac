// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is learnt of a function body that is validated after its module was loaded, at its first call (lazy validation). The
// module's image stays as it was: its record of the function says only where the body lies (Func::body_offset is 0), so
// whoever runs the function asks for this instead.
#pragma once

#include <vector>

#include "base/result.h"
#include "ir/handler_table.h"
#include "ir/module.h"

namespace petrel::ir {

struct CheckedBody {
  Func func; ///< complete, but for the places of side table and handlers in the image
  bool has_v128 = false;
  std::vector<u32> side_table;
  std::vector<Handler> handlers;
};

/// Checks a function's body once, on whatever thread asks first; what it points to lives as long as the module.
/// Errors: as of validation at load.
struct BodyChecker {
  Result<const CheckedBody*> (*check)(void* data, u32 func) = nullptr;
  void* data = nullptr;
};

} // namespace petrel::ir
