// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of imports, exports and labels: their grammar and strong uniqueness (Explainer.md, "Import and Export
// Definitions" and "Name Uniqueness").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "ir/features.h"

namespace petrel::frontend::comp {

enum class NameKind : u8 { label, constructor, method, static_, interface };

/// A parsed import or export name; views into the name.
struct ExternName {
  NameKind kind = NameKind::label;
  std::string_view text = {};     ///< all of it
  std::string_view resource = {}; ///< constructor, method, static: the first label
  std::string_view member = {};   ///< method, static: the second label
  bool is_plain() const { return kind != NameKind::interface; }
};

/// `label` of the grammar: fragments of one case joined by `-`, the first starts with a letter.
bool is_label(std::string_view text);

/// Parses `externname`. Errors: invalid, or unsupported for a gated form.
Result<ExternName> parse_extern_name(std::string_view text, ir::FeatureSet features);

/// Checks an `interfacename` (of `implements`).
Status check_interface_name(std::string_view text, ir::FeatureSet features);

/// Is the text a version by semver.org 2.0.0?
bool is_semver(std::string_view text);

/// Names of one scope. Two names that canonicalise to the same text conflict.
class UniqueNames {
public:
  /// The earlier name that `name` conflicts with (equal for a plain duplicate), if any.
  std::optional<std::string_view> add(std::string_view name);

private:
  std::unordered_map<std::string, std::string_view> seen_;
};

} // namespace petrel::frontend::comp
