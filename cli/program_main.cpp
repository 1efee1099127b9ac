// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way from argv to an exit code, and options that several commands share.
#include <csignal>
#include <cstdio>

#include "base/format.h"
#include "base/os.h"
#include "base/unicode.h"
#include "cli/commands.h"
#include "ir/features.h"

namespace petrel::cli {

namespace {

/// Prints an error as its class asks for; the exit code.
int report(const ProgramInfo& program, const Error& error) {
  std::fflush(stdout);
  switch (error.cls()) {
  case ErrorClass::usage:
    std::fprintf(stderr, "%.*s: error: %s\n", PETREL_SV(program.name), error.info().text.c_str());
    return kExitUsage;
  case ErrorClass::trap:
  case ErrorClass::exception:
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return kExitTrap;
  case ErrorClass::exit: std::fprintf(stderr, "%s\n", error.to_string().c_str()); return kExitError;
  case ErrorClass::io:
  case ErrorClass::malformed:
  case ErrorClass::invalid:
  case ErrorClass::unsupported:
  case ErrorClass::limit:
  case ErrorClass::link:
  case ErrorClass::artifact:
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return kExitError;
  }
  PETREL_UNREACHABLE();
}

void print_features() {
  for (u32 i = 0; i < ir::kFeatureCount; ++i) {
    const auto feature = static_cast<ir::Feature>(i);
    std::printf("  %-40.*s %-4s%s\n", PETREL_SV(ir::feature_key(feature)),
                ir::kDefaultFeatures.has(feature) ? "on" : "off",
                !ir::is_implemented(feature) ? "(not in this build)"
                : !ir::is_compiled(feature)  ? "(interpreted only)"
                                             : "");
  }
}

template <typename F> void for_each_item(const std::vector<std::string>& lists, F f) {
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const usize comma = list.find(',');
      f(list.substr(0, comma));
      list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
  }
}

} // namespace

bool print_listings(const CommandLine& line) {
  if (line.value(OptionId::feature) == "help") {
    print_features();
    return true;
  }
  if (line.value(OptionId::limit) == "help") {
    std::fputs(ir::limits_help().c_str(), stdout);
    return true;
  }
  return false;
}

namespace {

/// Is the one key that option `id`, written -`letter`, knows set?
Result<bool> has_setting(const CommandLine& line, OptionId id, char letter, const char* key) {
  bool is_on = false;
  Status known;
  for_each_item(line.values(id), [&](std::string_view item) {
    const std::string_view name = item.substr(0, item.find('='));
    const std::string_view value = name.size() < item.size() ? item.substr(name.size() + 1) : "y";
    if (name != key || (value != "y" && value != "n")) {
      known = fail(ErrorClass::usage, strf("-%c: expected %s[=y|n], found '%s'", letter, key,
                                           escaped(std::string(item)).c_str()));
    } else {
      is_on = value == "y";
    }
  });
  TRY(known);
  return is_on;
}

} // namespace

Result<ProgramOptions> program_options(const CommandLine& line) {
  ProgramOptions options;
  for (const std::string& list : line.values(OptionId::feature)) {
    TRY_ASSIGN(options.decode.features, ir::parse_features(list, options.decode.features));
  }
  Status limits;
  for_each_item(line.values(OptionId::limit), [&](std::string_view item) {
    if (limits) {
      limits = ir::apply_limit_option(item, options.decode.limits);
    }
  });
  TRY(limits);
  TRY_ASSIGN(options.decode.lazy,
             has_setting(line, OptionId::engine_setting, 'O', "lazy-validation"));
  options.interpret = line.has(OptionId::interp);
  options.allow_precompiled = line.has(OptionId::allow_precompiled);
  options.require_native = line.has(OptionId::require_native);
  options.verify = line.has(OptionId::verify);
  options.deterministic = line.has(OptionId::deterministic);
  options.decode.copy_floats = !options.deterministic;
  return options;
}

Result<std::shared_ptr<runtime::Determinism>> determinism(const CommandLine& line) {
  const auto seed = line.value(OptionId::deterministic);
  if (!seed) {
    return nullptr;
  }
  u64 number = 0;
  if (!seed->empty()) {
    TRY_ASSIGN(number, parse_count("--deterministic", *seed));
  }
  return std::make_shared<runtime::Determinism>(number);
}

Result<bool> has_gc_zeal(const CommandLine& line) {
  return has_setting(line, OptionId::debug_setting, 'D', "gc-zeal");
}

Result<std::string> single_file(const Context& context) {
  const auto& arguments = context.line.arguments;
  if (arguments.empty()) {
    return fail(ErrorClass::usage,
                strf("%.*s: FILE is missing (see --help)", PETREL_SV(context.line.command->name)));
  }
  if (arguments.size() > 1) {
    return fail(ErrorClass::usage,
                strf("%.*s: one FILE expected, found also '%s'",
                     PETREL_SV(context.line.command->name), escaped(arguments[1]).c_str()));
  }
  return arguments[0];
}

int program_main(const ProgramInfo& program, std::span<const Command> commands,
                 std::span<char* const> argv) {
  sys::fill_stdio();
  std::signal(SIGPIPE,
              SIG_IGN); // a closed pipe is an error of the write, never the end of the process
  auto line = parse_command_line(program, argv);
  if (!line) {
    return report(program, line.error());
  }
  if (line->has(OptionId::help)) {
    const bool names_command =
        argv.size() > 1 && line->command != nullptr &&
        (line->command->name == argv[1] || line->command->alias == std::string_view(argv[1]));
    std::fputs(help_text(program, names_command ? line->command : nullptr).c_str(), stdout);
    return 0;
  }
  if (line->has(OptionId::version)) {
    std::fputs(version_text(program).c_str(), stdout);
    return 0;
  }
  if (print_listings(*line)) {
    return 0;
  }
  if (line->command == nullptr || (line->arguments.empty() && argv.size() <= 1)) {
    const char* word = line->arguments.empty() ? nullptr : line->arguments[0].c_str();
    if (word != nullptr) {
      std::fprintf(stderr, "%.*s: error: unknown command '%s' (see --help)\n",
                   PETREL_SV(program.name), escaped(word).c_str());
    } else {
      std::fputs(help_text(program, nullptr).c_str(), stderr);
    }
    return kExitUsage;
  }
  for (const Command& command : commands) {
    if (command.cmd == line->command->cmd) {
      auto code = command.run({program, *line});
      return code ? *code : report(program, code.error());
    }
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel::cli
