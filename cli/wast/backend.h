// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a script needs of an engine. One backend runs one script: it owns a Store, and everything it
// made dies with it. The interpreter and compiled images are two implementations; neither may stand in
// for the other.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/text/script.h"
#include "ir/traps.h"
#include "ir/types.h"

namespace petrel::wast {

/// A value that came back. References say what scripts can tell apart.
struct ResultValue {
  ValType type;
  u64 bits[2] = {0, 0}; ///< numbers
  bool is_null = false; ///< references
  AbsHeapType shape = AbsHeapType::
      any; ///< non-null references: func, exn, extern_, or i31, struct_, array, any (a host value)
  std::optional<u32> host_number = {}; ///< of `ref.extern n`, `ref.host n`
};

/// How instantiating or calling ended.
struct Outcome {
  enum class Kind : u8 { values, trap, exception, error };
  Kind kind = Kind::values;
  std::vector<ResultValue> values = {};
  ir::TrapCode trap{};
  u32 instance = 0; ///< of `instantiate`
  std::optional<Error> error =
      {}; ///< kind exception; kind error: link, limit, unsupported, usage (no such export) …
};

class Backend {
public:
  virtual ~Backend() = default;

  /// Decodes, validates and, if this backend compiles, compiles. The result names the module.
  virtual Result<u32> compile(std::vector<u8> wasm) = 0;
  /// Module names of a compiled module's imports.
  virtual std::vector<std::string> import_modules(u32 module) = 0;
  /// Instantiates with everything registered so far.
  virtual Outcome instantiate(u32 module) = 0;
  /// Offers an instance's exports to later modules.
  virtual void register_instance(u32 instance, std::string_view name) = 0;
  virtual Outcome invoke(u32 instance, std::string_view name,
                         std::span<const text::ScriptValue> args) = 0;
  /// A backend with a Store of its own for another thread of the script. Its first instances are the given ones, as far as
  /// threads can share them: their shared memories. Null: this engine has no threads.
  virtual std::unique_ptr<Backend> fork(std::span<const u32> instances) = 0;
  /// The value of an exported global.
  virtual Outcome get(u32 instance, std::string_view name) = 0;
};

/// Makes a fresh backend for each script. A plain function and its argument: no ownership questions.
struct BackendFactory {
  std::unique_ptr<Backend> (*make)(void* data);
  void* data = nullptr;
};

} // namespace petrel::wast
