// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `run` and `call`: from options to one run of a guest.
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "base/format.h"
#include "base/unicode.h"
#include "cli/commands.h"
#include "embed/run.h"

namespace petrel::cli {

namespace {

Status add_environment(const CommandLine& line, wasi::WasiConfig& wasi) {
  for (const std::string& setting : line.values(OptionId::wasi)) {
    std::string_view rest = setting;
    while (!rest.empty()) {
      const usize comma = rest.find(',');
      const std::string_view item = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      if (item == "inherit-env" || item == "inherit-env=y") {
        for (char** at = environ; *at != nullptr; ++at) {
          const std::string_view variable = *at;
          const usize equals = variable.find('=');
          if (equals != std::string_view::npos) {
            wasi.env.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
          }
        }
      } else if (item != "cli" && item != "cli=y") {
        return fail(ErrorClass::usage, strf("-S: unknown setting '%s' (known: inherit-env, cli)",
                                            escaped(item).c_str()));
      }
    }
  }
  for (const std::string& variable : line.values(OptionId::env)) {
    const usize equals = variable.find('=');
    if (equals == 0 || variable.empty()) {
      return fail(ErrorClass::usage,
                  strf("--env: expected NAME[=VALUE], found '%s'", escaped(variable).c_str()));
    }
    if (equals != std::string::npos) {
      wasi.env.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
    } else if (const char* value = std::getenv(variable.c_str())) {
      wasi.env.emplace_back(variable, value);
    }
  }
  return {};
}

Result<RunOptions> run_options(const CommandLine& line) {
  RunOptions options;
  if (auto text = line.value(OptionId::max_memory)) {
    TRY_ASSIGN(options.max_memory_bytes, parse_size("--max-memory", *text));
  }
  if (auto text = line.value(OptionId::max_stack)) {
    TRY_ASSIGN(options.max_stack_bytes, parse_size("--max-stack", *text));
    constexpr u64 kLeast = 64 << 10;
    constexpr u64 kMost = u64{1} << 30;
    if (options.max_stack_bytes < kLeast || options.max_stack_bytes > kMost) {
      return fail(ErrorClass::usage,
                  strf("--max-stack: expected 64KiB to 1GiB, found '%s'", escaped(*text).c_str()));
    }
  }
  if (auto text = line.value(OptionId::timeout)) {
    TRY_ASSIGN(auto timeout, parse_duration("--timeout", *text));
    options.timeout = timeout;
  }
  TRY_ASSIGN(options.gc_zeal, has_gc_zeal(line));
  TRY_ASSIGN(options.determinism, determinism(line));
  TRY(add_environment(line, options.wasi));
  return options;
}

std::string base_name(const std::string& path) {
  const usize slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Result<std::shared_ptr<const Program>> load(const Context& context, const std::string& path) {
  TRY_ASSIGN(const ProgramOptions options, program_options(context.line));
  TRY_ASSIGN(auto program, Program::load(path, options));
  if (!program->note().empty()) {
    std::fprintf(stderr, "note: %s %s\n", escaped(path).c_str(), program->note().c_str());
  }
  return program;
}

/// `f(1, 2)` as one word becomes name and arguments; plain words stay.
void split_call(std::string& name, std::vector<std::string>& args) {
  const usize open = name.find('(');
  if (open == std::string::npos || name.back() != ')') {
    return;
  }
  std::string_view list = std::string_view(name).substr(open + 1, name.size() - open - 2);
  std::vector<std::string> words;
  while (list.find_first_not_of(" \t") != std::string_view::npos) {
    const usize comma = list.find(',');
    std::string_view word = list.substr(0, comma);
    word.remove_prefix(std::min(word.find_first_not_of(" \t"), word.size()));
    word = word.substr(0, word.find_last_not_of(" \t") + 1);
    words.emplace_back(word);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  args.insert(args.begin(), words.begin(), words.end());
  name.resize(open);
}

Result<int> call(const Context& context, const std::string& path, std::string name,
                 std::vector<std::string> args) {
  TRY_ASSIGN(RunOptions options, run_options(context.line));
  options.wasi.args = {base_name(path)};
  split_call(name, args);
  TRY_ASSIGN(auto program, load(context, path));
  auto text = call_function(*program, name, args, std::move(options));
  if (!text) {
    if (text.error().cls() == ErrorClass::exit && text.error().info().text.empty()) {
      return text.error().info().exit_code;
    }
    return std::unexpected(std::move(text).error().with_file(path));
  }
  std::fputs(text->c_str(), stdout);
  return 0;
}

} // namespace

Result<int> run_command(const Context& context) {
  const CommandLine& line = context.line;
  if (line.arguments.empty()) {
    return fail(ErrorClass::usage, "run: FILE is missing (see --help)");
  }
  const std::string path = line.arguments[0];
  std::vector<std::string> rest(line.arguments.begin() + 1, line.arguments.end());
  if (auto name = line.value(OptionId::invoke)) {
    return call(context, path, *name, std::move(rest));
  }
  TRY_ASSIGN(RunOptions options, run_options(line));
  options.wasi.args = std::move(rest);
  options.wasi.args.insert(options.wasi.args.begin(),
                           line.value(OptionId::argv0).value_or(base_name(path)));
  TRY_ASSIGN(auto program, load(context, path));
  auto code = run_program(*program, std::move(options));
  if (!code) {
    return std::unexpected(std::move(code).error().with_file(path));
  }
  return code;
}

Result<int> call_command(const Context& context) {
  const auto& arguments = context.line.arguments;
  if (arguments.size() < 2) {
    return fail(ErrorClass::usage, "call: expected FILE and 'FUNCTION(ARGUMENTS)' (see --help)");
  }
  return call(context, arguments[0], arguments[1], {arguments.begin() + 2, arguments.end()});
}

} // namespace petrel::cli
