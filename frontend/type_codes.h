// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binary forms of types (specification §5.3), shared by section and body decoding.
#pragma once

#include "base/byte_reader.h"
#include "ir/features.h"
#include "ir/types.h"

namespace petrel::frontend {

/// A value type; references name types below `type_count`. Errors: malformed, invalid (unknown type), unsupported (a type
/// of a feature that is off).
Result<ValType> read_val_type(ByteReader& r, ir::FeatureGate features, u32 type_count);

/// A reference type (tables, element segments). Errors as above ("malformed reference type").
Result<ValType> read_ref_type(ByteReader& r, ir::FeatureGate features, u32 type_count);

/// The heap type of an s33 code. Errors as above.
Result<HeapType> heap_type_of_code(i64 code, ir::FeatureGate features, u32 type_count);

} // namespace petrel::frontend
