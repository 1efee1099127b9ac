// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Abstract heap types and the order between them (specification §3.3.3): the part of matching that needs no defined types.
// The validator matches by a module's indices, the runtime by canonical ids; both end here.
#pragma once

#include "ir/module.h"

namespace petrel::ir {

/// Whether `sub` is `super` or below it.
bool matches_abstract(AbsHeapType sub, AbsHeapType super);
/// The abstract type right above a concrete one.
AbsHeapType abstract_of(CompositeKind kind);

} // namespace petrel::ir
