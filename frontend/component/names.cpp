// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/names.h"

#include <algorithm>

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::frontend::comp {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One fragment: digits and letters of one case.
bool is_fragment(std::string_view text, bool is_first, bool allow_upper) {
  if (text.empty() || (is_first && is_digit(text[0]))) {
    return false;
  }
  bool lower = false;
  bool upper = false;
  for (char c : text) {
    if (is_lower(c)) {
      lower = true;
    } else if (is_upper(c)) {
      upper = true;
    } else if (!is_digit(c)) {
      return false;
    }
  }
  return !(lower && upper) && (allow_upper || !upper);
}

bool is_dashed(std::string_view text, bool allow_upper) {
  bool first = true;
  for (;;) {
    usize dash = text.find('-');
    if (!is_fragment(text.substr(0, dash), first, allow_upper)) {
      return false;
    }
    if (dash == std::string_view::npos) {
      return true;
    }
    text = text.substr(dash + 1);
    first = false;
  }
}

bool is_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) {
    return false;
  }
  for (char c : text) {
    if (!is_digit(c)) {
      return false;
    }
  }
  return true;
}

/// Dot-separated identifiers of a pre-release (numeric ones without leading zeros) or of build metadata.
bool is_identifiers(std::string_view text, bool is_prerelease) {
  for (;;) {
    usize dot = text.find('.');
    std::string_view part = text.substr(0, dot);
    if (part.empty()) {
      return false;
    }
    bool digits = true;
    for (char c : part) {
      if (!is_digit(c) && !is_lower(c) && !is_upper(c) && c != '-') {
        return false;
      }
      digits &= is_digit(c);
    }
    if (is_prerelease && digits && !is_number(part)) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text = text.substr(dot + 1);
  }
}

/// `canonversion`: what a version is cut to.
bool is_canonical_version(std::string_view v) {
  if (v == "0.0.0") {
    return true;
  }
  if (v.starts_with("0.0.")) {
    v.remove_prefix(4);
  } else if (v.starts_with("0.")) {
    v.remove_prefix(2);
  }
  return is_number(v) && v != "0";
}

std::unexpected<Error> bad_name(std::string_view text, const char* why) {
  return fail(ErrorClass::invalid,
              strf("`%s` is not a valid extern name: %s", escaped(text).c_str(), why));
}
std::unexpected<Error> not_kebab(std::string_view text) {
  return fail(ErrorClass::invalid, strf("`%s` is not in kebab case", escaped(text).c_str()));
}

Result<ExternName> parse_annotated(std::string_view text) {
  usize close = text.find(']');
  std::string_view tag = text.substr(0, close == std::string_view::npos ? 0 : close + 1);
  ExternName name{.text = text};
  std::string_view rest = text.substr(tag.size());
  if (tag == "[constructor]") {
    name.kind = NameKind::constructor;
    name.resource = rest;
    return is_label(rest) ? Result<ExternName>(name) : not_kebab(rest);
  }
  if (tag != "[method]" && tag != "[static]") {
    return bad_name(text, "unknown annotation");
  }
  name.kind = tag == "[method]" ? NameKind::method : NameKind::static_;
  usize dot = rest.find('.');
  if (dot == std::string_view::npos) {
    return fail(ErrorClass::invalid,
                strf("failed to find `.` character in `%s`", escaped(text).c_str()));
  }
  name.resource = rest.substr(0, dot);
  name.member = rest.substr(dot + 1);
  if (!is_label(name.resource)) {
    return not_kebab(name.resource);
  }
  if (!is_label(name.member)) {
    return not_kebab(name.member);
  }
  return name;
}

} // namespace

bool is_label(std::string_view text) { return is_dashed(text, true); }

