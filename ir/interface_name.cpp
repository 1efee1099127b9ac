// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/interface_name.h"

namespace petrel::ir {
namespace {

/// The leading decimal number of `text`, removed from it; empty when there is none.
std::string_view take_number(std::string_view& text) {
  usize end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') {
    ++end;
  }
  std::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  return number;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

/// Compares decimal numbers of any length.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  while (a.size() > 1 && a[0] == '0') {
    a.remove_prefix(1);
  }
  while (b.size() > 1 && b[0] == '0') {
    b.remove_prefix(1);
  }
  if (a.size() != b.size()) {
    return a.size() <=> b.size();
  }
  return a.compare(b) <=> 0;
}

} // namespace

std::string_view without_version(std::string_view name) { return name.substr(0, name.find('@')); }

std::string_view version_of(std::string_view name) {
  usize at = name.find('@');
  return at == std::string_view::npos ? std::string_view() : name.substr(at + 1);
}

std::string_view compatible_track(std::string_view name) {
  std::string_view version = version_of(name);
  if (version.empty()) {
    return name;
  }
  usize start = name.size() - version.size();
  std::string_view rest = version;
  std::string_view major = take_number(rest);
  usize after_major = version.size() - rest.size();
  if (major.empty()) {
    return name;
  }
  std::string_view minor = take_dot(rest) ? take_number(rest) : std::string_view();
  usize after_minor = version.size() - rest.size();
  if (take_dot(rest)) {
    take_number(rest);
  }
  // What is left is a pre-release (exact match only) or build metadata (no part of precedence).
  if (!rest.empty() && !rest.starts_with('+')) {
    return name;
  }
  if (major != "0") {
    return name.substr(0, start + after_major);
  }
  if (!minor.empty() && minor != "0") {
    return name.substr(0, start + after_minor);
  }
  return name;
}

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  for (int i = 0; i < 3; ++i) {
    if (a.empty() || b.empty()) {
      return b.empty() <=> a.empty(); // the one that ends first is lower
    }
    std::strong_ordering order = compare_numbers(take_number(a), take_number(b));
    if (order != std::strong_ordering::equal) {
      return order;
    }
    take_dot(a);
    take_dot(b);
  }
  return std::strong_ordering::equal;
}

} // namespace petrel::ir
