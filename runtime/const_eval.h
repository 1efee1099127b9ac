// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluation of constant expressions at instantiation (specification §3.4.13, §4.5.4).
#pragma once

#include <optional>

#include "runtime/instance.h"

namespace petrel::runtime {

/// The value of a validated constant expression of `instance`'s module. Only globals before it are read. Empty: a trap
/// (the GC heap is exhausted) is pending in the Store.
std::optional<RawVal> evaluate_const(Instance& instance, const ir::ConstExpr& expr);

} // namespace petrel::runtime
