// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matching of types within one module (specification §3.3). Types keep the indices that the module wrote; TypeDef::canonical
// leads from an index to the first type of the module that is equal to it, so comparing costs nothing until
// two indices differ.
#pragma once

#include <span>
#include <vector>

#include "ir/module.h"

namespace petrel::frontend {

/// The unknown heap type of unreachable code: below every other.
constexpr HeapType kBotHeap = HeapType();

/// What a field's storage type is on the stack.
constexpr ValType unpacked(ValType storage) {
  return storage.kind() == ValKind::i8 || storage.kind() == ValKind::i16 ? ValType(ValKind::i32)
                                                                         : storage;
}
constexpr bool is_packed(ValType storage) { return unpacked(storage) != storage; }

/// Whether `sub` is `super` or declared below it.
bool matches(std::span<const ir::TypeDef> types, TypeIdx sub, TypeIdx super);
bool matches(std::span<const ir::TypeDef> types, HeapType sub, HeapType super);
bool matches(std::span<const ir::TypeDef> types, ValType sub, ValType super);
/// The same type, perhaps by different indices.
bool is_same(std::span<const ir::TypeDef> types, ValType a, ValType b);
/// Greatest type of the hierarchy: any, func, extern or exn.
AbsHeapType top_of(std::span<const ir::TypeDef> types, HeapType heap);

/// What a subtype declares: parameters, results and mutabilities of both, in the module's arrays.
struct CompositeView {
  ir::CompositeKind kind;
  std::span<const ValType> params;
  std::span<const ValType> results;
  std::span<const u8> mutabilities;
};
/// Whether composite types match (§3.3.8).
bool matches(std::span<const ir::TypeDef> types, const CompositeView& sub,
             const CompositeView& super);

} // namespace petrel::frontend
