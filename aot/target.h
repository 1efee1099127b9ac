// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine an image is for: triple, CPU and what follows from them. One TargetMachine per thread is made from it
// (LLVM's are not to be shared).
#pragma once

#include <memory>
#include <string>

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Triple.h>

#include "aot/compile.h"
#include "base/result.h"
#include "ir/cwasm.h"

namespace petrel::aot {

struct Target {
  llvm::Triple triple;
  std::string cpu;
  std::string tune_cpu;
  std::string features;
  u32 elf_machine = 0;
  u64 cpu_features = 0; ///< bit per ir::CpuFeature that code for `cpu` may use
  bool branch_protection = false;

  bool is_aarch64() const { return triple.isAArch64(); }
  /// Pages of hosts may be so large: what is mapped apart from each other keeps that distance.
  u32 page_bytes() const { return is_aarch64() ? 0x10000 : 0x1000; }
  bool has(ir::CpuFeature feature) const {
    return (cpu_features >> static_cast<u32>(feature) & 1) != 0;
  }
  /// A multiplication and addition that is rounded once.
  bool has_fma() const { return is_aarch64() || has(ir::CpuFeature::x86_fma); }
};

/// Errors: unsupported (unknown triple or CPU, not ELF/Linux).
Result<Target> make_target(const CompileOptions& options);

std::unique_ptr<llvm::TargetMachine> make_machine(const Target& target, OptLevel level);

/// Triple, data layout and module flags, before any IR is built.
void prepare_module(llvm::Module& module, const Target& target, const llvm::TargetMachine& machine);

/// Attributes that every function of an image carries.
void set_function_attributes(llvm::Function& function, const Target& target, OptLevel level);

} // namespace petrel::aot
