// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/script.h"

#include "base/format.h"
#include "frontend/text/cursor.h"
#include "frontend/text/script_value.h"

namespace petrel::text {

namespace {

struct CommandWord {
  std::string_view word;
  CommandKind kind;
};
constexpr CommandWord kCommandWords[] = {
    {"module", CommandKind::module},
    {"register", CommandKind::register_},
    {"invoke", CommandKind::action},
    {"get", CommandKind::action},
    {"assert_return", CommandKind::assert_return},
    {"assert_trap", CommandKind::assert_trap},
    {"assert_exhaustion", CommandKind::assert_exhaustion},
    {"assert_exception", CommandKind::assert_exception},
    {"assert_invalid", CommandKind::assert_invalid},
    {"assert_malformed", CommandKind::assert_malformed},
    {"assert_unlinkable", CommandKind::assert_unlinkable},
    {"assert_invalid_custom", CommandKind::assert_invalid_custom},
    {"assert_malformed_custom", CommandKind::assert_malformed_custom},
    {"thread", CommandKind::thread},
    {"wait", CommandKind::wait},
};
/// Forms of proposals whose scripts are later ones.
constexpr std::pair<std::string_view, std::string_view> kLaterForms[] = {
    {"component", "component-model"},
    {"assert_suspension", "stack-switching"},
};

const CommandWord* find_command(std::string_view word) {
  for (const CommandWord& row : kCommandWords) {
    if (row.word == word) {
      return &row;
    }
  }
  return nullptr;
}

std::string_view later_feature(std::string_view word) {
  for (const auto& [form, feature] : kLaterForms) {
    if (form == word) {
      return feature;
    }
  }
  return {};
}

/// Reads the commands of one script in order.
class ScriptParser {
public:
  explicit ScriptParser(const Source& source) : source_(source), cursor_(source) {}

  Result<std::vector<Command>> run() {
    std::vector<Command> commands;
    while (!cursor_.at(TokenKind::end)) {
      Command command;
      command.position = source_.position(cursor_.peek().begin);
      std::string_view word = cursor_.form_keyword();
      if (find_command(word) != nullptr || !later_feature(word).empty()) {
        TRY(parse_command(command));
      } else {
        parse_bare_module(command);
      }
      commands.push_back(std::move(command));
    }
    return commands;
  }

private:
  /// Fields up to the next command form one module.
  void parse_bare_module(Command& command) {
    const Token& first = cursor_.peek();
    u32 end = first.end;
    while (!cursor_.at(TokenKind::end) && find_command(cursor_.form_keyword()) == nullptr) {
      const Token& token = cursor_.peek();
      end = token.kind == TokenKind::lparen ? source_.token(token.match).end : token.end;
      cursor_.skip_form();
    }
    command.module.fields = source_.text().substr(first.begin, end - first.begin);
    command.module.start = source_.position(first.begin);
  }

  Status parse_command(Command& command) {
    std::string_view word = cursor_.form_keyword();
    if (std::string_view feature = later_feature(word); !feature.empty()) {
      command.kind = CommandKind::unsupported;
      command.text = feature;
      cursor_.skip_form();
      return {};
    }
    command.kind = find_command(word)->kind;
    if (command.kind == CommandKind::action) {
      return parse_action(command.action);
    }
    if (command.kind == CommandKind::module) {
      return parse_module(command);
    }
    cursor_.next();
    cursor_.next();
    TRY(parse_operands(command));
    return cursor_.expect_rparen();
  }

  Status parse_operands(Command& command) {
    switch (command.kind) {
    case CommandKind::register_: {
      TRY_ASSIGN(command.text, cursor_.expect_string());
      command.instance_name = cursor_.accept_id();
      return {};
    }
    case CommandKind::assert_return:
      TRY(parse_action(command.action));
      while (cursor_.at(TokenKind::lparen)) {
        TRY_ASSIGN(ExpectedValue expected, parse_expected_value(cursor_));
        command.results.push_back(std::move(expected));
      }
      return {};
    case CommandKind::wait: command.instance_name = cursor_.accept_id(); return {};
    case CommandKind::thread: return parse_thread(command);
    case CommandKind::assert_exception: return parse_action(command.action);
    case CommandKind::assert_exhaustion: TRY(parse_action(command.action)); break;
    case CommandKind::assert_trap:
      if (cursor_.at_form("module")) {
        TRY(parse_asserted_module(command, CommandKind::assert_trap_module));
      } else {
        TRY(parse_action(command.action));
      }
      break;
    case CommandKind::assert_invalid:
    case CommandKind::assert_malformed:
    case CommandKind::assert_unlinkable:
    case CommandKind::assert_invalid_custom:
    case CommandKind::assert_malformed_custom: {
      if (!later_feature(cursor_.form_keyword()).empty()) {
        command.kind = CommandKind::unsupported;
        command.text = later_feature(cursor_.form_keyword());
        cursor_.skip_form();
        break;
      }
      TRY(parse_asserted_module(command, command.kind));
      break;
    }
    case CommandKind::module:
    case CommandKind::module_definition:
    case CommandKind::module_instance:
    case CommandKind::action:
    case CommandKind::assert_trap_module:
    case CommandKind::unsupported: PETREL_UNREACHABLE();
    }
    TRY_ASSIGN(std::string message, cursor_.expect_string());
    if (command.kind != CommandKind::unsupported) {
      command.text = std::move(message);
    }
    return {};
  }

