// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fingerprint of everything compiled code and runtime must agree on: the rows of the contract tables
// as text, and the sizes of the structs that lie in a `.cwasm`.
#include "base/hash.h"
#include "ir/cwasm.h"
#include "ir/module.h"
#include "ir/vm.h"

namespace petrel::ir {

namespace {

constexpr std::string_view kContract =
#define PETREL_VM_FIELD(strukt, offset, field, kind) #strukt "." #field "@" #offset ";"
#define PETREL_VM_CONST(name, value) #name "=" #value ";"
#include "ir/vmctx.def"
#define PETREL_BUILTIN(name, result, params, traps, collects) #name ":" #result params ";"
#include "ir/builtins.def"
#define PETREL_TRAP(name, code, printed, script, cause) #name "=" #code ";"
#include "ir/traps.def"
    "";

constexpr u64 mix(u64 hash, u64 value) { return (hash ^ value) * 0x100000001b3; }

} // namespace

u64 abi_hash() {
  u64 hash = fnv1a(kContract);
  for (u64 size : {sizeof(ModuleHeader), sizeof(Func), sizeof(TypeDef), sizeof(ConstExpr),
                   sizeof(CwasmHeader), sizeof(CwasmModule), u64{CwasmHeader::kVersion}}) {
    hash = mix(hash, size);
  }
  return hash;
}

} // namespace petrel::ir
