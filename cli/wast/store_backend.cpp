// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values cross between script and Store here. `ref.extern n` is the odd number 2n + 1 in the Store's space of
// references: never null, never an address of the heap.
#include "cli/wast/store_backend.h"

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::wast {

namespace {

using text::ScriptValue;
using text::ScriptValueKind;

// Memories of scripts are many and mostly untouched: only what is used is committed.
constexpr u64 kMemoryBudgetBytes = u64{1} << 40;

Outcome error_outcome(Error error) {
  if (error.cls() == ErrorClass::trap) {
    return {.kind = Outcome::Kind::trap, .trap = static_cast<ir::TrapCode>(error.info().trap_code)};
  }
  return {.kind = Outcome::Kind::error, .error = std::move(error)};
}

Outcome usage_outcome(std::string text) { return error_outcome(Error(ErrorClass::usage, std::move(text))); }

RawVal to_raw(const ScriptValue& value) {
  RawVal raw{};
  switch (value.kind) {
  case ScriptValueKind::i32:
  case ScriptValueKind::i64:
  case ScriptValueKind::f32:
  case ScriptValueKind::f64:
  case ScriptValueKind::v128:
    std::memcpy(raw.bytes, value.bytes.data(), sizeof raw.bytes);
    break;
  case ScriptValueKind::ref_null:
    break;
  case ScriptValueKind::ref:
    raw = RawVal::of_i64(u64{value.number.value_or(0)} * 2 + 1);
    break;
  }
  return raw;
}

bool accepts(ValType param, const ScriptValue& value) {
  switch (value.kind) {
  case ScriptValueKind::i32:
    return param == ValType(ValKind::i32);
  case ScriptValueKind::i64:
    return param == ValType(ValKind::i64);
  case ScriptValueKind::f32:
    return param == ValType(ValKind::f32);
  case ScriptValueKind::f64:
    return param == ValType(ValKind::f64);
  case ScriptValueKind::v128:
    return param == ValType(ValKind::v128);
  case ScriptValueKind::ref_null:
    return param.is_nullable();
  case ScriptValueKind::ref: // scripts can make host references only
    return param.is_ref() && param.heap() == HeapType(AbsHeapType::extern_);
  }
  PETREL_UNREACHABLE();
}

ResultValue to_result(ValType type, const RawVal& raw) {
  ResultValue value{.type = type};
  if (type.is_ref()) {
    value.is_null = raw.bits[0] == 0;
    if (type.heap() == HeapType(AbsHeapType::extern_) && (raw.bits[0] & 1) != 0) {
      value.host_number = static_cast<u32>(raw.bits[0] >> 1);
    }
    return value;
  }
  value.bits[0] = raw.bits[0];
  value.bits[1] = type == ValType(ValKind::v128) ? raw.bits[1] : 0;
  if (type == ValType(ValKind::i32) || type == ValType(ValKind::f32)) {
    value.bits[0] &= 0xffffffff;
  }
  return value;
}

} // namespace

StoreBackend::StoreBackend(const runtime::InterpHooks* interp)
    : store_({.max_memory_bytes = kMemoryBudgetBytes, .interp = interp}) {}

Result<u32> StoreBackend::compile(std::vector<u8> wasm) {
  TRY_ASSIGN(auto module, load(std::move(wasm)));
  modules_.push_back(std::move(module));
  return narrow<u32>(modules_.size() - 1);
}

std::vector<std::string> StoreBackend::import_modules(u32 module) {
  std::vector<std::string> names;
  const ir::Module& ir = modules_[module]->ir;
  for (const ir::Import& import : ir.imports()) {
    names.emplace_back(ir.str(import.module));
  }
  return names;
}

Outcome StoreBackend::instantiate(u32 module) {
  auto imports = linker_.resolve(store_, modules_[module]->ir);
  if (!imports) {
    return error_outcome(std::move(imports.error()));
  }
  auto instance = store_.instantiate(modules_[module], *imports);
  if (!instance) {
    return error_outcome(std::move(instance.error()));
  }
  instances_.push_back(*instance);
  return {.instance = narrow<u32>(instances_.size() - 1)};
}

void StoreBackend::register_instance(u32 instance, std::string_view name) {
  linker_.define_instance(std::string(name), *instances_[instance]);
}

Outcome StoreBackend::invoke(u32 instance, std::string_view name, std::span<const ScriptValue> args) {
  auto found = instances_[instance]->find_export(name);
  if (!found || found->kind != ir::ExternKind::func) {
    return usage_outcome(strf("no exported function \"%s\"", escaped(name).c_str()));
  }
  runtime::FuncSignature signature = runtime::func_signature(found->func->type_id);
  if (args.size() != signature.params.size()) {
    return usage_outcome(strf("%zu arguments, expected %zu", args.size(), signature.params.size()));
  }
  std::vector<RawVal> slots(std::max({args.size(), signature.results.size(), usize{1}}));
  for (usize i = 0; i < args.size(); ++i) {
    if (!accepts(signature.params[i], args[i])) {
      return usage_outcome(strf("argument %zu does not have type %s", i + 1, to_string(signature.params[i]).c_str()));
    }
    slots[i] = to_raw(args[i]);
  }
  if (auto called = store_.call_checked(found->func, slots.data()); !called) {
    return error_outcome(std::move(called.error()));
  }
  Outcome outcome;
  for (usize i = 0; i < signature.results.size(); ++i) {
    outcome.values.push_back(to_result(signature.results[i], slots[i]));
  }
  return outcome;
}

Outcome StoreBackend::get(u32 instance, std::string_view name) {
  auto found = instances_[instance]->find_export(name);
  if (!found || found->kind != ir::ExternKind::global) {
    return usage_outcome(strf("no exported global \"%s\"", escaped(name).c_str()));
  }
  Outcome outcome;
  outcome.values.push_back(to_result(found->global->type.type, *found->global->slot));
  return outcome;
}

} // namespace petrel::wast
