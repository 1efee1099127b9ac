// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/types.h"

#include "base/check.h"
#include "base/format.h"

namespace petrel {

namespace {

std::string_view heap_name(AbsHeapType type) {
  switch (type) {
  case AbsHeapType::noexn: return "noexn";
  case AbsHeapType::nofunc: return "nofunc";
  case AbsHeapType::noextern: return "noextern";
  case AbsHeapType::none: return "none";
  case AbsHeapType::func: return "func";
  case AbsHeapType::extern_: return "extern";
  case AbsHeapType::any: return "any";
  case AbsHeapType::eq: return "eq";
  case AbsHeapType::i31: return "i31";
  case AbsHeapType::struct_: return "struct";
  case AbsHeapType::array: return "array";
  case AbsHeapType::exn: return "exn";
  }
  PETREL_UNREACHABLE();
}

std::string ref_name(ValType type) {
  const HeapType heap = type.heap();
  if (heap == HeapType()) {
    return "a reference"; // of unreachable code
  }
  const std::string name = heap.is_abstract() ? std::string(heap_name(heap.abstract()))
                                              : strf("%u", heap.type_idx().index());
  if (type.is_nullable() && heap.is_abstract()) {
    switch (heap.abstract()) { // types that have a short name of another form
    case AbsHeapType::none: return "nullref";
    case AbsHeapType::nofunc: return "nullfuncref";
    case AbsHeapType::noextern: return "nullexternref";
    case AbsHeapType::noexn: return "nullexnref";
    case AbsHeapType::func:
    case AbsHeapType::extern_:
    case AbsHeapType::any:
    case AbsHeapType::eq:
    case AbsHeapType::i31:
    case AbsHeapType::struct_:
    case AbsHeapType::array:
    case AbsHeapType::exn: return name + "ref";
    }
  }
  return (type.is_nullable() ? "(ref null " : "(ref ") + name + ")";
}

} // namespace

std::string to_string(ValType type) {
  switch (type.kind()) {
  case ValKind::bot: return "any type";
  case ValKind::i32: return "i32";
  case ValKind::i64: return "i64";
  case ValKind::f32: return "f32";
  case ValKind::f64: return "f64";
  case ValKind::v128: return "v128";
  case ValKind::i8: return "i8";
  case ValKind::i16: return "i16";
  case ValKind::ref:
  case ValKind::ref_null: return ref_name(type);
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel
