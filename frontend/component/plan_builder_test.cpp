// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Transfer plans, op by op: what each kind of value compiles to between flat, guest and host ends.
#include "frontend/component/plan_builder.h"

#include <doctest/doctest.h>

#include <string>

using namespace petrel;
using namespace petrel::frontend::comp;
using ir::DefTypeKind;

namespace {

class Fixture {
public:
  PlanImage image;
  bool copy_floats = true;

  ir::DefTypeIdx type(DefTypeKind kind, u32 size32, u32 align32, u32 size64, u32 align64, u32 flat,
                      const std::vector<ir::Field>& fields = {}, ir::DefTypeIdx elem = {},
                      ir::DefTypeIdx second = {}, u32 number = 0) {
    ir::DefType row;
    row.kind = kind;
    row.flat_count = static_cast<u8>(flat);
    row.align32 = static_cast<u8>(align32);
    row.align64 = static_cast<u8>(align64);
    row.size32 = size32;
    row.size64 = size64;
    row.elem = elem;
    row.second = second;
    row.number = number;
    return image.intern(row, fields);
  }
  ir::DefTypeIdx u8_type() { return type(DefTypeKind::u8, 1, 1, 1, 1, 1); }
  ir::DefTypeIdx u32_type() { return type(DefTypeKind::u32, 4, 4, 4, 4, 1); }
  ir::DefTypeIdx string() { return type(DefTypeKind::string, 8, 4, 16, 8, 2); }

  /// Code of the plan as text: op, S/D places with m for memory, operands.
  std::string code(const std::vector<ir::DefTypeIdx>& values, ir::PlanEnd src, ir::PlanEnd dst) {
    std::vector<ir::Field> fields;
    for (ir::DefTypeIdx v : values) {
      fields.push_back({{}, v});
    }
    PlanBuilder builder(image, copy_floats);
    auto built = builder.build(fields, src, dst);
    REQUIRE(built);
    plan = image.plans[built->index()];
    return "";
  }
  ir::TransferPlan plan;
};

ir::PlanEnd flat() {
  ir::CanonOptions options;
  return PlanBuilder::guest(options, ir::OptionsIdx(0), false);
}
ir::PlanEnd memory() {
  ir::CanonOptions options;
  return PlanBuilder::guest(options, ir::OptionsIdx(0), true);
}

constexpr u32 op(ir::TransferOp o, bool src, bool dst, u32 aux = 0) {
  return ir::encode_transfer_op(o, src, dst, aux);
}

std::vector<u32> words(Fixture& f) {
  std::vector<u8> image = f.image.finish();
  ir::ComponentPlan plan(image.data());
  auto code = plan.code(f.plan);
  CHECK(ir::check_transfer_plan(f.plan, code, 0, 0));
  return {code.begin(), code.end()};
}

using Words = std::vector<u32>;
constexpr u32 kEnd = 0;

} // namespace

TEST_CASE("flat parameters go to a host struct field by field") {
  Fixture f;
  f.code({f.u8_type(), f.u32_type(), f.string()}, flat(), PlanBuilder::host());
  CHECK_EQ(f.plan.src.slot_count, 4u);
  CHECK_EQ(f.plan.dst.size_bytes, 24u);
  CHECK_EQ(f.plan.dst.align_bytes, 8u);
  CHECK_EQ(words(f), Words{op(ir::TransferOp::int_, false, true, 1), 0, 0,
                           op(ir::TransferOp::int_, false, true, 4), 1, 4,
                           op(ir::TransferOp::string, false, true), 2, 8, kEnd});
}

TEST_CASE("integers side by side in memory are one copy, padding is not copied") {
  Fixture f;
  ir::DefTypeIdx a = f.u32_type();
  ir::DefTypeIdx b = f.u8_type();
  f.code({a, a, b, a}, memory(), PlanBuilder::host());
  CHECK_EQ(words(f), Words{op(ir::TransferOp::copy, true, true), 0, 0, 9,
                           op(ir::TransferOp::copy, true, true), 12, 12, 4, kEnd});
}

