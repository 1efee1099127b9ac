// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry point of `wasmrun`: its commands.
#include "cli/commands.h"

namespace petrel::cli {

namespace {

constexpr CommandInfo kCommandInfos[] = {
    {kRun, "run", "", "FILE [ARGS…]",
     "run a command component, a core module or a .cwasm (the default command)", true},
    {kCall, "call", "", "FILE 'FUNCTION(ARGS)' | FILE FUNCTION ARGS…",
     "call an exported function and print its results", true},
    {kInspect, "inspect", "", "FILE",
     "show imports, exports and nested modules; for a .cwasm what it was built for", false},
    {kValidate, "validate", "", "FILE", "check a module, a component or a .cwasm", false},
    {kWast, "wast", "", "FILE…", "run specification scripts, interpreted", false},
};
constexpr ProgramInfo kProgram = {"wasmrun", "runs WebAssembly components and modules",
                                  kCommandInfos, kRun};

constexpr Command kCommands[] = {
    {kRun, run_command},
    {kCall, call_command},
    {kInspect, inspect_command},
    {kValidate, validate_command},
    {kWast, wast_interpreted_command},
};

} // namespace

} // namespace petrel::cli

int main(int argc, char** argv) {
  using namespace petrel::cli;
  return program_main(kProgram, kCommands, {argv, static_cast<petrel::usize>(argc)});
}
