// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/aot_command.h"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "aot/compile.h"
#include "base/format.h"
#include "base/unicode.h"
#include "cli/wast/wast_command.h"
#include "cli/wast_backend.h"

namespace petrel::cli {

namespace {

/// One spelling of an option's value and what it means.
template <typename T> struct Choice {
  std::string_view text;
  T value;
};

template <typename T, usize N>
Result<T> choose(const char* option, std::string_view text, const Choice<T> (&choices)[N]) {
  std::string known;
  for (const Choice<T>& choice : choices) {
    if (choice.text == text) {
      return choice.value;
    }
    known += (known.empty() ? "" : ", ") + std::string(choice.text);
  }
  return fail(ErrorClass::usage, strf("%s: expected one of %s, found '%s'", option, known.c_str(),
                                      escaped(text).c_str()));
}

Result<aot::OptLevel> parse_level(const char* option, std::string_view text) {
  using aot::OptLevel;
  static constexpr Choice<OptLevel> kLevels[] = {{"0", OptLevel::O0}, {"1", OptLevel::O1},
                                                 {"2", OptLevel::O2}, {"3", OptLevel::O3},
                                                 {"s", OptLevel::Os}, {"z", OptLevel::Oz}};
  for (std::string_view prefix : {"opt-level=", "O"}) {
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
    }
  }
  return choose(option, text, kLevels);
}

Result<aot::CompileOptions> compile_options(const CommandLine& line) {
  aot::CompileOptions options;
  options.jobs = 0;
  if (auto level = line.value(OptionId::opt_level)) {
    TRY_ASSIGN(options.opt_level, parse_level("-O", *level));
  }
  options.target = line.value(OptionId::target).value_or("");
  options.cpu = line.value(OptionId::cpu).value_or("");
  options.debug_info = line.has(OptionId::debug_info);
  if (auto traps = line.value(OptionId::traps)) {
    static constexpr Choice<bool> kModes[] = {{"exact", false}, {"relaxed", true}};
    TRY_ASSIGN(options.relaxed_traps, choose("--traps", *traps, kModes));
  }
  if (auto jobs = line.value(OptionId::jobs)) {
    TRY_ASSIGN(const u64 count, parse_count("--jobs", *jobs));
    if (count == 0 || count > 1024) {
      return fail(ErrorClass::usage,
                  strf("--jobs: expected 1 to 1024, found '%s'", escaped(*jobs).c_str()));
    }
    options.jobs = static_cast<u32>(count);
  }
  if (auto emit = line.value(OptionId::emit)) {
    static constexpr Choice<aot::Emit> kKinds[] = {
        {"ir", aot::Emit::llvm_ir}, {"asm", aot::Emit::assembly}, {"obj", aot::Emit::object}};
    TRY_ASSIGN(options.emit, choose("--emit", *emit, kKinds));
  }
  return options;
}

std::string output_name(const CommandLine& line, const std::string& path, aot::Emit emit) {
  if (auto given = line.value(OptionId::output)) {
    return *given;
  }
  std::string stem = path;
  for (std::string_view ending : {".wasm", ".wat"}) {
    if (stem.ends_with(ending)) {
      stem.resize(stem.size() - ending.size());
      break;
    }
  }
  static constexpr std::string_view kEndings[] = {".cwasm", ".ll", ".s", ".o"};
  return stem + std::string(kEndings[static_cast<usize>(emit)]);
}

Result<aot::CompileStats> compile(const Program& program, const aot::CompileOptions& options,
                                  const std::string& output) {
  std::vector<ir::Module> modules;
  for (const runtime::CoreModule& module : program.modules()) {
    modules.push_back(module.ir);
  }
  return aot::compile({.file = program.file(), .modules = modules, .plan = program.plan()}, options,
                      output);
}

void print_stats(const aot::CompileStats& stats) {
  std::fprintf(
      stderr,
      "%llu functions (%llu without optimisation) in %llu chunks, %llu bytes of wasm code\n",
      static_cast<unsigned long long>(stats.functions),
      static_cast<unsigned long long>(stats.functions_cheap),
      static_cast<unsigned long long>(stats.chunks),
      static_cast<unsigned long long>(stats.wasm_code_bytes));
  std::fprintf(stderr, "%llu bytes of native code, image of %llu bytes\n",
               static_cast<unsigned long long>(stats.text_bytes),
               static_cast<unsigned long long>(stats.image_bytes));
  for (const aot::PhaseTime& phase : stats.phases) {
    std::fprintf(stderr, "  %-20s %8.3f s\n", phase.name, phase.seconds);
  }
}

/// Compiles each module of a script to a file that is mapped and then has no name any more.
struct NativeLoader {
  aot::CompileOptions options;
  std::string directory;
  u32 count = 0;

