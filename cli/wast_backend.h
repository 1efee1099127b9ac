// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scripts on Petrel's own engines: one Store per script, modules loaded by a function that either keeps them interpreted
// or compiles each and maps the image.
#pragma once

#include "cli/wast/backend.h"
#include "embed/program.h"

namespace petrel::cli {

/// Turns the bytes of one module into a program. Errors fail the script's command.
using ModuleLoader = Result<std::shared_ptr<const Program>> (*)(std::vector<u8> wasm,
                                                                const ProgramOptions& options,
                                                                void* data);

/// What every script of one command line shares; outlives the run.
struct WastSetup {
  ProgramOptions options;
  ModuleLoader load = nullptr;
  void* data = nullptr;
  bool gc_zeal = false;
  std::shared_ptr<runtime::Determinism> determinism = nullptr;
};

/// For wast::run_wast_command; `setup` must live until it returns.
wast::BackendFactory wast_backend_factory(WastSetup& setup);

} // namespace petrel::cli
