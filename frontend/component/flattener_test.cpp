// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What flattening leaves: initialisers in order, slots, type keys, fused adapters; the plan's own checks; WIT.
#include "frontend/component/component_decoder.h"
#include "frontend/component/fixtures_test.h"

#include <doctest/doctest.h>

#include <string>

using namespace petrel;
using namespace petrel::frontend::comp;

namespace {

std::string listing(const ir::ComponentPlan& plan) {
  static const char* const kNames[] = {"start", "instantiate", "extract", "resource",
                                       "lower", "fuse",        "builtin"};
  std::string out;
  for (const ir::Initialiser& i : plan.initialisers()) {
    out += kNames[static_cast<u32>(i.kind)];
    switch (i.kind) {
    case ir::InitKind::instantiate_module: {
      const ir::InstantiateModule& m = plan.instantiates()[i.index];
      out += " module " + std::to_string(m.module.index()) + "(";
      for (const ir::CoreArg& a : plan.array(m.args)) {
        out += a.kind == ir::CoreArg::Kind::func_slot
                   ? " f" + std::to_string(a.index)
                   : " i" + std::to_string(a.index) + "." + std::string(plan.str(a.name));
      }
      out += " )";
      break;
    }
    case ir::InitKind::extract: {
      const ir::Extract& e = plan.extracts()[i.index];
      out += " i" + std::to_string(e.instance.index()) + "." + std::string(plan.str(e.name)) +
             " -> " + std::to_string(e.slot);
      break;
    }
    case ir::InitKind::lower_import: {
      const ir::LowerImport& l = plan.lowers()[i.index];
      out += " " + std::string(plan.str(plan.imports()[l.import.index()].name)) + " -> " +
             std::to_string(l.slot.index());
      break;
    }
    case ir::InitKind::canon_builtin: {
      const ir::CanonBuiltin& b = plan.builtins()[i.index];
      out += " " + std::string(ir::canon_text(b.kind)) + " r" + std::to_string(b.resource.index()) +
             " -> " + std::to_string(b.slot.index());
      break;
    }
    case ir::InitKind::fuse:
      out += " lift " + std::to_string(plan.fused()[i.index].callee.index()) + " -> " +
             std::to_string(plan.fused()[i.index].slot.index());
      break;
    case ir::InitKind::start_component:
    case ir::InitKind::define_resource: out += " " + std::to_string(i.index); break;
    }
    out += "\n";
  }
  return out;
}

std::string key(const ir::ComponentPlan& plan, ir::CompFuncTypeIdx type) {
  return std::string(plan.str(plan.func_type(type).key));
}

} // namespace

TEST_CASE("a component over host imports flattens to slots in order") {
  auto decoded = decode_component(kHostComponent, {});
  REQUIRE(decoded);
  ir::ComponentPlan plan = decoded->plan();
  CHECK_EQ(listing(plan), "start 0\n"
                          "instantiate module 0( )\n"
                          "extract i0.memory -> 0\n"
                          "extract i0.realloc -> 0\n"
                          "lower [method]entry.put -> 1\n"
                          "lower open -> 2\n"
                          "builtin resource.drop r0 -> 3\n"
                          "instantiate module 1( f1 f2 f3 i0.memory )\n"
                          "extract i1.run -> 4\n"
                          "extract i1.run-post -> 5\n");
  CHECK_EQ(decoded->modules.size(), 2u);
  CHECK_EQ(key(plan, plan.imports()[0].type),
           "(self:borrow<demo:log/sink.entry>,text:string,at:enum{low,high})->result<_,string>");
  CHECK_EQ(key(plan, plan.imports()[1].type), "()->own<demo:log/sink.entry>");
  CHECK_EQ(plan.interfaces().size(), 1u);
  REQUIRE_EQ(plan.resources().size(), 1u);
  CHECK(plan.resources()[0].is_imported());
  REQUIRE_EQ(plan.exports().size(), 2u);
  CHECK_EQ(plan.exports()[0].kind, ir::ExportKind::interface);
  const ir::ComponentExport& run = plan.exports()[1];
  CHECK_EQ(plan.str(run.interface), "demo:app/api@1.2.3");
  CHECK_EQ(key(plan, run.type), "(name:string)->list<u8>");
  const ir::Lift& lift = plan.lifts()[run.index];
  CHECK_EQ(lift.func.index(), 4u);
  CHECK_EQ(plan.option(lift.options).post_return.index(), 5u);
  CHECK(ir::ComponentPlan::check(decoded->plan_bytes.data(), decoded->plan_bytes.size()));
}

TEST_CASE("a lower of a lift is one fused adapter, resources keep their owner") {
  auto decoded = decode_component(kFusedComponent, {});
  REQUIRE(decoded);
  ir::ComponentPlan plan = decoded->plan();
  CHECK_EQ(listing(plan), "start 0\n"
                          "start 1\n"
                          "resource 0\n"
                          "builtin resource.new r0 -> 0\n"
                          "instantiate module 0( f0 )\n"
                          "extract i0.make -> 1\n"
                          "extract i0.read -> 2\n"
                          "start 2\n"
                          "fuse lift 0 -> 3\n"
                          "fuse lift 1 -> 4\n"
                          "instantiate module 1( f3 f4 )\n"
                          "extract i1.go -> 5\n");
  CHECK_EQ(plan.resources()[0].owner.index(), 1u);
  const ir::FusedAdapter& read = plan.fused()[1];
  const ir::TransferPlan& params = plan.plan(read.params);
  auto code = plan.code(params);
  REQUIRE_EQ(code.size(), 5u);
  CHECK_EQ(ir::transfer_op(code[0]), ir::TransferOp::borrow);
  CHECK_EQ(code[3], 0u); // resource 0
  CHECK_EQ(plan.option(ir::OptionsIdx(params.src.options)).instance.index(), 2u);
  CHECK_EQ(plan.option(ir::OptionsIdx(params.dst.options)).instance.index(), 1u);
}

TEST_CASE("damaged plan images are refused or harmless, never read out of bounds") {
  for (Bytes file : {Bytes(kHostComponent), Bytes(kFusedComponent)}) {
    auto decoded = decode_component(file, {});
    REQUIRE(decoded);
    const std::vector<u8> good = decoded->plan_bytes;
    CHECK_FALSE(ir::ComponentPlan::check(good.data(), good.size() - 8));
    u32 refused = 0;
    for (usize at = 0; at + 4 <= good.size(); at += 4) {
      std::vector<u8> bad = good;
      bad[at] ^= 0xff;
      bad[at + 3] ^= 0x7f;
      refused += ir::ComponentPlan::check(bad.data(), bad.size()) ? 0 : 1;
    }
    CHECK(refused > good.size() / 16); // every table is looked at; names may be anything
  }
}

TEST_CASE("WIT of a component") {
  auto wit = component_wit(kHostComponent, {});
  REQUIRE(wit);
  CHECK_EQ(*wit, R"(package root:component;

world root {
  import demo:log/sink@0.2.9;

  export demo:app/api@1.2.3;
}
package demo:log@0.2.9 {
  interface sink {
    resource entry {
      put: func(text: string, at: level) -> result<_, string>;
    }

    enum level {
      low,
      high,
    }

    open: func() -> entry;
  }
}


package demo:app@1.2.3 {
  interface api {
    run: func(name: string) -> list<u8>;
  }
}
)");
}
