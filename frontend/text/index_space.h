// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An index space with symbolic names (core specification §6.1.2, §6.3.5): `$name` or a number to an index.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/text/cursor.h"

namespace petrel::text {

/// (index, name) in order of index.
using NameMap = std::vector<std::pair<u32, std::string>>;

/// Names in order of definition; indices count named and nameless entries alike.
class IndexSpace {
public:
  /// `noun` appears in messages: `duplicate local $x`, `unknown label $l`.
  explicit IndexSpace(const char* noun) : noun_(noun) {}

  /// Takes the next index; consumes an identifier at `cursor` if there is one. The annotation `@name` behind it
  /// gives the name section another name than the identifier. Errors: duplicate name.
  Result<u32> define(Cursor& cursor);
  u32 define_nameless() { return count_++; }
  /// Consumes an identifier or a number. A number is not checked against the count: that is validation.
  Result<u32> resolve(Cursor& cursor) const;

  u32 count() const { return count_; }
  bool has_names() const { return !names_.empty(); }
  /// (index, name) in order of index, as the name section has them.
  const NameMap& names() const { return names_; }

private:
  const char* noun_;
  u32 count_ = 0;
  NameMap names_;
  std::unordered_map<std::string, u32> index_of_;
};

/// True when an index (identifier or number) stands here.
bool at_index(const Cursor& cursor);

} // namespace petrel::text
