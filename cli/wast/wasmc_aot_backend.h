// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scripts in compiled code: each module becomes an image file, is mapped and runs natively. A module that
// does not compile, or whose image does not fit this machine, is an error; it is never interpreted.
#pragma once

#include "aot/compile.h"
#include "cli/wast/backend.h"

namespace petrel::wast {

/// `level` must outlive the factory.
BackendFactory aot_backend_factory(aot::OptLevel& level);

} // namespace petrel::wast
