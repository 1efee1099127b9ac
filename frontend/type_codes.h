// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binary forms of types (specification §5.3), shared by section and body decoding.
#pragma once

#include "base/result.h"
#include "ir/features.h"
#include "ir/types.h"

namespace petrel::frontend {

/// The value type of a one-byte form. Errors: malformed, unsupported (a type of a later feature).
Result<ValType> val_type_of_byte(u8 byte, ir::FeatureGate features);

/// The reference type of a one-byte form (tables, element segments). Errors as above ("malformed reference type").
Result<ValType> ref_type_of_byte(u8 byte, ir::FeatureGate features);

/// The heap type of an s33 code. Errors as above.
Result<HeapType> heap_type_of_code(i64 code, ir::FeatureGate features);

} // namespace petrel::frontend
