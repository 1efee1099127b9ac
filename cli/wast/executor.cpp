// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast/executor.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <thread>

#include "base/format.h"
#include "base/unicode.h"
#include "cli/wast/match.h"
#include "cli/wast/spectest.h"
#include "frontend/custom_sections.h"

namespace petrel::wast {

namespace {

using text::Command;
using text::CommandKind;

/// What a command came to.
struct Verdict {
  enum class Kind : u8 { passed, later, failed };
  Kind kind = Kind::passed;
  std::string text = {}; ///< later: the feature; failed: why

  static Verdict pass() { return {}; }
  static Verdict later(std::string feature) { return {Kind::later, std::move(feature)}; }
  static Verdict fail(std::string text) { return {Kind::failed, std::move(text)}; }
};

/// An instance (or definition) as scripts name it; without a number when it could not be made.
struct Slot {
  std::optional<u32> number = {};
  std::string later = {}; ///< the feature that was missing; empty when it failed otherwise
};

/// The feature key of an `unsupported` error's text, `… needs feature KEY…`.
std::string feature_of(const Error& error) {
  constexpr std::string_view kMark = "needs feature ";
  const std::string& text = error.info().text;
  usize at = text.find(kMark);
  if (at == std::string::npos) {
    return "unnamed";
  }
  std::string_view rest = std::string_view(text).substr(at + kMark.size());
  return std::string(rest.substr(0, rest.find_first_of(" ,)")));
}

/// Assertions of a failure; all of them carry the text that it must have.
bool compares_message(CommandKind kind) {
  using enum CommandKind;
  constexpr std::array kinds = {assert_trap,           assert_trap_module,     assert_exhaustion,
                                assert_unlinkable,     assert_invalid,         assert_malformed,
                                assert_invalid_custom, assert_malformed_custom};
  return std::ranges::find(kinds, kind) != kinds.end();
}

std::string describe(const Outcome& outcome) {
  switch (outcome.kind) {
  case Outcome::Kind::values: {
    std::string text = "values";
    for (const ResultValue& value : outcome.values) {
      text += " " + to_string(value);
    }
    return text;
  }
  case Outcome::Kind::trap:
    return (outcome.trap == ir::TrapCode::call_stack_exhausted ? "exhaustion: " : "trap: ") +
           std::string(ir::trap_message(outcome.trap));
  case Outcome::Kind::exception: return outcome.error ? outcome.error->info().text : "an exception";
  case Outcome::Kind::error: return outcome.error->to_string();
  }
  PETREL_UNREACHABLE();
}

class Executor {
public:
  explicit Executor(Backend& backend) : backend_(backend) {}
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  ~Executor() { CHECK(threads_.empty()); } // take_report waits for them

  /// Runs commands, one after the other; what they came to is in `take_report`.
  void run_all(std::span<const Command> commands) {
    for (const Command& command : commands) {
      Verdict verdict = run(command);
      switch (verdict.kind) {
      case Verdict::Kind::passed:
        ++report_.passed;
        report_.messages += static_cast<u32>(compares_message(command.kind));
        break;
      case Verdict::Kind::later: ++report_.later[verdict.text]; break;
      case Verdict::Kind::failed:
        report_.failures.push_back(
            {command.position.line,
             std::string(text::command_name(command.kind)) + ": " + verdict.text});
        break;
      }
    }
  }
  /// The report, with those of threads that nobody waited for.
  Report take_report() {
    while (!threads_.empty()) {
      finish_thread(threads_.begin());
    }
    return std::move(report_);
  }

  Status provide_spectest() {
    TRY(provide(kSpectestText));
    for (const auto& [name, fields] : kSpectestOptional) {
      Status provided = provide(fields);
      if (!provided && provided.error().cls() != ErrorClass::unsupported) {
        return provided;
      }
      if (!provided) {
        later_definitions_[std::string(name)] = feature_of(provided.error());
      }
    }
    return {};
  }

