// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/limits.h"

#include <charconv>

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::ir {

namespace {

struct LimitInfo {
  std::string_view name;
  u32 DecodeLimits::* member;
  u32 value;
  u32 max;
  std::string_view what;
};
constexpr LimitInfo kLimits[] = {
#define PETREL_LIMIT(member, name, value, max, what)                                               \
  {name, &DecodeLimits::member, value, max, what},
#include "ir/limits.def"
};

} // namespace

Status apply_limit_option(std::string_view option, DecodeLimits& limits) {
  const usize equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  for (const LimitInfo& info : kLimits) {
    if (info.name != name) {
      continue;
    }
    const std::string_view text =
        equals == std::string_view::npos ? std::string_view() : option.substr(equals + 1);
    u32 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > info.max) {
      return fail(ErrorClass::usage, strf("-L %.*s: expected a number up to %u, found '%s'",
                                          PETREL_SV(name), info.max, escaped(text).c_str()));
    }
    limits.*info.member = value;
    return {};
  }
  return fail(ErrorClass::usage,
              strf("-L: unknown limit '%s' (-L help lists them)", escaped(name).c_str()));
}

std::string limits_help() {
  std::string text;
  for (const LimitInfo& info : kLimits) {
    text += strf("  %-18.*s %-10u %.*s\n", PETREL_SV(info.name), info.value, PETREL_SV(info.what));
  }
  return text;
}

} // namespace petrel::ir
