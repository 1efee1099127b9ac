// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's one entry: checked modules in, a `.cwasm` file (ir/cwasm.h) out. It never runs anything and prints
// nothing. Functions are cut into chunks by their bodies' sizes alone, so the output does not depend on the
// number of threads. Thread-safe: several compilations may run at once (only the link step takes turns).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/module.h"

namespace petrel::aot {

enum class OptLevel : u8 { O0, O1, O2, O3, Os, Oz };

/// What is written: the image, or what it is made from (for development).
enum class Emit : u8 { image, llvm_ir, assembly, object };

struct CompileInput {
  Bytes file; ///< the whole original file; bodies lie in it at their absolute offsets
  std::span<const ir::Module> modules; ///< core modules of the file, in order
  Bytes plan;                          ///< ir::ComponentPlan image; empty for a core module
};

struct CompileOptions {
  OptLevel opt_level = OptLevel::O2;
  std::string target; ///< triple; empty: the host's
  std::string cpu; ///< LLVM's name, or `native`; empty: x86-64-v3, or armv8-a tuned for neoverse-n1
  bool relaxed_traps =
      false; ///< plain accesses: a trap may be lost or come late (measurement only)
  bool explicit_bounds = false;  ///< compare every address, also where guard pages would do (tests)
  bool debug_info = false;       ///< keep native DWARF (lines are wasm offsets)
  bool branch_protection = true; ///< aarch64: BTI and PAC
  u32 jobs = 1;                  ///< threads; 0: one per core
  Emit emit = Emit::image;
};

/// Wall time of one phase; parallel phases are summed over threads.
struct PhaseTime {
  const char* name;
  double seconds;
};

struct CompileStats {
  u64 functions = 0;
  u64 functions_cheap = 0; ///< compiled without optimisation because of their size
  u64 chunks = 0;
  u64 wasm_code_bytes = 0;
  u64 text_bytes = 0;
  u64 image_bytes = 0;
  std::vector<PhaseTime> phases;
};

/// Compiles and writes `output_path` atomically. Errors: unsupported (target, cpu), limit (image above 4 GiB), io.
Result<CompileStats> compile(const CompileInput& input, const CompileOptions& options,
                             const std::string& output_path);

} // namespace petrel::aot
