// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Removes custom sections from modules and components and leaves every other byte as it is. By default those go that a
// running program never needs: names, producers, debugging information and whatever else is not in the list of sections
// that linkers, componentizers and engines read (docs/text-format.md, "strip").
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace petrel::text {

struct StripOptions {
  bool all = false;              ///< also those that tools read
  std::vector<std::string> keep; ///< names that stay in any case
};

/// A file without custom sections, also in the modules and components inside a component.
/// Errors: malformed (sections that do not fit, no module or component), limit (components nested too deep).
Result<std::vector<u8>> strip_custom_sections(Bytes file, const StripOptions& options);

} // namespace petrel::text
