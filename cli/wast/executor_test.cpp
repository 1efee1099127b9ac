// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The runner must be able to fail: a backend with canned answers, and scripts that are wrong about them.
#include "cli/wast/executor.h"

#include <doctest/doctest.h>

#include "cli/wast/match.h"

namespace petrel::wast {
namespace {

/// Answers by names: of exports called, and of words anywhere in a module's bytes.
class FakeBackend : public Backend {
public:
  Result<u32> compile(std::vector<u8> wasm) override {
    std::string bytes(as_text(wasm));
    auto has = [&](const char* word) { return bytes.find(word) != std::string::npos; };
    if (has("INVALID")) {
      return fail_at(ErrorClass::invalid, 7, "type mismatch: expected i32");
    }
    if (has("MALFORMED")) {
      return fail_at(ErrorClass::malformed, 7, "unexpected end");
    }
    if (has("LIMIT")) {
      return fail(ErrorClass::limit, "type mismatch is not what this is");
    }
    if (has("LATER")) {
      return fail(ErrorClass::unsupported,
                  "i8x16.add needs feature simd, which this build does not have");
    }
    modules_.push_back(bytes);
    return narrow<u32>(modules_.size() - 1);
  }
  std::vector<std::string> import_modules(u32 module) override {
    return modules_[module].find("from-a") != std::string::npos ? std::vector<std::string>{"a"}
                                                                : std::vector<std::string>{};
  }
  Outcome instantiate(u32 module) override {
    const std::string& bytes = modules_[module];
    if (bytes.find("UNLINKABLE") != std::string::npos) {
      return {.kind = Outcome::Kind::error, .error = Error(ErrorClass::link, "unknown import")};
    }
    if (bytes.find("TRAPS") != std::string::npos) {
      return {.kind = Outcome::Kind::trap, .trap = ir::TrapCode::unreachable};
    }
    return {.instance = module};
  }
  void register_instance(u32, std::string_view) override {}
  Outcome invoke(u32, std::string_view name, std::span<const text::ScriptValue> args) override {
    if (name == "echo") {
      return {.values = {{.type = ValKind::i32, .bits = {args[0].low(), 0}}}};
    }
    if (name == "divide") {
      return {.kind = Outcome::Kind::trap, .trap = ir::TrapCode::integer_divide_by_zero};
    }
    if (name == "deep") {
      return {.kind = Outcome::Kind::trap, .trap = ir::TrapCode::call_stack_exhausted};
    }
    if (name == "throw") {
      return {.kind = Outcome::Kind::exception};
    }
    if (name == "null") {
      return {.values = {{.type = ValType::externref(), .is_null = true}}};
    }
    return {.kind = Outcome::Kind::error, .error = Error(ErrorClass::usage, "no such export")};
  }
  std::unique_ptr<Backend> fork(std::span<const u32>) override {
    return std::make_unique<FakeBackend>();
  }
  Outcome get(u32, std::string_view) override {
    return {.values = {{.type = ValKind::i64, .bits = {42, 0}}}};
  }

private:
  std::vector<std::string> modules_;
};

Report run(std::string_view script) {
  FakeBackend backend;
  auto report = run_script(script, backend);
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().to_string()));
  return *report;
}

/// The only failure of a script that has one.
std::string failure(std::string_view script) {
  Report report = run(script);
  REQUIRE_MESSAGE(report.failures.size() == 1, script);
  return report.failures[0].text;
}

TEST_CASE("what holds passes") {
  Report report = run(R"wast(
    (module $m)
    (register "m" $m)
    (invoke "echo" (i32.const 1))
    (assert_return (invoke $m "echo" (i32.const 7)) (either (i32.const 6) (i32.const 7)))
    (assert_return (get "g") (i64.const 42))
    (assert_return (invoke "null") (ref.null extern))
    (assert_trap (invoke "divide") "integer divide by zero")
    (assert_exhaustion (invoke "deep") "call stack exhausted")
    (assert_exception (invoke "throw"))
    (assert_trap (module (func (export "TRAPS"))) "unreachable")
    (assert_unlinkable (module (func (export "UNLINKABLE"))) "unknown import")
    (assert_invalid (module (func (export "INVALID"))) "type mismatch")
    (assert_invalid (module (func (export "INVALID")))
      "type mismatch: instruction requires [i32] but stack has []")
    (assert_malformed (module binary "MALFORMED") "unexpected end")
    (assert_malformed (module quote "(func" ) "unexpected token")
    (module definition $d)
    (module instance $i $d))wast");
  CHECK(report.failures.empty());
  CHECK(report.passed == 17);
  CHECK(report.later.empty());
}

