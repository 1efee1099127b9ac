// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/options.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/format.h"
#include "base/unicode.h"
#include "cli/version.h"

namespace petrel::cli {

namespace {

struct OptionInfo {
  OptionId id;
  std::string_view long_name;
  std::string_view short_name;
  std::string_view value;
  u32 commands;
  std::string_view help;

  bool takes_value() const { return !value.empty() && value[0] != '='; }
  bool may_take_value() const { return !value.empty(); }
};

constexpr OptionInfo kOptions[] = {
#define PETREL_OPTION(id, long_name, short_name, value, commands, help)                            \
  {OptionId::id, long_name, short_name, value, commands, help},
#include "cli/options.def"
};

std::unexpected<Error> usage(std::string text) { return fail(ErrorClass::usage, std::move(text)); }

/// Levenshtein distance, for short words.
usize distance(std::string_view a, std::string_view b) {
  std::vector<usize> row(b.size() + 1);
  for (usize j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (usize i = 1; i <= a.size(); ++i) {
    usize diagonal = row[0];
    row[0] = i;
    for (usize j = 1; j <= b.size(); ++j) {
      const usize change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

const CommandInfo* find_command(const ProgramInfo& program, std::string_view word) {
  for (const CommandInfo& command : program.commands) {
    if (word == command.name || (!command.alias.empty() && word == command.alias)) {
      return &command;
    }
  }
  return nullptr;
}

const CommandInfo* default_command(const ProgramInfo& program) {
  for (const CommandInfo& command : program.commands) {
    if (program.default_command == command.cmd) {
      return &command;
    }
  }
  return nullptr;
}

u32 mask_of(const CommandInfo* command) { return command == nullptr ? ~0u : u32{command->cmd}; }

std::string unknown_option(std::string_view written, u32 mask) {
  std::vector<std::string> known;
  for (const OptionInfo& option : kOptions) {
    if ((option.commands & mask) != 0 && !option.long_name.empty()) {
      known.push_back("--" + std::string(option.long_name));
    }
  }
  const std::vector<std::string_view> views(known.begin(), known.end());
  std::string text = strf("unknown option '%s'", escaped(written).c_str());
  if (auto near = nearest(written, views)) {
    return text + strf(" (did you mean '%.*s'?)", PETREL_SV(*near));
  }
  return text + " (see --help)";
}

class Parser {
public:
  Parser(const ProgramInfo& program, std::span<char* const> argv)
      : program_(program), words_(argv.subspan(1)) {}

  Result<CommandLine> run() {
    choose_command();
    while (at_ < words_.size()) {
      const std::string_view word = words_[at_];
      const bool positional = only_positionals_ || word == "-" || !word.starts_with('-');
      if (positional) {
        line_.arguments.emplace_back(word);
        ++at_;
        only_positionals_ =
            only_positionals_ || (line_.command != nullptr && line_.command->rest_goes_to_guest);
      } else if (word == "--") {
        only_positionals_ = true;
        ++at_;
      } else if (word.starts_with("--")) {
        TRY(long_option(word.substr(2)));
      } else {
        TRY(short_option(word.substr(1)));
      }
    }
    return std::move(line_);
  }

private:
  void choose_command() {
    if (!words_.empty()) {
      line_.command = find_command(program_, words_[0]);
      if (line_.command != nullptr) {
        at_ = 1;
        return;
      }
    }
    line_.command = default_command(program_);
  }

  Status add(const OptionInfo& option, std::string_view written,
             std::optional<std::string_view> attached) {
    ++at_;
    if (attached) {
      if (!option.may_take_value()) {
        return usage(strf("option '%s' takes no value", escaped(written).c_str()));
      }
      line_.options.push_back({option.id, std::string(*attached)});
    } else if (!option.takes_value()) {
      line_.options.push_back({option.id, ""});
    } else if (at_ < words_.size()) {
      line_.options.push_back({option.id, words_[at_++]});
    } else {
      return usage(strf("option '%s' needs a value (%.*s)", escaped(written).c_str(),
                        PETREL_SV(option.value)));
    }
    return {};
  }

  Status long_option(std::string_view text) {
    const usize equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const std::string written = "--" + std::string(name);
    for (const OptionInfo& option : kOptions) {
      if (!name.empty() && option.long_name == name &&
          (option.commands & mask_of(line_.command)) != 0) {
        return add(option, written,
                   equals == std::string_view::npos ? std::nullopt
                                                    : std::optional(text.substr(equals + 1)));
      }
    }
    return usage(unknown_option(written, mask_of(line_.command)));
  }

  Status short_option(std::string_view text) {
    const std::string written = "-" + std::string(text.substr(0, 1));
    for (const OptionInfo& option : kOptions) {
      if (option.short_name == text.substr(0, 1) &&
          (option.commands & mask_of(line_.command)) != 0) {
        const bool alone = text.size() == 1;
        return add(option, written,
                   alone ? std::nullopt : std::optional(text.substr(text[1] == '=' ? 2 : 1)));
      }
    }
    return usage(unknown_option("-" + std::string(text), mask_of(line_.command)));
  }

  const ProgramInfo& program_;
  std::span<char* const> words_;
  usize at_ = 0;
  bool only_positionals_ = false;
  CommandLine line_;
};

struct Unit {
  std::string_view suffix;
  u64 factor;
};

std::optional<u64> parse_with_units(std::string_view text, std::span<const Unit> units) {
  u64 number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) {
    return std::nullopt;
  }
  const std::string_view suffix = text.substr(static_cast<usize>(end - text.data()));
  for (const Unit& unit : units) {
    u64 product = 0;
    if (unit.suffix == suffix && !__builtin_mul_overflow(number, unit.factor, &product)) {
      return product;
    }
  }
  return std::nullopt;
}

constexpr usize kHelpColumn = 30;

std::string option_line(const OptionInfo& option) {
  std::string left = "  ";
  if (!option.short_name.empty()) {
    left += "-" + std::string(option.short_name) + (option.long_name.empty() ? "" : ", ");
  } else {
    left += "    ";
  }
  if (!option.long_name.empty()) {
    left += "--" + std::string(option.long_name);
  }
  if (!option.value.empty()) {
    left += option.value[0] == '=' ? "[" + std::string(option.value) + "]"
                                   : " " + std::string(option.value);
  }
  left += left.size() < kHelpColumn ? std::string(kHelpColumn - left.size(), ' ') : "  ";
  return left + std::string(option.help) + "\n";
}

} // namespace

bool CommandLine::has(OptionId id) const {
  return std::ranges::find(options, id, &OptionValue::id) != options.end();
}

std::optional<std::string> CommandLine::value(OptionId id) const {
  auto all = values(id);
  return all.empty() ? std::nullopt : std::optional(all.back());
}

std::vector<std::string> CommandLine::values(OptionId id) const {
  std::vector<std::string> found;
  for (const OptionValue& option : options) {
    if (option.id == id) {
      found.push_back(option.value);
    }
  }
  return found;
}

Result<CommandLine> parse_command_line(const ProgramInfo& program, std::span<char* const> argv) {
  return Parser(program, argv).run();
}

std::string help_text(const ProgramInfo& program, const CommandInfo* command) {
  std::string text;
  const std::string name(program.name);
  if (command == nullptr) {
    text = name + ": " + std::string(program.summary) + "\n\nusage:\n";
    for (const CommandInfo& each : program.commands) {
      std::string left = "  " + name + " " +
                         (program.default_command == each.cmd ? "[" + std::string(each.name) + "]"
                                                              : std::string(each.name)) +
                         " [OPTIONS] " + std::string(each.arguments);
      text += left + "\n      " + std::string(each.help) + "\n";
    }
    text += "\noptions (" + name + " COMMAND --help shows those of one command):\n";
  } else {
    text = "usage: " + name + " " + std::string(command->name) + " [OPTIONS] " +
           std::string(command->arguments) + "\n\n" + std::string(command->help) + "\n\noptions:\n";
  }
  u32 mask = 0;
  for (const CommandInfo& each : program.commands) {
    mask |= command == nullptr || &each == command ? u32{each.cmd} : 0;
  }
  for (const OptionInfo& option : kOptions) {
    if ((option.commands & mask) != 0) {
      text += option_line(option);
    }
  }
  return text;
}

std::string version_text(const ProgramInfo& program) {
  return std::string(program.name) + " " + std::string(kVersion) + "\n";
}

Result<u64> parse_size(std::string_view option, std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"", 1},        {"k", 1 << 10},   {"K", 1 << 10}, {"KiB", 1 << 10}, {"m", 1 << 20},
      {"M", 1 << 20}, {"MiB", 1 << 20}, {"g", 1 << 30}, {"G", 1 << 30},   {"GiB", 1 << 30}};
  if (auto size = parse_with_units(text, kUnits)) {
    return *size;
  }
  return usage(strf("%.*s: expected a size like 64KiB, 64MiB or 2GiB, found '%s'",
                    PETREL_SV(option), escaped(text).c_str()));
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view option, std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1'000'000'000},     {"ns", 1},
                                    {"us", 1'000},           {"ms", 1'000'000},
                                    {"s", 1'000'000'000},    {"m", 60'000'000'000},
                                    {"h", 3'600'000'000'000}};
  auto amount = parse_with_units(text, kUnits);
  if (amount && *amount <= u64{std::numeric_limits<i64>::max()}) {
    return std::chrono::nanoseconds(static_cast<i64>(*amount));
  }
  return usage(strf("%.*s: expected a time like 500ms, 2s or 5m, found '%s'", PETREL_SV(option),
                    escaped(text).c_str()));
}

Result<u64> parse_count(std::string_view option, std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1}};
  if (auto count = parse_with_units(text, kUnits)) {
    return *count;
  }
  return usage(
      strf("%.*s: expected a number, found '%s'", PETREL_SV(option), escaped(text).c_str()));
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  usize best_distance = 1 + word.size() / 3;
  for (std::string_view candidate : candidates) {
    const usize d = distance(word, candidate);
    if (d <= best_distance && (!best || d < best_distance)) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

} // namespace petrel::cli
