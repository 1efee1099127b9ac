// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between the native convention and the array convention (ir/vm.h), one adapter of either kind per signature:
//   array adapter  bool(FuncRef* callee, RawVal* args), C convention: calls FuncRef::code natively
//   host adapter   a native entry whose swiftself is a host function's FuncRef: calls FuncRef::array_entry; when that
//                  answers false it leaves through the importing instance's `raise`
// Signatures are shared by all modules of the image.
#pragma once

#include <set>
#include <string>

#include "aot/lowering.h"

namespace petrel::aot {

/// Parameter and result kinds of a function type, `iIfFvpr:…` (p function reference, r other reference).
std::string signature_of(const ir::Module& wasm, const ir::TypeDef& type);

std::string array_adapter_name(const std::string& signature);
std::string host_adapter_name(const std::string& signature);

/// Emits both adapters of each signature.
void emit_adapters(llvm::Module& module, const std::set<std::string>& signatures,
                   const Target& target, const CompileOptions& options);

} // namespace petrel::aot
