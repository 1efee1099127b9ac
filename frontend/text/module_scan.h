// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sections of a core module, found by their headers alone: what printing, listing and stripping begin with.
#pragma once

#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "base/result.h"

namespace petrel::text {

struct RawSection {
  u8 id = 0;
  u64 offset = 0;        ///< of the id, in the file
  u32 size_leb_size = 1; ///< bytes of its size
  Bytes contents;
  u64 contents_offset = 0;
  /// Custom sections: the name, the bytes of its length, and what follows.
  std::string_view name = {};
  u32 name_leb_size = 1;
  Bytes payload = {};
};

/// What could be read; `error` says why not more.
struct ModuleScan {
  std::vector<RawSection> sections;
  Status error;
};

/// Is it a core module by its first eight bytes? Components have another version.
bool is_core_module(Bytes file);

/// Finds all sections. Errors (in the result, at their place): malformed magic or version, a section that does not fit, an
/// unknown id, standard sections twice or out of order, a malformed custom section name.
ModuleScan scan_module(Bytes file);

} // namespace petrel::text
