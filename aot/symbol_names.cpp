// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/symbol_names.h"

#include <unordered_set>

#include "base/format.h"

namespace petrel::aot {

namespace {

constexpr usize kMaxLength = 200;

std::string escaped(std::string_view name) {
  std::string text = "wasm_";
  for (char c : name.substr(0, kMaxLength)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '$';
    text += plain ? c : '_';
  }
  return text;
}

} // namespace

std::vector<SymbolNames> make_symbol_names(std::span<const ir::Module> modules) {
  std::unordered_set<std::string> used;
  std::vector<SymbolNames> result;
  for (u32 m = 0; m < modules.size(); ++m) {
    const ir::Module& wasm = modules[m];
    SymbolNames& names = result.emplace_back();
    for (u32 idx = wasm.header().imported_funcs; idx < wasm.funcs().size(); ++idx) {
      const std::string_view given = wasm.func_name(FuncIdx(idx));
      std::string name = given.empty() ? strf("wasm_func_%u", idx) : escaped(given);
      if (!used.insert(name).second) {
        // No escaped name ends like this twice: module and index are unique, and a clash with a given name goes on.
        name += strf(".%u.%u", m, idx);
        while (!used.insert(name).second) {
          name += '.';
        }
      }
      names.push_back(std::move(name));
    }
  }
  return result;
}

} // namespace petrel::aot