bool is_semver(std::string_view text) {
  usize plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!is_identifiers(text.substr(plus + 1), false)) {
      return false;
    }
    text = text.substr(0, plus);
  }
  usize dash = text.find('-');
  if (dash != std::string_view::npos) {
    if (!is_identifiers(text.substr(dash + 1), true)) {
      return false;
    }
    text = text.substr(0, dash);
  }
  for (int i = 0; i < 2; ++i) {
    usize dot = text.find('.');
    if (dot == std::string_view::npos || !is_number(text.substr(0, dot))) {
      return false;
    }
    text = text.substr(dot + 1);
  }
  return is_number(text);
}

Status check_interface_name(std::string_view text, ir::FeatureSet features) {
  std::string_view rest = text;
  usize at = rest.find('@');
  if (at != std::string_view::npos) {
    std::string_view version = rest.substr(at + 1);
    rest = rest.substr(0, at);
    bool canonical_ok =
        features.has(ir::Feature::ComponentCanonicalVersions) && is_canonical_version(version);
    if (!canonical_ok && !is_semver(version)) {
      return fail(ErrorClass::invalid, strf("`%s` is not a valid semver in `%s`",
                                            escaped(version).c_str(), escaped(text).c_str()));
    }
  }
  usize slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return fail(ErrorClass::invalid,
                strf("expected `/` after package name in `%s`", escaped(text).c_str()));
  }
  std::string_view package = rest.substr(0, slash);
  std::string_view projection = rest.substr(slash + 1);
  usize colon = package.find(':');
  if (colon == std::string_view::npos) {
    return bad_name(text, "no namespace before `:`");
  }
  bool nested = package.find(':', colon + 1) != std::string_view::npos ||
                projection.find('/') != std::string_view::npos;
  if (nested && !features.has(ir::Feature::ComponentNestedNames)) {
    return ir::fail_feature(ir::Feature::ComponentNestedNames, features, text);
  }
  while (colon != std::string_view::npos) {
    if (!is_dashed(package.substr(0, colon), false)) {
      return not_kebab(package.substr(0, colon));
    }
    package = package.substr(colon + 1);
    colon = package.find(':');
  }
  if (!is_dashed(package, false)) {
    return not_kebab(package);
  }
  for (;;) {
    slash = projection.find('/');
    if (!is_label(projection.substr(0, slash))) {
      return not_kebab(projection.substr(0, slash));
    }
    if (slash == std::string_view::npos) {
      return {};
    }
    projection = projection.substr(slash + 1);
  }
}

Result<ExternName> parse_extern_name(std::string_view text, ir::FeatureSet features) {
  if (text.starts_with('[')) {
    return parse_annotated(text);
  }
  if (text.find(':') == std::string_view::npos) {
    if (!is_label(text)) {
      return not_kebab(text);
    }
    return ExternName{.text = text};
  }
  if (text.find('<') != std::string_view::npos || text.find('=') != std::string_view::npos) {
    return bad_name(text, "dependency, url and integrity names are gone");
  }
  Status ok = check_interface_name(text, features);
  if (!ok && ok.error().cls() == ErrorClass::invalid) {
    return fail(ErrorClass::invalid, strf("`%s` is not a valid extern name: %s",
                                          escaped(text).c_str(), ok.error().info().text.c_str()));
  }
  TRY(ok);
  return ExternName{.kind = NameKind::interface, .text = text};
}

std::optional<std::string_view> UniqueNames::add(std::string_view name) {
  // Case and hyphens do not tell names apart, `a-b`, `AB` and `ab` are one; versions stay as they are.
  const usize version = std::min(name.find('@'), name.size());
  std::string key;
  for (char c : name.substr(0, version)) {
    if (c != '-') {
      key += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  key += name.substr(version);
  if (key.starts_with("[method]") || key.starts_with("[static]")) {
    key.erase(0, 8);
    usize dot = key.find('.');
    if (dot != std::string::npos && key.compare(0, dot, key, dot + 1, std::string::npos) == 0) {
      key.resize(dot);
    }
  }
  auto [found, is_new] = seen_.try_emplace(std::move(key), name);
  return is_new ? std::nullopt : std::optional(found->second);
}

} // namespace petrel::frontend::comp
