// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `diff_record [--seed S] [--count N] [--module FILE] DIRECTORY` runs generated modules (or one given) in the interpreter
// and writes a script per module with what came out: results, trap kinds, uncaught exceptions and, last, the hash of the
// memories. Another engine runs the scripts: each assertion it fails is a difference. run.py drives this.
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/format.h"
#include "base/os.h"
#include "cli/wast_backend.h"
#include "tests/diff/generator.h"

namespace petrel::diff {

namespace {

using text::ScriptValue;
using text::ScriptValueKind;

/// What binaryen's modules import, as a module of the script.
constexpr std::string_view kSupport =
    "(module\n"
    "  (func (export \"log-i32\") (param i32)) (func (export \"log-i64\") (param i64))\n"
    "  (func (export \"log-f32\") (param f32)) (func (export \"log-f64\") (param f64))\n"
    "  (func (export \"log-v128\") (param v128)))\n";

/// First line of a script that only V8 can judge; run.py knows it.
constexpr std::string_view kLegacy = ";; legacy exceptions\n";

Result<std::shared_ptr<const Program>> load(std::vector<u8> wasm, const ProgramOptions& options,
                                            void*) {
  TRY_ASSIGN(auto bytes, sys::FileBytes::copy_of(wasm));
  return Program::from_bytes(std::move(bytes), options);
}

std::string float_text(f64 value, bool is_nan, bool is_negative, u64 payload) {
  if (is_nan) {
    return strf("%snan:0x%" PRIx64, is_negative ? "-" : "", payload);
  }
  return std::isinf(value) ? (is_negative ? "-inf" : "inf") : strf("%a", value);
}

std::string value_text(T type, u64 low, u64 high) {
  switch (type) {
  case T::i32: return strf("(i32.const 0x%" PRIx64 ")", low & 0xffffffff);
  case T::i64: return strf("(i64.const 0x%" PRIx64 ")", low);
  case T::f32: {
    const f32 value = std::bit_cast<f32>(static_cast<u32>(low));
    return "(f32.const " +
           float_text(static_cast<f64>(value), std::isnan(value), (low >> 31 & 1) != 0,
                      low & 0x7fffff) +
           ")";
  }
  case T::f64: {
    const f64 value = std::bit_cast<f64>(low);
    return "(f64.const " +
           float_text(value, std::isnan(value), low >> 63 != 0, low & 0xfffffffffffff) + ")";
  }
  default: return strf("(v128.const i64x2 0x%" PRIx64 " 0x%" PRIx64 ")", low, high);
  }
}

T type_of(ValType type) {
  return static_cast<T>(static_cast<u32>(ValKind::i32) - static_cast<u32>(type.kind()));
}

ScriptValue script_value(T type, u64 low, u64 high) {
  ScriptValue value;
  value.kind = static_cast<ScriptValueKind>(type);
  static_assert(static_cast<int>(ScriptValueKind::v128) == static_cast<int>(T::v128));
  value.lane_bits = 64;
  std::memcpy(value.bytes.data(), &low, 8);
  std::memcpy(value.bytes.data() + 8, &high, 8);
  return value;
}

bool is_nan(T type, u64 bits) {
  return type == T::f32   ? std::isnan(std::bit_cast<f32>(static_cast<u32>(bits)))
         : type == T::f64 ? std::isnan(std::bit_cast<f64>(bits))
                          : false;
}

/// One script in the making.
class Script {
public:
  Script(wast::Backend& backend, bool has_legacy)
      : backend_(backend), has_legacy_(has_legacy), text_(has_legacy ? kLegacy : "") {}

  /// False when the module cannot be instantiated; the script then says why and is not to be run.
  bool instantiate(const std::vector<u8>& wasm, bool has_support) {
    if (has_support) {
      text_ += kSupport;
      text_ += "(register \"fuzzing-support\")\n";
      const auto support = compile_support();
      if (!support) {
        return error(support.error());
      }
      backend_.register_instance(backend_.instantiate(*support).instance, "fuzzing-support");
    }
    text_ += "(module binary";
    for (usize i = 0; i < wasm.size(); ++i) {
      text_ += (i % 32 == 0 ? "\n  \"" : "") + strf("\\%02x", wasm[i]) +
               (i % 32 == 31 || i + 1 == wasm.size() ? "\"" : "");
    }
    text_ += ")\n";
    const auto module = backend_.compile(wasm);
    if (!module) {
      return error(module.error());
    }
    wast::Outcome made = backend_.instantiate(*module);
    instance_ = made.instance;
    if (made.kind != wast::Outcome::Kind::values) {
      return made.error ? error(*made.error)
                        : error(Error(ErrorClass::invalid, "instantiation trapped"));
    }
    return true;
  }

  /// The second module, which uses the first: calls go to it from now on.
  bool add_second(const GeneratedModule& first) {
    const std::string source = second_module(first);
    text_ += "(register \"M\")\n" + source;
    backend_.register_instance(instance_, "M");
    auto encoded = text::encode_module(source);
    if (!encoded) {
      return error(encoded.error());
    }
    const auto module = backend_.compile(std::move(encoded->bytes));
    if (!module) {
      return error(module.error());
    }
    const wast::Outcome made = backend_.instantiate(*module);
    instance_ = made.instance;
    return made.kind == wast::Outcome::Kind::values;
  }

  void call(const std::string& name, const std::vector<T>& params, Random& random) {
    std::string invoke = "(invoke \"" + name + "\"";
    std::vector<ScriptValue> args;
    for (T param : params) {
      const bool is_narrow = param == T::i32 || param == T::f32;
      u64 low = is_narrow ? random.edge() & 0xffffffff : random.edge();
      if (has_legacy_ && is_nan(param, low)) {
        low = 0; // a script between would lose the payload
      }
      const u64 high = random.edge();
      args.push_back(script_value(param, low, high));
      invoke += " " + value_text(param, low, high);
    }
    record(invoke + ")", backend_.invoke(instance_, name, args));
  }

