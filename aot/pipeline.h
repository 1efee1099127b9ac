// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is done to the IR of one chunk: verification, the optimisation pipeline of a level, machine code. Everything
// here works on one LLVMContext and is called from one thread at a time per context.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <optional>

#include "aot/compile.h"
#include "ir/vm_layout.h"

namespace petrel::aot {

using ObjectBytes = llvm::SmallVector<char, 0>;

/// Functions with more IR instructions than this skip the optimiser (reliability, limits).
constexpr u64 kMaxOptimizedInstructions = 1'000'000;
/// … and those whose wasm body is longer than this.
constexpr u64 kMaxOptimizedBodyBytes = 200'000;

/// Verifies the module (a failure is our bug), runs the pipeline of `level`. `memory0` (given when its accesses trap by
/// fault and exactly): where the context has memory 0; its loops are versioned at -O2 and -O3 (loop_versioning.h).
void optimize(llvm::Module& module, llvm::TargetMachine& machine, OptLevel level,
              std::optional<ir::VMSlot> memory0 = {});

/// Promotes locals and folds trivially, then takes the function out of the pipeline (optnone). For functions that
/// the passes, some of them superlinear, should not see.
void demote_to_cheap(llvm::Function& function, llvm::TargetMachine& machine);

/// Machine code of an optimised module: an object file, or assembly text.
ObjectBytes generate(llvm::Module& module, llvm::TargetMachine& machine,
                     llvm::CodeGenFileType type);

/// The module as text.
ObjectBytes print_ir(const llvm::Module& module);

} // namespace petrel::aot
