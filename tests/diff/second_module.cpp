// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A second module of a script, in text: exceptions that cross instances. It imports the generated one as "M" and
// * puts functions of its own in M's table, so that M's indirect calls come back to M through them, or throw;
// * exports, as "wN", a call of each function of M that catches: the result says by which clause, and is read from the
//   second module's own memory after unwinding;
// * exports again what M does.
#include "base/format.h"
#include "tests/diff/generator.h"

namespace petrel::diff {

namespace {

std::string type_list(const char* keyword, const std::vector<T>& types) {
  static constexpr std::string_view kNames[] = {"i32", "i64", "f32", "f64", "v128"};
  std::string text = strf(" (%s", keyword);
  for (T type : types) {
    text += " " + std::string(kNames[static_cast<usize>(type)]);
  }
  return text + ")";
}

/// The call of an imported function with the parameters of the caller.
std::string forward(u32 index, const Function& function) {
  std::string text;
  for (u32 i = 0; i < function.params.size(); ++i) {
    text += strf("local.get %u ", i);
  }
  return text + strf("call $f%u", index);
}

/// Counts its calls, throws on some of them, else calls the function of M.
std::string detour(u32 index, const Function& function, const std::string& type) {
  return strf("  (func $d%u%s\n", index, type.c_str()) +
         "    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))\n"
         "    (if (i32.eq (i32.and (i32.load (i32.const 8)) (i32.const 3)) (i32.const 3))\n"
         "      (then (throw $tag (i32.load (i32.const 8)))))\n"
         "    (if (i32.eq (i32.and (i32.load (i32.const 8)) (i32.const 7)) (i32.const 5))\n"
         "      (then (throw $own)))\n    " +
         forward(index, function) + ")\n";
}

std::string catcher(u32 index, const Function& function, const std::string& params,
                    bool has_legacy) {
  const std::string begin =
      strf("  (func (export \"w%u\")%s (result i32)\n", index, params.c_str()) +
      "    (i32.store (i32.const 4) (i32.const 1000))\n";
  std::string call = forward(index, function);
  for (usize i = 0; i < function.results.size(); ++i) {
    call += " drop";
  }
  if (has_legacy) {
    return begin + "    try (result i32)\n      " + call +
           "\n      (i32.load (i32.const 8))\n"
           "    catch $tag\n      (i32.load (i32.const 4)) i32.add\n"
           "    catch $own\n      (i32.load (i32.const 4))\n"
           "    catch_all\n      (i32.load (i32.const 8)) (i32.load (i32.const 4)) i32.mul\n    "
           "end)\n";
  }
  return begin +
         "    block $all\n      block $own\n        block $tag (result i32)\n"
         "          try_table (catch $tag $tag) (catch $own $own) (catch_all $all)\n            " +
         call +
         "\n          end\n          (i32.load (i32.const 8)) return\n        end\n"
         "        (i32.load (i32.const 4)) i32.add return\n      end\n"
         "      (i32.load (i32.const 4)) return\n    end\n"
         "    (i32.load (i32.const 8)) (i32.load (i32.const 4)) i32.mul)\n";
}

} // namespace

std::string second_module(const GeneratedModule& first) {
  std::string imports = "  (import \"M\" \"tag\" (tag $tag (param i32)))\n"
                        "  (import \"M\" \"table\" (table $table 8 20 funcref))\n"
                        "  (import \"M\" \"reset\" (func $reset))\n"
                        "  (import \"M\" \"hash\" (func $hash (result i64)))\n";
  std::string exports = "  (export \"reset\" (func $reset))\n  (export \"hash\" (func $hash))\n";
  std::string functions;
  for (u32 i = 0; i < first.exports.size(); ++i) {
    const Function& function = first.exports[i];
    const std::string params = type_list("param", function.params);
    const std::string type = params + type_list("result", function.results);
    imports += strf("  (import \"M\" \"f%u\" (func $f%u%s))\n", i, i, type.c_str());
    exports +=
        strf("  (export \"f%u\" (func $f%u))\n  (elem (table $table) (i32.const %u) func $d%u)\n",
             i, i, i + 1, i);
    functions += detour(i, function, type) + catcher(i, function, params, first.has_legacy);
  }
  return "(module\n" + imports + "  (memory 1)\n  (tag $own)\n" + exports + functions + ")\n";
}

} // namespace petrel::diff
