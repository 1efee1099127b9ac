// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module's fields share while it is being encoded: its index spaces and types.
#pragma once

#include "frontend/text/encode.h"
#include "frontend/text/index_space.h"
#include "frontend/text/type_table.h"

namespace petrel::text {

struct ModuleScope {
  TypeTable types;
  IndexSpace funcs{"function"};
  IndexSpace tables{"table"};
  IndexSpace memories{"memory"};
  IndexSpace globals{"global"};
  IndexSpace tags{"tag"};
  IndexSpace elems{"elem segment"};
  IndexSpace datas{"data segment"};
  bool uses_data_idx = false; ///< some body names a data segment: a data count section is needed
};

} // namespace petrel::text
