// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Winning vectorisation back without giving exact traps up: an innermost loop whose guest addresses are all affine in its
// trip number gets a second copy. One range check in front decides that no access of any iteration can trap; that copy
// has plain accesses on a 64-bit induction variable, the other stays as it was.
#pragma once

#include <llvm/IR/PassManager.h>

#include "ir/vm_layout.h"

namespace petrel::aot {

class LoopVersioning : public llvm::PassInfoMixin<LoopVersioning> {
public:
  /// `memory0`: where the VMContext has the {base, length} of memory 0.
  explicit LoopVersioning(ir::VMSlot memory0) : memory0_(memory0) {}
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);

private:
  ir::VMSlot memory0_;
};

} // namespace petrel::aot
