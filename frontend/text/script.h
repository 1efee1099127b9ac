// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The language of test scripts (`.wast`, specification repository, interpreter/README.md) as a list of
// commands. Modules stay text until somebody encodes them: a script may assert that one is malformed.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/text/encode.h"
#include "frontend/text/lexer.h"
#include "ir/types.h"

namespace petrel::text {

/// What an expected float lane must be.
enum class LaneCheck : u8 { exact, nan_canonical, nan_arithmetic };

enum class ScriptValueKind : u8 {
  i32,
  i64,
  f32,
  f64,
  v128,
  ref_null, ///< `heap` when the script names one
  ref,      ///< any non-null reference below `heap`; `number` for ref.extern n, ref.host n
};

/// An argument or an expected result.
struct ScriptValue {
  ScriptValueKind kind = ScriptValueKind::i32;
  std::array<u8, 16> bytes{};        ///< numbers, lowest byte first
  std::array<LaneCheck, 4> checks{}; ///< per float lane; the first for scalars
  u8 lane_bits = 0;                  ///< v128: 8 to 64
  bool is_float_lanes = false;
  std::optional<AbsHeapType> heap;
  std::optional<u32> number;

  u64 low() const;
};

/// An expected result: one of these (`(either …)` gives several).
using ExpectedValue = std::vector<ScriptValue>;

enum class ModuleForm : u8 { text, binary, quote };

/// A module as written in a script.
struct ScriptModule {
  ModuleForm form = ModuleForm::text;
  std::string name;        ///< without `$`; empty when it has none
  std::string_view fields; ///< text: the fields, in the script's characters
  std::string bytes;       ///< binary: the bytes; quote: the text
  TextPosition start;      ///< of `fields`, or of the quoted text's command
};

/// `invoke` or `get`.
struct Action {
  bool is_get = false;
  std::string module; ///< empty: the latest
  std::string name;
  std::vector<ScriptValue> args;
};

enum class CommandKind : u8 {
  module,            ///< define and instantiate
  module_definition, ///< define only
  module_instance,   ///< instantiate a definition: `instance_name`, `definition_name`
  register_,         ///< `text` is the name, `instance_name` the instance
  action,
  assert_return,
  assert_trap,        ///< of `action`
  assert_trap_module, ///< of instantiating `module`
  assert_exhaustion,
  assert_exception,
  assert_invalid,
  assert_malformed,
  assert_unlinkable,
  assert_invalid_custom,
  assert_malformed_custom,
  thread, ///< starts `commands` in a thread of their own, named `instance_name`, with the modules of `shared`
  wait,        ///< for the thread `instance_name`
  unsupported, ///< a form of a later feature; `text` names the feature
};
/// The word that scripts use: `assert_return`.
std::string_view command_name(CommandKind kind);

struct Command {
  CommandKind kind = CommandKind::module;
  TextPosition position;
  ScriptModule module;
  Action action;
  std::vector<ExpectedValue> results;
  std::string text; ///< expected message, registered name, feature
  std::string instance_name;
  std::string definition_name;
  std::vector<Command> commands = {};   ///< thread
  std::vector<std::string> shared = {}; ///< thread: instances whose shared memories it gets
};

/// Parses a script. `text` must outlive the commands.
Result<std::vector<Command>> parse_script(std::string_view text);

/// The bytes of a module of a script: encodes text and quoted text, copies binary.
Result<EncodedModule> encode_script_module(const ScriptModule& module);

} // namespace petrel::text