  Verdict run(const Command& command) {
    switch (command.kind) {
    case CommandKind::module: return define_and_instantiate(command);
    case CommandKind::module_definition: return define(command);
    case CommandKind::module_instance: return instantiate_definition(command);
    case CommandKind::register_: return register_instance(command);
    case CommandKind::action:
      return judge_action(command, "values",
                          [](const Outcome& o) { return o.kind == Outcome::Kind::values; });
    case CommandKind::assert_return: return assert_return(command);
    case CommandKind::assert_trap:
      return judge_action(command, "trap " + command.text, [&](const Outcome& o) {
        return o.kind == Outcome::Kind::trap && o.trap != ir::TrapCode::call_stack_exhausted &&
               trap_matches(command.text, o.trap);
      });
    case CommandKind::assert_exhaustion:
      return judge_action(command, command.text, [&](const Outcome& o) {
        return o.kind == Outcome::Kind::trap && o.trap == ir::TrapCode::call_stack_exhausted &&
               trap_matches(command.text, o.trap);
      });
    case CommandKind::assert_exception:
      return judge_action(command, "an exception",
                          [](const Outcome& o) { return o.kind == Outcome::Kind::exception; });
    case CommandKind::assert_trap_module:
    case CommandKind::assert_unlinkable: return assert_not_instantiable(command);
    case CommandKind::assert_invalid: return assert_rejected(command, ErrorClass::invalid);
    case CommandKind::assert_malformed: return assert_rejected(command, ErrorClass::malformed);
    case CommandKind::assert_invalid_custom: return assert_bad_custom(command, ErrorClass::invalid);
    case CommandKind::assert_malformed_custom:
      return assert_bad_custom(command, ErrorClass::malformed);
    case CommandKind::thread: return start_thread(command);
    case CommandKind::wait: return wait_for_thread(command);
    case CommandKind::unsupported: return Verdict::later(command.text);
    }
    PETREL_UNREACHABLE();
  }

private:
  /// A host thread with a script of its own on a Store of its own.
  struct Thread {
    std::unique_ptr<Backend> backend;
    std::unique_ptr<Executor> executor;
    std::thread host;
  };

  Verdict start_thread(const Command& command) {
    Verdict verdict = try_thread(command);
    if (verdict.kind == Verdict::Kind::later) {
      later_threads_[command.instance_name] = verdict.text;
    }
    return verdict;
  }

  Verdict try_thread(const Command& command) {
    if (threads_.contains(command.instance_name)) {
      return Verdict::fail("thread $" + escaped(command.instance_name) + " runs already");
    }
    std::vector<u32> shared;
    for (const std::string& name : command.shared) {
      Slot slot = instance(name);
      if (!slot.number) {
        return no_instance(slot);
      }
      shared.push_back(*slot.number);
    }
    std::unique_ptr<Backend> backend = backend_.fork(shared);
    if (backend == nullptr) {
      return Verdict::later("threads");
    }
    auto executor = std::make_unique<Executor>(*backend);
    for (usize i = 0; i < command.shared.size(); ++i) {
      executor->instances_[command.shared[i]] = Slot{.number = static_cast<u32>(i)};
    }
    if (Status provided = executor->provide_spectest(); !provided) {
      return Verdict::fail(provided.error().to_string());
    }
    Executor& runs = *executor;
    threads_[command.instance_name] = {
        std::move(backend), std::move(executor),
        std::thread([&runs, &command] { runs.run_all(command.commands); })};
    return Verdict::pass();
  }

  Verdict wait_for_thread(const Command& command) {
    auto found = threads_.find(command.instance_name);
    if (found == threads_.end()) {
      auto later = later_threads_.find(command.instance_name);
      return later != later_threads_.end()
                 ? Verdict::later(later->second)
                 : Verdict::fail("no thread $" + escaped(command.instance_name));
    }
    finish_thread(found);
    return Verdict::pass();
  }

  void finish_thread(std::map<std::string, Thread>::iterator which) {
    which->second.host.join();
    Report report = which->second.executor->take_report();
    report_.passed += report.passed;
    report_.messages += report.messages;
    for (const auto& [feature, count] : report.later) {
      report_.later[feature] += count;
    }
    std::ranges::move(report.failures, std::back_inserter(report_.failures));
    threads_.erase(which);
  }

  /// Offers the exports of one module as parts of "spectest".
  Status provide(std::string_view fields) {
    TRY_ASSIGN(text::EncodedModule module, text::encode_module(fields, {}, "spectest"));
    TRY_ASSIGN(u32 number, backend_.compile(std::move(module.bytes)));
    Outcome outcome = backend_.instantiate(number);
    if (outcome.kind != Outcome::Kind::values) {
      return fail(ErrorClass::link,
                  "the spectest module does not instantiate: " + describe(outcome));
    }
    backend_.register_instance(outcome.instance, "spectest");
    return {};
  }

  Result<u32> compile(const text::ScriptModule& module) {
    TRY_ASSIGN(text::EncodedModule encoded, text::encode_script_module(module));
    auto number = backend_.compile(std::move(encoded.bytes));
    if (number || module.form == text::ModuleForm::binary) {
      return number;
    }
    const bool is_quote = module.form == text::ModuleForm::quote;
    return std::unexpected(text::place_in_text(std::move(number).error(), encoded,
                                               is_quote ? module.bytes : module.fields,
                                               is_quote ? text::TextPosition() : module.start));
  }

