// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A backend over one runtime::Store. What differs between engines is only how bytes become a CoreModule.
#pragma once

#include "cli/wast/backend.h"
#include "runtime/instance.h"
#include "runtime/linker.h"
#include "runtime/type_registry.h"

namespace petrel::wast {

class StoreBackend : public Backend {
public:
  Result<u32> compile(std::vector<u8> wasm) final;
  std::vector<std::string> import_modules(u32 module) final;
  Outcome instantiate(u32 module) final;
  void register_instance(u32 instance, std::string_view name) final;
  Outcome invoke(u32 instance, std::string_view name, std::span<const text::ScriptValue> args) final;
  Outcome get(u32 instance, std::string_view name) final;

protected:
  /// `interp`: null for a backend that runs compiled code.
  explicit StoreBackend(const runtime::InterpHooks* interp);

  /// Decodes, validates and prepares for the engine.
  virtual Result<std::shared_ptr<const runtime::CoreModule>> load(std::vector<u8> wasm) = 0;

private:
  runtime::Store store_;
  runtime::Linker linker_;
  std::vector<std::shared_ptr<const runtime::CoreModule>> modules_;
  std::vector<runtime::Instance*> instances_;
};

} // namespace petrel::wast