  /// The module of an assertion, which is none that was defined before.
  Status parse_asserted_module(Command& command, CommandKind kind) {
    const Token& token = cursor_.peek();
    TRY(parse_module(command));
    if (command.kind == CommandKind::module_instance) {
      return cursor_.malformed_at(token, "unexpected module instance, expected a module");
    }
    command.kind = kind;
    return {};
  }

  /// `$name (shared (module $m))… command…`; no thread starts another.
  Status parse_thread(Command& command) {
    command.instance_name = cursor_.accept_id();
    while (cursor_.accept_form("shared")) {
      TRY(cursor_.expect_form("module"));
      command.shared.push_back(cursor_.accept_id());
      TRY(cursor_.expect_rparen());
      TRY(cursor_.expect_rparen());
    }
    while (!cursor_.at(TokenKind::rparen)) {
      Command inner;
      inner.position = source_.position(cursor_.peek().begin);
      const CommandWord* word = find_command(cursor_.form_keyword());
      if (word == nullptr || word->kind == CommandKind::thread) {
        return cursor_.unexpected("a command");
      }
      TRY(parse_command(inner));
      command.commands.push_back(std::move(inner));
    }
    return {};
  }

  /// `(module …)` in all its forms; sets `kind` to what it defines.
  Status parse_module(Command& command) {
    u32 close = cursor_.peek().match;
    if (source_.token(close).kind == TokenKind::end) {
      return cursor_.malformed_at(cursor_.peek(), "unexpected token: '(' is not closed");
    }
    TRY(cursor_.expect_form("module"));
    ScriptModule& module = command.module;
    if (cursor_.accept_keyword("instance")) {
      command.kind = CommandKind::module_instance;
      command.instance_name = cursor_.accept_id();
      command.definition_name = cursor_.accept_id();
      return cursor_.expect_rparen();
    }
    command.kind =
        cursor_.accept_keyword("definition") ? CommandKind::module_definition : CommandKind::module;
    module.name = cursor_.accept_id();
    module.start = source_.position(cursor_.peek().begin);
    if (cursor_.at_keyword("binary") || cursor_.at_keyword("quote")) {
      module.form = cursor_.at_keyword("binary") ? ModuleForm::binary : ModuleForm::quote;
      cursor_.next();
      while (cursor_.at(TokenKind::string)) {
        TRY_ASSIGN(std::string piece, cursor_.expect_string());
        module.bytes += piece;
      }
      return cursor_.expect_rparen();
    }
    u32 begin = cursor_.peek().begin;
    module.fields = source_.text().substr(begin, source_.token(close).begin - begin);
    cursor_.seek(close);
    return cursor_.expect_rparen();
  }

  Status parse_action(Action& action) {
    action.is_get = cursor_.at_form("get");
    if (!action.is_get && !cursor_.at_form("invoke")) {
      return cursor_.unexpected("(invoke or (get");
    }
    cursor_.next();
    cursor_.next();
    action.module = cursor_.accept_id();
    TRY_ASSIGN(action.name, cursor_.expect_name());
    while (!action.is_get && cursor_.at(TokenKind::lparen)) {
      TRY_ASSIGN(ScriptValue value, parse_script_value(cursor_, false));
      action.args.push_back(value);
    }
    return cursor_.expect_rparen();
  }

  const Source& source_;
  Cursor cursor_;
};

} // namespace

std::string_view command_name(CommandKind kind) {
  switch (kind) {
  case CommandKind::module: return "module";
  case CommandKind::module_definition: return "module definition";
  case CommandKind::module_instance: return "module instance";
  case CommandKind::register_: return "register";
  case CommandKind::action: return "invoke";
  case CommandKind::assert_return: return "assert_return";
  case CommandKind::assert_trap:
  case CommandKind::assert_trap_module: return "assert_trap";
  case CommandKind::assert_exhaustion: return "assert_exhaustion";
  case CommandKind::assert_exception: return "assert_exception";
  case CommandKind::assert_invalid: return "assert_invalid";
  case CommandKind::assert_malformed: return "assert_malformed";
  case CommandKind::assert_unlinkable: return "assert_unlinkable";
  case CommandKind::assert_invalid_custom: return "assert_invalid_custom";
  case CommandKind::assert_malformed_custom: return "assert_malformed_custom";
  case CommandKind::thread: return "thread";
  case CommandKind::wait: return "wait";
  case CommandKind::unsupported: return "unsupported";
  }
  PETREL_UNREACHABLE();
}

Result<std::vector<Command>> parse_script(std::string_view text) {
  TRY_ASSIGN(Source source, Source::lex(text));
  return ScriptParser(source).run();
}

Result<EncodedModule> encode_script_module(const ScriptModule& module) {
  switch (module.form) {
  case ModuleForm::text: return encode_module(module.fields, module.start, module.name);
  case ModuleForm::quote: return encode_module(module.bytes);
  case ModuleForm::binary: {
    EncodedModule out;
    Bytes bytes = as_bytes(module.bytes);
    out.bytes.assign(bytes.begin(), bytes.end());
    return out;
  }
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel::text