  const std::string& text() const { return text_; }
  usize calls() const { return calls_; }
  usize traps() const { return traps_; }
  usize exceptions() const { return exceptions_; }

private:
  Result<u32> compile_support() {
    TRY_ASSIGN(auto encoded, text::encode_module(kSupport));
    return backend_.compile(std::move(encoded.bytes));
  }

  bool error(const Error& why) {
    text_ += "(; " + why.to_string() + " ;)\n";
    return false;
  }

  void record(const std::string& invoke, const wast::Outcome& outcome) {
    ++calls_;
    switch (outcome.kind) {
    case wast::Outcome::Kind::values: {
      text_ += "(assert_return " + invoke;
      for (const wast::ResultValue& value : outcome.values) {
        text_ += " " + value_text(type_of(value.type), value.bits[0], value.bits[1]);
      }
      text_ += ")\n";
      break;
    }
    case wast::Outcome::Kind::trap:
      ++traps_;
      text_ += (outcome.trap == ir::TrapCode::call_stack_exhausted ? "(assert_exhaustion "
                                                                   : "(assert_trap ") +
               invoke + " \"" + std::string(ir::trap_spec_text(outcome.trap)) + "\")\n";
      break;
    case wast::Outcome::Kind::exception:
      ++exceptions_;
      text_ += "(assert_exception " + invoke + ")\n";
      break;
    case wast::Outcome::Kind::error: error(*outcome.error); break;
    }
  }

  wast::Backend& backend_;
  bool has_legacy_;
  std::string text_;
  u32 instance_ = 0;
  usize calls_ = 0;
  usize traps_ = 0;
  usize exceptions_ = 0;
};

constexpr u32 kCallsPerFunction = 3;

Result<bool> write_script(const std::string& path, const GeneratedModule& module, u64 seed,
                          bool is_ours) {
  ProgramOptions options;
  options.decode.features = ir::kDefaultFeatures;
  cli::WastSetup setup{options, load, nullptr};
  const wast::BackendFactory factory = cli::wast_backend_factory(setup);
  const auto backend = factory.make(factory.data);
  Script script(*backend, module.has_legacy);
  const bool runs =
      script.instantiate(module.bytes, !is_ours) && (!module.has_tags || script.add_second(module));
  Random random(seed ^ 0xa5a5a5a5);
  if (runs) {
    for (const Function& function : module.exports) {
      for (u32 i = 0; i < kCallsPerFunction; ++i) {
        if (is_ours) {
          script.call("reset", {}, random);
        }
        script.call(function.name, function.params, random);
        if (is_ours) {
          script.call("hash", {}, random);
        }
        if (module.has_tags) {
          script.call("reset", {}, random);
          script.call("w" + function.name.substr(1), function.params, random);
          script.call("hash", {}, random);
        }
      }
    }
  }
  const std::string& text = script.text();
  TRY(sys::write_file_atomically(path, as_bytes(text), 0644));
  std::printf("%s %zu calls, %zu traps, %zu exceptions%s\n", path.c_str(), script.calls(),
              script.traps(), script.exceptions(), runs ? "" : ", not instantiated");
  return runs;
}

/// The functions of a module that a script can call.
Result<GeneratedModule> read_module(const std::string& path) {
  TRY_ASSIGN(auto bytes, sys::read_file(path, u64{1} << 28));
  GeneratedModule result;
  result.bytes.assign(bytes.bytes().begin(), bytes.bytes().end());
  TRY_ASSIGN(auto program, Program::from_bytes(std::move(bytes), ProgramOptions()));
  const ir::Module& module = program->core_module()->ir;
  for (const ir::Export& item : module.exports()) {
    if (item.kind != ir::ExternKind::func) {
      continue;
    }
    Function function{std::string(module.str(item.name)), {}, {}};
    bool is_callable = true;
    const ir::TypeDef& type = module.type(module.funcs()[item.index].type);
    for (ValType param : module.params(type)) {
      is_callable = is_callable && !param.is_ref();
      function.params.push_back(type_of(param));
    }
    if (is_callable) {
      result.exports.push_back(function);
    }
  }
  return result;
}

/// The script of one seed, or of a given module.
Result<bool> one(const std::string& module, const std::string& path, u64 seed) {
  if (module.empty()) {
    return write_script(path, generate(seed), seed, true);
  }
  TRY_ASSIGN(const GeneratedModule given, read_module(module));
  return write_script(path, given, seed, false);
}

int run(int argc, char** argv) {
  u64 seed = 1;
  u64 count = 1;
  std::string module;
  std::string directory;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--count" && i + 1 < argc) {
      count = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--module" && i + 1 < argc) {
      module = argv[++i];
    } else {
      directory = word;
    }
  }
  if (directory.empty()) {
    std::fprintf(stderr, "usage: diff_record [--seed S] [--count N] [--module FILE] DIRECTORY\n");
    return 2;
  }
  for (u64 i = 0; i < count; ++i) {
    const std::string path = strf("%s/%s%" PRIu64 ".wast", directory.c_str(),
                                  module.empty() ? "own-" : "module-", seed + i);
    const auto done = one(module, path, seed + i);
    if (!done) {
      std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
      return 1;
    }
  }
  return 0;
}

} // namespace

} // namespace petrel::diff

int main(int argc, char** argv) { return petrel::diff::run(argc, argv); }