TEST_CASE("floats are copied with their neighbours, unless every one is looked at") {
  const auto build = [](bool copy_floats) {
    Fixture f;
    f.copy_floats = copy_floats;
    const ir::DefTypeIdx a = f.u32_type();
    f.code({a, f.type(DefTypeKind::f32, 4, 4, 4, 4, 1), a}, memory(), PlanBuilder::host());
    return words(f);
  };
  CHECK_EQ(build(true), Words{op(ir::TransferOp::copy, true, true), 0, 0, 12, kEnd});
  CHECK_EQ(build(false),
           Words{op(ir::TransferOp::copy, true, true), 0, 0, 4, op(ir::TransferOp::f32, true, true),
                 4, 4, op(ir::TransferOp::copy, true, true), 8, 8, 4, kEnd});
}

TEST_CASE("an option to flat slots zeroes what its case leaves unused") {
  Fixture f;
  ir::DefTypeIdx option = f.type(DefTypeKind::option, 12, 4, 24, 8, 3, {}, f.string());
  f.code({option}, memory(), flat());
  // switch S D next zero_first zero_count count none some | end | string 4 1 end
  CHECK_EQ(words(f), Words{op(ir::TransferOp::switch_, true, false, 1), 0, 0, 14, 1, 2, 2, 9, 10,
                           kEnd, op(ir::TransferOp::string, true, false), 4, 1, kEnd, kEnd});
}

TEST_CASE("lists: equal elements are copied at once, others run a block per element") {
  Fixture plain;
  ir::DefTypeIdx bytes = plain.type(DefTypeKind::list, 8, 4, 16, 8, 2, {}, plain.u8_type());
  plain.code({bytes}, flat(), PlanBuilder::host());
  CHECK_EQ(words(plain),
           Words{op(ir::TransferOp::list, false, true, 0x11), 0, 0, 1, 1, 0, 7, kEnd});

  Fixture strings;
  ir::DefTypeIdx list = strings.type(DefTypeKind::list, 8, 4, 16, 8, 2, {}, strings.string());
  strings.code({list}, PlanBuilder::host(), memory());
  CHECK_EQ(words(strings), Words{op(ir::TransferOp::list, true, true, 0x34), 0, 0, 16, 8, 7, 11,
                                 op(ir::TransferOp::string, true, true), 0, 0, kEnd, kEnd});
}

TEST_CASE("enums, flags and fixed-length lists") {
  Fixture f;
  ir::Str label = f.image.name("l");
  std::vector<ir::Field> labels(9, ir::Field{label, {}});
  ir::DefTypeIdx flags = f.type(DefTypeKind::flags, 2, 2, 2, 2, 1, labels);
  ir::DefTypeIdx enumeration = f.type(DefTypeKind::enum_, 1, 1, 1, 1, 1, labels);
  f.code({flags, enumeration}, flat(), PlanBuilder::host());
  CHECK_EQ(words(f), Words{op(ir::TransferOp::flags, false, true, 2), 0, 0, 0x1ff,
                           op(ir::TransferOp::enum_, false, true, 1), 1, 2, 9, kEnd});

  Fixture fixed;
  ir::DefTypeIdx list =
      fixed.type(DefTypeKind::fixed_list, 24, 4, 48, 8, 6, {}, fixed.string(), {}, 3);
  fixed.code({list}, memory(), PlanBuilder::host());
  CHECK_EQ(words(fixed), Words{op(ir::TransferOp::repeat, true, true), 0, 0, 3, 8, 16, 11,
                               op(ir::TransferOp::string, true, true), 0, 0, kEnd, kEnd});
}

TEST_CASE("the check refuses code that would read or write outside its ends") {
  Fixture f;
  f.code({f.string()}, flat(), PlanBuilder::host());
  const ir::TransferPlan plan = f.plan;
  const Words good = words(f);
  for (usize i = 0; i + 1 < good.size(); ++i) {
    Words bad = good;
    bad[i] += 0x20;
    CAPTURE(i);
    CHECK_FALSE(ir::check_transfer_plan(plan, bad, 0, 0));
  }
  CHECK_FALSE(ir::check_transfer_plan(plan, std::span(good).first(2), 0, 0));
}
