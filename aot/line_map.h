// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From machine code back to wasm offsets. The emitter gives each instruction a debug location whose line is the
// wasm offset in the file, and LLVM keeps for inlined code the location of the call; the objects' line tables and
// inlined subroutines are read back here, function by function, and become the maps of the `.cwasm` (backtraces). The
// objects' DWARF itself is dropped at the link unless asked for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "aot/pipeline.h"
#include "ir/cwasm.h"

namespace petrel::aot {

struct FunctionMap {
  u32 code_size = 0;
  std::vector<ir::CwasmMapEntry> entries; ///< ascending code_offset; sites numbered as in `sites`
  std::vector<ir::CwasmInlineSite> sites; ///< `outer` is an index in here
};

/// Symbol name → map of every function that the object defines.
using LineMap = std::map<std::string, FunctionMap, std::less<>>;

/// Adds the functions of one object.
void read_lines(const ObjectBytes& object, LineMap& map);

} // namespace petrel::aot
