// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memcpy, memmove and memset of an image. LLVM turns loops into calls of these three whatever it is told, and an image
// must be closed; so each one carries its own, hidden, compiled for its CPU.
#pragma once

#include <memory>

#include <llvm/IR/Module.h>

#include "aot/target.h"

namespace petrel::aot {

/// The three functions as IR, to be compiled like any chunk.
std::unique_ptr<llvm::Module> make_stubs(llvm::LLVMContext& context, const Target& target,
                                         const llvm::TargetMachine& machine);

} // namespace petrel::aot
