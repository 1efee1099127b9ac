// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the commands of one script against a backend and judges each: the kind strictly (a trap is not an
// error, malformed is not invalid, a limit satisfies nothing), then the message. A command passes, fails,
// or is *later*: it needs a feature that this build refuses with error[unsupported], directly or through
// an instance that could not be made because of one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/wast/backend.h"

namespace petrel::wast {

struct Failure {
  u32 line;
  std::string text; ///< `assert_return: expected (i32.const 1), found (i32.const 2)`
};

struct Report {
  u32 passed = 0;
  u32 messages = 0; ///< passed assertions of an error or trap whose text was compared too
  std::map<std::string, u32> later; ///< feature key to number of commands
  std::vector<Failure> failures;
};

/// Runs a script's text. Errors: the script itself does not parse.
Result<Report> run_script(std::string_view script, Backend& backend);

} // namespace petrel::wast