  /// A module that needs a later feature does not run; what it would have done to the instances it imports
  /// from is missing, so commands on those that fail are later too.
  Verdict later_module(const std::string& feature, const text::ScriptModule& module) {
    for (const auto& [name, slot] : registered_) {
      std::string quoted = "\"" + name + "\"";
      bool mentions = module.fields.find(quoted) != std::string_view::npos ||
                      module.bytes.find(name) != std::string::npos;
      if (slot.number && mentions) {
        touched_[*slot.number] = feature;
      }
    }
    return Verdict::later(feature);
  }

  static Verdict rejected(const Error& error) {
    return error.cls() == ErrorClass::unsupported ? Verdict::later(feature_of(error))
                                                  : Verdict::fail(error.to_string());
  }

  /// The feature behind a registered module that this one imports from and that could not be made.
  std::string missing_import(u32 module) {
    for (const std::string& name : backend_.import_modules(module)) {
      auto found = registered_.find(name);
      if (found != registered_.end() && !found->second.number) {
        return found->second.later;
      }
    }
    return {};
  }

  /// Instantiates a compiled module into `slot`.
  Verdict instantiate(u32 module, Slot& slot) {
    if (std::string feature = missing_import(module); !feature.empty()) {
      slot.later = feature;
      return Verdict::later(feature);
    }
    Outcome outcome = backend_.instantiate(module);
    if (outcome.kind == Outcome::Kind::values) {
      slot.number = outcome.instance;
      return Verdict::pass();
    }
    if (outcome.kind == Outcome::Kind::error && outcome.error->cls() == ErrorClass::unsupported) {
      slot.later = feature_of(*outcome.error);
      return Verdict::later(slot.later);
    }
    return Verdict::fail("expected an instance, found " + describe(outcome));
  }

  Verdict define_and_instantiate(const Command& command) {
    Slot slot;
    Verdict verdict = Verdict::pass();
    auto module = compile(command.module);
    if (module) {
      verdict = instantiate(*module, slot);
    } else {
      verdict = rejected(module.error());
    }
    if (verdict.kind == Verdict::Kind::later) {
      slot.later = verdict.text;
      later_module(verdict.text, command.module);
    }
    set_instance(command.module.name, slot);
    return verdict;
  }

  void set_instance(const std::string& name, const Slot& slot) {
    latest_ = slot;
    if (!name.empty()) {
      instances_[name] = slot;
    }
  }

  Verdict define(const Command& command) {
    auto module = compile(command.module);
    Slot slot;
    Verdict verdict = Verdict::pass();
    if (module) {
      slot.number = *module;
    } else {
      verdict = rejected(module.error());
      slot.later = verdict.kind == Verdict::Kind::later ? verdict.text : "";
    }
    latest_definition_ = slot;
    if (!command.module.name.empty()) {
      definitions_[command.module.name] = slot;
    }
    return verdict;
  }

  Verdict instantiate_definition(const Command& command) {
    Slot definition = latest_definition_;
    if (!command.definition_name.empty()) {
      auto found = definitions_.find(command.definition_name);
      if (found == definitions_.end()) {
        return Verdict::fail("no module definition $" + escaped(command.definition_name));
      }
      definition = found->second;
    }
    Slot slot{.later = definition.later};
    Verdict verdict = definition.later.empty() ? Verdict::fail("the module definition failed")
                                               : Verdict::later(definition.later);
    if (definition.number) {
      verdict = instantiate(*definition.number, slot);
    }
    set_instance(command.instance_name, slot);
    return verdict;
  }

  /// The instance that a command means.
  Slot instance(const std::string& name) const {
    if (name.empty()) {
      return latest_;
    }
    auto found = instances_.find(name);
    return found != instances_.end() ? found->second : Slot{};
  }

  static Verdict no_instance(const Slot& slot) {
    return slot.later.empty() ? Verdict::fail("there is no such instance")
                              : Verdict::later(slot.later);
  }

  Verdict register_instance(const Command& command) {
    Slot slot = instance(command.instance_name);
    registered_[command.text] = slot;
    if (!slot.number) {
      return no_instance(slot);
    }
    backend_.register_instance(*slot.number, command.text);
    return Verdict::pass();
  }