  static Result<std::shared_ptr<const Program>> load(std::vector<u8> wasm,
                                                     const ProgramOptions& options, void* data) {
    auto& self = *static_cast<NativeLoader*>(data);
    TRY_ASSIGN(auto bytes, sys::FileBytes::copy_of(wasm));
    TRY_ASSIGN(auto checked, Program::from_bytes(std::move(bytes), options));
    const std::string path = strf("%s/%u.cwasm", self.directory.c_str(), self.count++);
    TRY(compile(*checked, self.options, path));
    ProgramOptions native = options;
    native.require_native = true;
    auto program = Program::load(path, native);
    ::unlink(path.c_str());
    return program;
  }
};

/// Programs for the compiler: what it does not compile is refused when it is decoded, with its place.
Result<ProgramOptions> compiled_program_options(const CommandLine& line) {
  TRY_ASSIGN(ProgramOptions options, program_options(line));
  options.decode.available = ir::kCompiledFeatures;
  options.decode.side_table = false;
  return options;
}

Result<std::string> make_temporary_directory() {
  const char* base = std::getenv("TMPDIR");
  std::string path =
      std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/wasmc-wast-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return sys::io_error("cannot create a temporary directory", errno);
  }
  return path;
}

} // namespace

Result<int> aot_command(const Context& context) {
  TRY_ASSIGN(const std::string path, single_file(context));
  TRY_ASSIGN(const ProgramOptions options, compiled_program_options(context.line));
  TRY_ASSIGN(const aot::CompileOptions compile_with, compile_options(context.line));
  TRY_ASSIGN(auto program, Program::load(path, options));
  if (program->file().empty()) {
    return fail(ErrorClass::usage, strf("aot: '%s' is compiled already", escaped(path).c_str()));
  }
  auto stats = compile(*program, compile_with, output_name(context.line, path, compile_with.emit));
  if (!stats) {
    return std::unexpected(std::move(stats).error().with_file(path));
  }
  if (context.line.has(OptionId::time)) {
    print_stats(*stats);
  }
  return 0;
}

Result<int> wast_command(const Context& context) {
  auto level = context.line.value(OptionId::aot);
  if (!level) {
    return wast_interpreted_command(context);
  }
  if (context.line.arguments.empty()) {
    return fail(ErrorClass::usage, "wast: FILE is missing (see --help)");
  }
  if (context.line.has(OptionId::deterministic)) {
    return fail(ErrorClass::usage, "wast: --deterministic interprets, so not with --aot");
  }
  NativeLoader loader;
  loader.options.jobs = 1;
  if (!level->empty()) {
    TRY_ASSIGN(loader.options.opt_level, parse_level("--aot", *level));
  }
  TRY_ASSIGN(const ProgramOptions options, compiled_program_options(context.line));
  TRY_ASSIGN(loader.directory, make_temporary_directory());
  WastSetup setup{options, NativeLoader::load, &loader};
  const int code = wast::run_wast_command(context.line.arguments, context.line.has(OptionId::json),
                                          wast_backend_factory(setup));
  ::rmdir(loader.directory.c_str());
  return code;
}

} // namespace petrel::cli
