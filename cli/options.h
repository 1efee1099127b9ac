// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of `wasmrun` and `wasmc`: commands and options come from tables, nothing is parsed by hand
// elsewhere. Usage errors have exit code 2 and name the nearest known spelling.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace petrel::cli {

/// Bits that say where an option is understood.
enum Cmd : u32 {
  kRun = 1 << 0,
  kCall = 1 << 1,
  kInspect = 1 << 2,
  kValidate = 1 << 3,
  kWast = 1 << 4,
  kAot = 1 << 5,
  kEncode = 1 << 6,
  kPrint = 1 << 7,
  kStrip = 1 << 8,
  kRunning = kRun | kCall,
  kAnyInput = kRun | kCall | kInspect | kValidate | kWast | kAot | kEncode,
  kAll = 0xffffffff,
};

enum class OptionId : u32 {
#define PETREL_OPTION(id, long_name, short_name, value, commands, help) id,
#include "cli/options.def"
};

struct CommandInfo {
  Cmd cmd;
  std::string_view name;      ///< empty alias list entry: see aliases
  std::string_view alias;     ///< another spelling, or empty
  std::string_view arguments; ///< placeholder text after the options
  std::string_view help;
  bool rest_goes_to_guest; ///< options end at the first positional
};

/// One of the two programs.
struct ProgramInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const CommandInfo> commands;
  std::optional<Cmd> default_command; ///< taken when the first word is no command
};

struct OptionValue {
  OptionId id;
  std::string value;
};

struct CommandLine {
  const CommandInfo* command = nullptr;
  std::vector<OptionValue> options;
  std::vector<std::string> arguments; ///< FILE and what follows

  bool has(OptionId id) const;
  /// The last value given; empty when absent.
  std::optional<std::string> value(OptionId id) const;
  std::vector<std::string> values(OptionId id) const;
};

/// Parses; `--help` and `--version` come back as options of a command that may be null. Errors: usage.
Result<CommandLine> parse_command_line(const ProgramInfo& program, std::span<char* const> argv);

/// Help of the program, or of one command.
std::string help_text(const ProgramInfo& program, const CommandInfo* command);
std::string version_text(const ProgramInfo& program);

/// `64KiB`, `64k`, `2GiB`, bare bytes. Errors: usage.
Result<u64> parse_size(std::string_view option, std::string_view text);
/// `500ms`, `2s`, `5m`, bare seconds. Errors: usage.
Result<std::chrono::nanoseconds> parse_duration(std::string_view option, std::string_view text);
Result<u64> parse_count(std::string_view option, std::string_view text);

/// The candidate nearest to `word`, if it is near enough to be meant.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

} // namespace petrel::cli
