// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `validate` and `encode`: commands that read one file and run nothing.
#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/format.h"
#include "cli/commands.h"
#include "frontend/text/encode.h"

namespace petrel::cli {

namespace {

/// The text of the largest module is a few times as long as the module.
constexpr u64 kLargestTextBytes = u64{1} << 32;

} // namespace

Result<int> validate_command(const Context& context) {
  TRY_ASSIGN(const std::string path, single_file(context));
  TRY_ASSIGN(const ProgramOptions options, program_options(context.line));
  TRY_ASSIGN(const std::optional<Error> warning, Program::validate(path, options));
  if (warning) {
    std::fprintf(stderr, "%s\n", warning->to_string("warning").c_str());
  }
  return 0;
}

Result<int> encode_command(const Context& context) {
  TRY_ASSIGN(const std::string path, single_file(context));
  auto encode = [&]() -> Status {
    TRY_ASSIGN(const sys::FileBytes text, sys::read_file(path, kLargestTextBytes));
    if (as_text(text.bytes()).starts_with(std::string_view("\0asm", 4))) {
      return fail(ErrorClass::malformed, "is in binary format already (print gives the text)");
    }
    const text::EncodeOptions encoding{.names = !context.line.has(OptionId::no_names)};
    TRY_ASSIGN(const text::EncodedModule module,
               text::encode_module(as_text(text.bytes()), {}, {}, encoding));
    std::string out = context.line.value(OptionId::output).value_or("");
    if (out.empty() && path == "-") {
      out = "-";
    } else if (out.empty()) {
      out = path.ends_with(".wat") ? path.substr(0, path.size() - 4) + ".wasm" : path + ".wasm";
    }
    if (out == "-") {
      return sys::write_all(1, module.bytes) ? Status() : sys::io_error("cannot write", errno);
    }
    auto written = sys::write_file_atomically(out, module.bytes, 0644);
    return written ? Status() : std::unexpected(std::move(written).error().with_file(out));
  };
  if (auto done = encode(); !done) {
    return std::unexpected(std::move(done).error().with_file(path));
  }
  return 0;
}

} // namespace petrel::cli
