// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The name section (appendix §7.4.1, with the subsections of the extended name section proposal): what it says, from
// bytes and to bytes. Written by the encoder from identifiers, read by the printer; a section that reads and writes
// back to the same bytes can be printed as identifiers, any other is kept as it is.
#pragma once

#include <array>

#include "frontend/text/byte_writer.h"
#include "frontend/text/index_space.h"

namespace petrel::text {

/// Names of what belongs to one function (locals, labels) or type (fields).
struct FuncNames {
  u32 func_idx;
  NameMap names;
};
using IndirectNameMap = std::vector<FuncNames>;

/// Subsections by their ids.
enum class NameKind : u8 {
  module = 0,
  func = 1,
  local = 2,
  label = 3,
  type = 4,
  table = 5,
  memory = 6,
  global = 7,
  elem = 8,
  data = 9,
  field = 10,
  tag = 11,
};

constexpr u32 kNameKinds = 12;
constexpr bool is_indirect(NameKind kind) {
  return kind == NameKind::local || kind == NameKind::label || kind == NameKind::field;
}

/// What a name section says.
struct NameSection {
  std::string module_name;
  std::array<NameMap, kNameKinds> maps;             ///< by kind; empty for indirect kinds
  std::array<IndirectNameMap, kNameKinds> indirect; ///< by kind; empty for others
  /// Would writing it give the bytes that were read? Then indices ascend and nothing is left out.
  bool is_canonical = false;
  bool is_complete = false; ///< all of it could be read

  const NameMap& map(NameKind kind) const { return maps[static_cast<usize>(kind)]; }
  const IndirectNameMap& of(NameKind kind) const { return indirect[static_cast<usize>(kind)]; }
  /// Names of a function or type; null when there are none.
  const NameMap* find(NameKind kind, u32 index) const;
};

/// Reads what can be read.
NameSection read_name_section(Bytes payload);
/// Subsections in order, without empty ones.
ByteWriter write_name_section(const NameSection& names);

} // namespace petrel::text
