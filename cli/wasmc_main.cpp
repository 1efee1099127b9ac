// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry point of `wasmc`: its commands.
#include "cli/aot_command.h"
#include "cli/commands.h"

namespace petrel::cli {

namespace {

constexpr CommandInfo kCommandInfos[] = {
    {kAot, "aot", "compile", "FILE", "compile to native code, a .cwasm that wasmrun maps and runs",
     false},
    {kValidate, "validate", "", "FILE", "check a module, a component or a .cwasm", false},
    {kInspect, "inspect", "", "FILE",
     "show imports, exports and nested modules; for a .cwasm what it was built for", false},
    {kEncode, "encode", "", "FILE.wat", "text format to binary format", false},
    {kPrint, "print", "", "FILE", "binary format to text format", false},
    {kStrip, "strip", "", "FILE", "remove custom sections: names, debug information, producers",
     false},
    {kWast, "wast", "", "FILE…", "run specification scripts, natively with --aot", false},
};
constexpr ProgramInfo kProgram = {"wasmc",
                                  "compiles and examines WebAssembly components and modules",
                                  kCommandInfos, std::nullopt};

constexpr Command kCommands[] = {
    {kAot, aot_command},       {kValidate, validate_command}, {kInspect, inspect_command},
    {kEncode, encode_command}, {kPrint, print_command},       {kStrip, strip_command},
    {kWast, wast_command},
};

} // namespace

} // namespace petrel::cli

int main(int argc, char** argv) {
  using namespace petrel::cli;
  return program_main(kProgram, kCommands, {argv, static_cast<petrel::usize>(argc)});
}
