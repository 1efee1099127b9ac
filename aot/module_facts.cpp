// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/module_facts.h"

#include "frontend/body_decoder.h"

namespace petrel::aot {

namespace {

struct Visitor {
  bool makes_tail_calls = false;

  template <ir::Op kOp, typename Decoder> void op(Decoder&, const frontend::Instr&) {
    if constexpr (ir::op_info(kOp).family == ir::Family::ReturnCall) {
      makes_tail_calls = true;
    }
  }
};

} // namespace

ModuleFacts::ModuleFacts(const ir::Module& wasm, Bytes file) {
  frontend::BodyScratch scratch;
  for (u32 f = wasm.header().imported_funcs; f < wasm.funcs().size(); ++f) {
    Visitor visitor;
    const Status status = frontend::decode_body<frontend::Mode::Trusted>(
        wasm, FuncIdx(f), file, ir::kAllFeatures, ir::DecodeLimits(), scratch, visitor);
    CHECK(status.has_value()); // validated before
    makes_tail_calls_.push_back(visitor.makes_tail_calls);
    any_makes_tail_calls_ = any_makes_tail_calls_ || visitor.makes_tail_calls;
  }
}

} // namespace petrel::aot