TEST_CASE("what does not hold fails, with both sides named") {
  CHECK(failure("(module) (assert_return (invoke \"echo\" (i32.const 1)) (i32.const 2))") ==
        "assert_return: \"echo\": expected values (i32.const 2), found values (i32.const 1)");
  CHECK(failure("(module) (assert_return (invoke \"echo\" (i32.const 1)))") ==
        "assert_return: \"echo\": expected values, found values (i32.const 1)");
  CHECK(failure("(module) (assert_return (invoke \"echo\" (i32.const 1)) (i64.const 1))") ==
        "assert_return: \"echo\": expected values (i64.const 1), found values (i32.const 1)");
  CHECK(failure("(module) (assert_return (invoke \"divide\"))") ==
        "assert_return: \"divide\": expected values, found trap: integer divide by zero");
  CHECK(failure("(module) (invoke \"divide\")") ==
        "invoke: \"divide\": expected values, found trap: integer divide by zero");
  CHECK(failure("(module) (assert_trap (invoke \"divide\") \"integer overflow\")") ==
        "assert_trap: \"divide\": expected trap integer overflow, found trap: integer divide by "
        "zero");
  CHECK(failure("(module) (assert_trap (invoke \"echo\" (i32.const 1)) \"unreachable\")") ==
        "assert_trap: \"echo\": expected trap unreachable, found values (i32.const 1)");
  CHECK(failure("(module) (assert_exhaustion (invoke \"divide\") \"integer divide by zero\")") ==
        "assert_exhaustion: \"divide\": expected integer divide by zero, found trap: integer "
        "divide by zero");
  CHECK(failure("(module) (assert_trap (invoke \"deep\") \"call stack exhausted\")") ==
        "assert_trap: \"deep\": expected trap call stack exhausted, found exhaustion: call stack "
        "exhausted");
  CHECK(failure("(module) (assert_trap (invoke \"missing\") \"\")") ==
        "assert_trap: \"missing\": expected trap , found error[usage]: no such export");
  CHECK(failure("(assert_invalid (module) \"type mismatch\")") ==
        "assert_invalid: expected error[invalid]: type mismatch, found a module");
  CHECK(failure("(assert_invalid (module (func (export \"INVALID\"))) \"unknown type\")") ==
        "assert_invalid: expected error[invalid]: unknown type, found error[invalid]: offset 0x7: "
        "type mismatch: expected i32");
  CHECK(failure("(assert_malformed (module binary \"INVALID\") \"type mismatch\")") ==
        "assert_malformed: expected error[malformed]: type mismatch, found error[invalid]: offset "
        "0x7: type mismatch: expected i32");
  CHECK(failure("(assert_invalid (module binary \"LIMIT\") \"type mismatch\")") ==
        "assert_invalid: expected error[invalid]: type mismatch, found error[limit]: type mismatch "
        "is not what this is");
  CHECK(failure("(assert_unlinkable (module) \"unknown import\")") ==
        "assert_unlinkable: expected error[link]: unknown import, found values");
  CHECK(failure("(assert_trap (module) \"unreachable\")") ==
        "assert_trap: expected trap: unreachable, found values");
  CHECK(failure("(module instance $i $d)") == "module instance: no module definition $d");
  CHECK(failure("(module) (invoke $other \"echo\" (i32.const 1))") ==
        "invoke: there is no such instance");
}

TEST_CASE("a module that needs a later feature takes its commands along") {
  Report report = run(R"wast(
    (module $ok)
    (module $v (func (export "LATER")))
    (assert_return (invoke "echo" (i32.const 1)) (i32.const 2))
    (register "a" $v)
    (module $w (func (export "from-a")))
    (invoke $w "divide")
    (assert_return (invoke $ok "echo" (i32.const 1)) (i32.const 1))
    (assert_invalid (module (func (export "LATER"))) "type mismatch")
    (component))wast");
  CHECK(report.failures.empty());
  CHECK(report.passed == 2);
  CHECK(report.later == std::map<std::string, u32>{{"component-model", 1}, {"simd", 6}});
}

TEST_CASE("what a later module would have changed is later, what it would not is judged") {
  std::string script = R"wast(
    (module $a)
    (register "a" $a)
    (module (import "a" "f" (func)) (func (export "LATER")))
    (assert_return (invoke $a "echo" (i32.const 1)) (i32.const 1))
    (assert_return (invoke $a "echo" (i32.const 1)) (i32.const 2)))wast";
  Report touched = run(script);
  CHECK(touched.failures.empty());
  CHECK(touched.passed == 3);
  CHECK(touched.later == std::map<std::string, u32>{{"simd", 2}});
  script.replace(script.find("(import \"a\""), 11, "(import \"b\"");
  CHECK(run(script).failures.size() == 1);
}

TEST_CASE("a module that fails makes its commands fail, not disappear") {
  Report report = run("(module (func (export \"INVALID\"))) (invoke \"echo\" (i32.const 1))");
  CHECK(report.passed == 0);
  CHECK(report.failures.size() == 2);
}

TEST_CASE("float patterns") {
  auto pattern = [](std::string_view text) {
    auto commands = text::parse_script("(assert_return (get \"g\") " + std::string(text) + ")");
    REQUIRE(commands.has_value());
    return (*commands)[0].results[0];
  };
  auto f32_value = [](u32 bits) { return ResultValue{.type = ValKind::f32, .bits = {bits, 0}}; };
  CHECK(matches(f32_value(0x7fc00000), pattern("(f32.const nan:canonical)")));
  CHECK(matches(f32_value(0xffc00000), pattern("(f32.const nan:canonical)")));
  CHECK(!matches(f32_value(0x7fc00001), pattern("(f32.const nan:canonical)")));
  CHECK(matches(f32_value(0x7fc00001), pattern("(f32.const nan:arithmetic)")));
  CHECK(!matches(f32_value(0x7f800001), pattern("(f32.const nan:arithmetic)")));
  CHECK(!matches(f32_value(0x80000000), pattern("(f32.const 0)")));
  ResultValue vector{.type = ValKind::v128, .bits = {0x7fc000013f800000, 0x8000000000000000}};
  CHECK(matches(vector, pattern("(v128.const f32x4 1 nan:arithmetic 0 -0)")));
  CHECK(!matches(vector, pattern("(v128.const f32x4 1 nan:canonical 0 -0)")));
  ResultValue host{.type = ValType::externref(), .shape = AbsHeapType::extern_, .host_number = 3};
  CHECK(matches(host, pattern("(ref.extern 3)")));
  CHECK(matches(host, pattern("(ref.extern)")));
  CHECK(!matches(host, pattern("(ref.extern 4)")));
  CHECK(!matches(host, pattern("(ref.func)")));
  CHECK(!matches(host, pattern("(ref.null)")));
}

} // namespace
} // namespace petrel::wast
