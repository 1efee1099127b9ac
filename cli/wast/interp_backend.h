// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scripts in the in-place interpreter.
#pragma once

#include "cli/wast/backend.h"

namespace petrel::wast {

BackendFactory interp_backend_factory();

} // namespace petrel::wast
