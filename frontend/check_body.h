// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Validation of one body with its side table, for loading and for lazy validation: the one instantiation of the
// validator, which is large.
#pragma once

#include "frontend/body_decoder.h"
#include "frontend/side_table_builder.h"

namespace petrel::frontend {

/// Validates the body of `index`, which lies where `func` says, and fills in what `func` says about it (but for the places
/// of side table and handlers). `side_table` was reset. True: it may hold v128 values.
Result<bool> check_body(const ir::Module& module, FuncIdx index, ir::Func& func, Bytes file,
                        ir::FeatureGate features, const ir::DecodeLimits& limits,
                        BodyScratch& scratch, SideTableBuilder& side_table);

/// What the specification says of a body that lacks its end when the code section ends there too, and is not the last.
inline void name_section_end(Error& error) {
  if (error.info().text.ends_with("END opcode expected")) {
    error.info().text = "section size mismatch: END opcode expected";
  }
}

} // namespace petrel::frontend
