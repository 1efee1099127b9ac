// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Running a program with WASI: one Store, one guest, from its entry to its exit code.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "embed/program.h"
#include "wasi/ctx.h"

namespace petrel {

struct RunOptions {
  u64 max_memory_bytes = u64{4} << 30;
  u64 max_stack_bytes = u64{1} << 20;
  std::optional<std::chrono::nanoseconds> timeout;
  bool gc_zeal = false; ///< collect garbage at every safepoint
  /// Set: the run depends on nothing but the program, its arguments, environment and input. The program was loaded with
  /// ProgramOptions::deterministic.
  std::shared_ptr<runtime::Determinism> determinism;
  wasi::WasiConfig wasi;
};

/// Runs the program's entry: `wasi:cli/run` of a component; `_start`, else `_initialize`, of a core module. The guest's exit
/// code. Errors: link, limit, trap, exit (an invalid status).
Result<int> run_program(const Program& program, RunOptions options);

/// Calls an exported function of a core module with arguments as text, each read by its parameter's type. One line of
/// text per result. Errors: usage (no such function, bad argument), and as above.
Result<std::string> call_function(const Program& program, const std::string& name,
                                  const std::vector<std::string>& args, RunOptions options);

} // namespace petrel
