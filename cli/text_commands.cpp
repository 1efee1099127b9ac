// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `print` and `strip`: commands that rewrite a file and run nothing. Linked into `wasmc` only: the printer is not part of
// the runner.
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/format.h"
#include "cli/commands.h"
#include "frontend/text/encode.h"
#include "frontend/text/print.h"
#include "frontend/text/strip.h"

namespace petrel::cli {

namespace {

constexpr u64 kLargestFileBytes = u64{1} << 32;

/// The bytes of a core module: those of a binary file, or what a text encodes to.
class ModuleFile {
public:
  Status read(const std::string& path) {
    TRY_ASSIGN(file_, sys::read_file(path, kLargestFileBytes));
    const std::string_view text = as_text(file_.bytes());
    if (text.starts_with(std::string_view("\0asm", 4))) {
      return text.size() > 6 && text[6] != 0
                 ? fail(ErrorClass::unsupported, "is a component: this build prints core modules")
                 : Status();
    }
    if (text.starts_with("\x7f"
                         "ELF")) {
      return fail(ErrorClass::unsupported,
                  "is an image of native code: print the module that it was made of");
    }
    TRY_ASSIGN(encoded_, text::encode_module(text));
    return {};
  }
  Bytes bytes() const { return encoded_.bytes.empty() ? file_.bytes() : Bytes(encoded_.bytes); }

private:
  sys::FileBytes file_;
  text::EncodedModule encoded_;
};

/// Where text goes while it is made: a descriptor.
class Output {
public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (fd_ > 2) {
      ::close(fd_);
    }
  }

  /// `-` is standard output.
  Status open(const std::string& path) {
    if (path == "-") {
      return {};
    }
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd_ < 0 ? Status(sys::io_error("cannot open", errno)) : Status();
  }

  static Status write(void* target, std::string_view text) {
    const int fd = static_cast<Output*>(target)->fd_;
    return sys::write_all(fd, as_bytes(text)) ? Status() : sys::io_error("cannot write", errno);
  }

private:
  int fd_ = 1;
};

} // namespace

Result<int> print_command(const Context& context) {
  TRY_ASSIGN(const std::string path, single_file(context));
  auto print = [&]() -> Status {
    ModuleFile module;
    TRY(module.read(path));
    Output out;
    TRY(out.open(context.line.value(OptionId::output).value_or("-")));
    text::PrintOptions options;
    options.folded = context.line.has(OptionId::fold);
    options.offsets = context.line.has(OptionId::offsets);
    options.plain = context.line.has(OptionId::plain);
    return text::print_module(module.bytes(), options, Output::write, &out);
  };
  if (auto done = print(); !done) {
    return std::unexpected(std::move(done).error().with_file(path));
  }
  return 0;
}

Result<int> strip_command(const Context& context) {
  TRY_ASSIGN(const std::string path, single_file(context));
  const auto target = context.line.value(OptionId::output);
  if (!target) {
    return fail(ErrorClass::usage, "strip needs -o FILE (- is standard output)");
  }
  auto strip = [&]() -> Status {
    TRY_ASSIGN(const sys::FileBytes file, sys::read_file(path, kLargestFileBytes));
    const text::StripOptions options{context.line.has(OptionId::strip_all),
                                     context.line.values(OptionId::keep)};
    TRY_ASSIGN(const std::vector<u8> stripped, text::strip_custom_sections(file.bytes(), options));
    if (*target == "-") {
      return sys::write_all(1, stripped) ? Status() : sys::io_error("cannot write", errno);
    }
    auto written = sys::write_file_atomically(*target, stripped, 0644);
    return written ? Status() : std::unexpected(std::move(written).error().with_file(*target));
  };
  if (auto done = strip(); !done) {
    return std::unexpected(std::move(done).error().with_file(path));
  }
  return 0;
}

} // namespace petrel::cli
