// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant expressions (specification §3.4.13): decoded, checked and, where nothing is known only at instantiation,
// folded. What they may refer to comes before them in the module.
#pragma once

#include <vector>

#include "base/byte_reader.h"
#include "ir/features.h"
#include "ir/image_builder.h"
#include "ir/module.h"

namespace petrel::frontend {

/// What a constant expression can see.
struct ConstScope {
  ir::FeatureGate features;
  std::span<const ir::Global> globals; ///< those before the expression
  std::span<const ir::Func> funcs;
  std::span<const ir::TypeDef> types;
  ir::ImageBuilder* image = nullptr; ///< holds the types' arrays; code is appended
  /// Functions named by ref.func: the declared references of the module (§3.4.1, C.refs).
  std::vector<bool>* referenced = nullptr;
};

/// Reads one expression with its `end` and checks it against `expected`. Code that cannot be folded is appended to
/// the scope's image. Errors: malformed, invalid ("constant expression required", "type mismatch …"), unsupported.
Result<ir::ConstExpr> decode_const_expr(ByteReader& reader, ValType expected,
                                        const ConstScope& scope);

} // namespace petrel::frontend
