// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The custom sections that specifications describe: the name section (appendix §7.4) and branch hints
// (metadata.code.branch_hint). A program never depends on them, so decoding a module does not look at them; `validate`
// and the scripts of the suite ask here.
#pragma once

#include "base/result.h"

namespace petrel::frontend {

/// Checks the custom sections of a valid core module. Errors: malformed (a section's own format), invalid (it speaks of
/// what is not there); with offset and section.
Status check_custom_sections(Bytes file);

} // namespace petrel::frontend
