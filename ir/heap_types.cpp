// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/heap_types.h"

namespace petrel::ir {

bool matches_abstract(AbsHeapType sub, AbsHeapType super) {
  if (sub == super) {
    return true;
  }
  switch (sub) {
  case AbsHeapType::noexn: return super == AbsHeapType::exn;
  case AbsHeapType::nofunc: return super == AbsHeapType::func;
  case AbsHeapType::noextern: return super == AbsHeapType::extern_;
  case AbsHeapType::none:
    return super == AbsHeapType::any || super == AbsHeapType::eq || super == AbsHeapType::i31 ||
           super == AbsHeapType::struct_ || super == AbsHeapType::array;
  case AbsHeapType::i31:
  case AbsHeapType::struct_:
  case AbsHeapType::array: return super == AbsHeapType::eq || super == AbsHeapType::any;
  case AbsHeapType::eq: return super == AbsHeapType::any;
  case AbsHeapType::func:
  case AbsHeapType::extern_:
  case AbsHeapType::any:
  case AbsHeapType::exn: return false;
  }
  PETREL_UNREACHABLE();
}

AbsHeapType abstract_of(CompositeKind kind) {
  switch (kind) {
  case CompositeKind::func: return AbsHeapType::func;
  case CompositeKind::struct_: return AbsHeapType::struct_;
  case CompositeKind::array: return AbsHeapType::array;
  }
  PETREL_UNREACHABLE();
}

} // namespace petrel::ir