  template <typename Accept>
  Verdict judge_action(const Command& command, const std::string& expected, Accept accept) {
    const text::Action& action = command.action;
    Slot slot = instance(action.module);
    if (!slot.number) {
      return no_instance(slot);
    }
    Outcome outcome = action.is_get ? backend_.get(*slot.number, action.name)
                                    : backend_.invoke(*slot.number, action.name, action.args);
    if (accept(outcome)) {
      return Verdict::pass();
    }
    if (auto touched = touched_.find(*slot.number); touched != touched_.end()) {
      return Verdict::later(touched->second);
    }
    return Verdict::fail("\"" + escaped(action.name) + "\": expected " + expected + ", found " +
                         describe(outcome));
  }

  Verdict assert_return(const Command& command) {
    std::string expected = "values";
    for (const text::ExpectedValue& value : command.results) {
      expected += " " + to_string(value);
    }
    return judge_action(command, expected, [&](const Outcome& outcome) {
      if (outcome.kind != Outcome::Kind::values ||
          outcome.values.size() != command.results.size()) {
        return false;
      }
      for (usize i = 0; i < outcome.values.size(); ++i) {
        if (!matches(outcome.values[i], command.results[i])) {
          return false;
        }
      }
      return true;
    });
  }

  Verdict assert_not_instantiable(const Command& command) {
    bool wants_trap = command.kind == CommandKind::assert_trap_module;
    auto module = compile(command.module);
    if (!module) {
      Verdict verdict = rejected(module.error());
      return verdict.kind == Verdict::Kind::later ? later_module(verdict.text, command.module)
                                                  : verdict;
    }
    if (std::string feature = missing_import(*module); !feature.empty()) {
      return later_module(feature, command.module);
    }
    Outcome outcome = backend_.instantiate(*module);
    bool accepted =
        wants_trap
            ? outcome.kind == Outcome::Kind::trap && trap_matches(command.text, outcome.trap)
            : outcome.kind == Outcome::Kind::error && outcome.error->cls() == ErrorClass::link &&
                  message_matches(command.text, outcome.error->to_string());
    if (accepted) {
      return Verdict::pass();
    }
    for (const auto& [name, feature] : later_definitions_) {
      if (outcome.kind == Outcome::Kind::error &&
          outcome.error->to_string().find("unknown import: \"spectest\" \"" + name) !=
              std::string::npos) {
        return Verdict::later(feature);
      }
    }
    return Verdict::fail(
        strf("expected %s: %s, found ", wants_trap ? "trap" : "error[link]", command.text.c_str()) +
        describe(outcome));
  }

  Verdict assert_rejected(const Command& command, ErrorClass cls) {
    auto module = compile(command.module);
    return judge_rejection(command, cls, module ? nullptr : &module.error());
  }

  /// The module itself is fine, an annotation or a custom section of it is not.
  Verdict assert_bad_custom(const Command& command, ErrorClass cls) {
    auto encoded = text::encode_script_module(command.module);
    if (!encoded) {
      return judge_rejection(command, cls, &encoded.error());
    }
    auto module = backend_.compile(encoded->bytes);
    if (!module) {
      return rejected(module.error());
    }
    Status status = frontend::check_custom_sections(encoded->bytes);
    return judge_rejection(command, cls, status ? nullptr : &status.error());
  }

  /// `error` is null when there was none.
  static Verdict judge_rejection(const Command& command, ErrorClass cls, const Error* error) {
    std::string expected =
        "expected error[" + std::string(error_class_name(cls)) + "]: " + command.text + ", found ";
    if (error == nullptr) {
      return Verdict::fail(expected + "a module");
    }
    if (error->cls() == cls && message_matches(command.text, error->info().text)) {
      return Verdict::pass();
    }
    return error->cls() == ErrorClass::unsupported ? rejected(*error)
                                                   : Verdict::fail(expected + error->to_string());
  }

  Backend& backend_;
  Report report_;
  std::map<std::string, std::string> later_definitions_; ///< what "spectest" lacks: the feature
  std::map<std::string, Thread> threads_;
  std::map<std::string, std::string> later_threads_; ///< not started: the feature
  Slot latest_;
  Slot latest_definition_;
  std::map<std::string, Slot> instances_;
  std::map<std::string, Slot> definitions_;
  std::map<std::string, Slot> registered_;
  std::map<u32, std::string>
      touched_; ///< instances that a later module would have changed: the feature
};

} // namespace

Result<Report> run_script(std::string_view script, Backend& backend) {
  TRY_ASSIGN(std::vector<Command> commands, text::parse_script(script));
  Executor executor(backend);
  TRY(executor.provide_spectest());
  executor.run_all(commands);
  return executor.take_report();
}

} // namespace petrel::wast
