// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What both programs share: one function per command, from a parsed command line to an exit code, and how errors are
// shown. The library below neither prints nor exits; this layer does.
#pragma once

#include "cli/options.h"
#include "embed/program.h"

namespace petrel::cli {

/// Exit codes of cli.md §4, as wasmtime's.
constexpr int kExitUsage = 2;
constexpr int kExitError = 1;
constexpr int kExitTrap = 134;

/// What a command needs to know of its program.
struct Context {
  const ProgramInfo& program;
  const CommandLine& line;
};

// Errors: every class; `main` prints them. The value is the exit code.
Result<int> run_command(const Context& context);
Result<int> call_command(const Context& context);
Result<int> validate_command(const Context& context);
Result<int> inspect_command(const Context& context);
Result<int> wast_interpreted_command(const Context& context);
Result<int> encode_command(const Context& context);
Result<int> print_command(const Context& context);
Result<int> strip_command(const Context& context);

/// Options that say how FILE is decoded and trusted (-W, -L, --interp, …). Errors: usage.
Result<ProgramOptions> program_options(const CommandLine& line);
/// Whether `-D key` was given, the last one deciding. Errors: usage (an unknown key, a bad value).
Result<bool> has_gc_zeal(const CommandLine& line);
/// What `--deterministic` asks for; null without it. Errors: usage (a seed that is no number).
Result<std::shared_ptr<runtime::Determinism>> determinism(const CommandLine& line);
/// The single FILE of a command. Errors: usage.
Result<std::string> single_file(const Context& context);

/// Handles -W help and -L help; true when something was printed.
bool print_listings(const CommandLine& line);

using CommandFn = Result<int> (*)(const Context& context);
struct Command {
  Cmd cmd;
  CommandFn run;
};
/// Parses, dispatches, prints errors. The process's exit code.
int program_main(const ProgramInfo& program, std::span<const Command> commands,
                 std::span<char* const> argv);

} // namespace petrel::cli
