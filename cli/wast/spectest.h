// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The module that scripts import as "spectest". It is written in WebAssembly, so that a backend needs no
// host functions to run scripts; what its functions would print nobody checks.
#pragma once

#include <string_view>

namespace petrel::wast {

constexpr std::string_view kSpectestText = R"(
  (func (export "print"))
  (func (export "print_i32") (param i32))
  (func (export "print_i64") (param i64))
  (func (export "print_f32") (param f32))
  (func (export "print_f64") (param f64))
  (func (export "print_i32_f32") (param i32 f32))
  (func (export "print_f64_f64") (param f64 f64))
  (global (export "global_i32") i32 (i32.const 666))
  (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6))
  (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref)
  (memory (export "memory") 1 2)
)";

/// Definitions of features that may be off or that a backend may not have: each is a module of its own, offered if it can be.
struct SpectestDefinition {
  std::string_view name;
  std::string_view fields;
};
constexpr SpectestDefinition kSpectestOptional[] = {
    {"table64", R"((table (export "table64") i64 10 20 funcref))"},
    {"shared_memory", R"((memory (export "shared_memory") 1 2 shared))"},
};

} // namespace petrel::wast
