// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/test_support.h"

#include <cstdlib>
#include <unistd.h>

#include "base/os.h"
#include "frontend/module_decoder.h"
#include "frontend/text/encode.h"

namespace petrel::aot::test {

namespace {

template <typename T> T expect(Result<T> result) {
  if (!result) {
    check_failed(result.error().to_string().c_str(), "test input", 0);
  }
  return std::move(*result);
}

} // namespace

std::vector<u8> compile_text(std::string_view wat, const CompileOptions& options) {
  const text::EncodedModule encoded = expect(text::encode_module(wat));
  const ModuleImage image =
      expect(decode_module(encoded.bytes, 0, encoded.bytes.size(), DecodeOptions()));
  const ir::Module module = image.module();
  std::string path = "/tmp/petrel-aot-test-XXXXXX";
  const int fd = ::mkstemp(path.data());
  CHECK(fd >= 0);
  ::close(fd);
  const Result<CompileStats> stats = compile({encoded.bytes, {&module, 1}, {}}, options, path);
  CHECK(stats.has_value());
  const sys::FileBytes output = expect(sys::read_file(path, u64{1} << 30));
  ::unlink(path.c_str());
  return {output.bytes().begin(), output.bytes().end()};
}

std::string ir_of(std::string_view wat, OptLevel level, CompileOptions options) {
  options.opt_level = level;
  options.emit = Emit::llvm_ir;
  options.target = options.target.empty() ? "x86_64-linux-gnu" : options.target;
  return std::string(as_text(compile_text(wat, options)));
}

std::string assembly_of(std::string_view wat, OptLevel level, CompileOptions options) {
  options.opt_level = level;
  options.emit = Emit::assembly;
  options.target = options.target.empty() ? "x86_64-linux-gnu" : options.target;
  return std::string(as_text(compile_text(wat, options)));
}

std::string function_ir(const std::string& ir, const std::string& symbol) {
  usize start = 0;
  while ((start = ir.find("define ", start)) != std::string::npos) {
    const usize line_end = ir.find('\n', start);
    const usize end = ir.find("\n}", start);
    if (ir.substr(start, line_end - start).find("@" + symbol + "(") != std::string::npos) {
      return ir.substr(start, end - start);
    }
    start = line_end;
  }
  return {};
}

usize count(const std::string& text, const std::string& part) {
  usize found = 0;
  for (usize at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

bool has_in_order(const std::string& text, std::vector<std::string> parts) {
  usize at = 0;
  for (const std::string& part : parts) {
    at = text.find(part, at);
    if (at == std::string::npos) {
      return false;
    }
    at += part.size();
  }
  return true;
}

} // namespace petrel::aot::test
