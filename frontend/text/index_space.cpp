// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/text/index_space.h"

#include "base/format.h"
#include "base/unicode.h"
#include "frontend/text/annotations.h"

namespace petrel::text {

Result<u32> IndexSpace::define(Cursor& cursor) {
  const Token& token = cursor.peek();
  std::string name = cursor.accept_id();
  if (!name.empty()) {
    if (!index_of_.emplace(name, count_).second) {
      return cursor.malformed_at(token, strf("duplicate %s $%s", noun_, escaped(name).c_str()));
    }
  }
  TRY_ASSIGN(auto annotated, accept_name_annotation(cursor));
  if (annotated || !name.empty()) {
    names_.emplace_back(count_, annotated ? std::move(*annotated) : std::move(name));
  }
  return count_++;
}

Result<u32> IndexSpace::resolve(Cursor& cursor) const {
  const Token& token = cursor.peek();
  if (!cursor.at(TokenKind::id)) {
    TRY_ASSIGN(u64 index, expect_unsigned(cursor, 32, strf("a %s index", noun_)));
    return static_cast<u32>(index);
  }
  std::string name = cursor.accept_id();
  auto found = index_of_.find(name);
  if (found == index_of_.end()) {
    return cursor.malformed_at(token, strf("unknown %s $%s", noun_, escaped(name).c_str()));
  }
  return found->second;
}

bool at_index(const Cursor& cursor) {
  return cursor.at(TokenKind::id) || cursor.at(TokenKind::number);
}

} // namespace petrel::text
