// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The name section (appendix §7.4.1, with the subsections of the extended name section proposal): what it says, from
// bytes and to bytes. Written by the encoder from identifiers, read by the printer; a section that reads and writes
// back to the same bytes can be printed as identifiers, any other is kept as it is.
#pragma once

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

void write_module_name(ByteWriter& out, std::string_view name);
/// Nothing when there are no names.
void write_names(ByteWriter& out, NameKind kind, const NameMap& names);
void write_indirect_names(ByteWriter& out, NameKind kind, const IndirectNameMap& names);

} // namespace petrel::text
