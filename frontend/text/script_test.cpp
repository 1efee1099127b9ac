// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/script.h"

#include <doctest/doctest.h>

namespace petrel::text {
namespace {

std::vector<Command> parse(std::string_view text) {
  auto commands = parse_script(text);
  REQUIRE_MESSAGE(commands.has_value(), (commands ? "" : commands.error().to_string()));
  return *commands;
}

TEST_CASE("every command form") {
  std::string_view text = R"wast((module $m (func (export "f")))
(module definition $d binary "\00asm" "\01\00\00\00")
(module instance $i $d)
(module quote "(func" ")")
(register "m" $m)
(invoke $m "f" (i32.const -1) (f64.const nan:0x1))
(assert_return (get "g") (either (i32.const 1) (f32.const nan:canonical)) (ref.extern 3))
(assert_trap (invoke "f") "boom")
(assert_trap (module (func)) "boom")
(assert_exhaustion (invoke "f") "deep")
(assert_exception (invoke "f"))
(assert_invalid (module) "a")
(assert_malformed (module quote "x") "b")
(assert_unlinkable (module) "c")
(assert_invalid_custom (module) "d")
(assert_malformed_custom (module quote "") "e")
(component)
)wast";
  auto commands = parse(text);
  REQUIRE(commands.size() == 17);
  constexpr CommandKind kKinds[] = {
      CommandKind::module,
      CommandKind::module_definition,
      CommandKind::module_instance,
      CommandKind::module,
      CommandKind::register_,
      CommandKind::action,
      CommandKind::assert_return,
      CommandKind::assert_trap,
      CommandKind::assert_trap_module,
      CommandKind::assert_exhaustion,
      CommandKind::assert_exception,
      CommandKind::assert_invalid,
      CommandKind::assert_malformed,
      CommandKind::assert_unlinkable,
      CommandKind::assert_invalid_custom,
      CommandKind::assert_malformed_custom,
      CommandKind::unsupported,
  };
  for (usize i = 0; i < commands.size(); ++i) {
    CHECK_MESSAGE(commands[i].kind == kKinds[i], i);
    CHECK(commands[i].position.line == i + 1);
  }
  CHECK(commands[0].module.fields == "(func (export \"f\"))");
  CHECK(commands[1].module.name == "d");
  CHECK(encode_script_module(commands[1].module)->bytes.size() == 8);
  CHECK(commands[2].instance_name == "i");
  CHECK(commands[2].definition_name == "d");
  CHECK(commands[3].module.bytes == "(func)");
  CHECK(commands[4].text == "m");
  CHECK(commands[5].action.args[0].low() == 0xffffffff);
  CHECK(commands[5].action.args[1].low() == 0x7ff0000000000001);
  REQUIRE(commands[6].results.size() == 2);
  CHECK(commands[6].action.is_get);
  CHECK(commands[6].results[0][1].checks[0] == LaneCheck::nan_canonical);
  CHECK(commands[6].results[1][0].number == 3u);
  CHECK(commands[7].text == "boom");
}

TEST_CASE("bare fields are one module") {
  auto commands = parse("(func) (memory 0)\n(assert_return (invoke \"f\"))");
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].module.fields == "(func) (memory 0)");
}

TEST_CASE("script errors name their place") {
  auto error = [](std::string_view text) {
    auto commands = parse_script(text);
    return commands ? std::string("accepted") : commands.error().to_string();
  };
  CHECK(error("(assert_return (invoke \"f\") (i32.const nan:canonical))") ==
        "error[malformed]: 1:40: unexpected token nan:canonical, expected i32 constant");
  CHECK(error("(assert_trap (invoke \"f\"))") ==
        "error[malformed]: 1:26: unexpected token ), expected a string");
  CHECK(error("(invoke \"f\" (f32.const nan:arithmetic))") ==
        "error[malformed]: 1:24: unexpected token nan:arithmetic, expected an f32 constant");
  CHECK(error("(assert_exhaustion (module) \"deep\")") ==
        "error[malformed]: 1:20: unexpected token (, expected (invoke or (get");
  CHECK(error("(assert_trap (module instance $a $b) \"boom\")") ==
        "error[malformed]: 1:14: unexpected module instance, expected a module");
  CHECK(error("(module") == "error[malformed]: 1:1: unexpected token: '(' is not closed");
}

TEST_CASE("errors inside a script's module count lines of the script") {
  auto commands = parse("\n(module\n  (func (bogus)))");
  auto module = encode_script_module(commands[0].module);
  REQUIRE(!module.has_value());
  CHECK(module.error().to_string() ==
        "error[malformed]: 3:10: unknown operator bogus, expected an instruction");
}

} // namespace
} // namespace petrel::text
