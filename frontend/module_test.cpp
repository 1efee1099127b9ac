// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the decoder puts into the image: declarations, constant expressions, segments of all forms, names, look-ups.
#include "frontend/test_module.h"

namespace petrel::frontend::test {

namespace {

ir::ConstExpr only_global(const ByteVec& init, u8 type, const ByteVec& imports = {}) {
  static Result<ModuleImage> image = fail(ErrorClass::io, "");
  image = decode(kPreamble + (imports.empty() ? ByteVec() : section(2, imports)) +
                 section(6, ByteVec{1, type, 0} + init + ByteVec{0x0b}));
  REQUIRE(image.has_value());
  return image->module().globals().back().init;
}

} // namespace

TEST_CASE("constant expressions are folded where they can be") {
  using Kind = ir::ConstExpr::Kind;
  ir::ConstExpr e = only_global({0x41, 0x7f}, 0x7f);
  CHECK_EQ(e.kind, Kind::value);
  CHECK_EQ(e.value.bits[0], 0xffffffff);
  e = only_global({0x42, 0x7f}, 0x7e);
  CHECK_EQ(e.value.bits[0], ~u64{0});
  e = only_global({0x44, 1, 2, 3, 4, 5, 6, 7, 8}, 0x7c);
  CHECK_EQ(e.value.bits[0], 0x0807060504030201);
  e = only_global({0x41, 3, 0x41, 5, 0x6b, 0x41, 7, 0x6c}, 0x7f); // (3 - 5) * 7
  CHECK_EQ(e.kind, Kind::value);
  CHECK_EQ(e.value.bits[0], 0xfffffff2);
  e = only_global({0x42, 3, 0x42, 5, 0x7d}, 0x7e);
  CHECK_EQ(e.value.bits[0], static_cast<u64>(-2));
  const ByteVec import = {1, 0, 0, 3, 0x7f, 0};
  e = only_global({0x23, 0}, 0x7f, import);
  CHECK_EQ(e.kind, Kind::global_get);
  CHECK_EQ(e.value.i32, 0);
  e = only_global({0x23, 0, 0x41, 4, 0x6a}, 0x7f, import);
  CHECK_EQ(e.kind, Kind::code);
  CHECK_EQ(e.code.count, 6); // with the end
  e = only_global({0xd0, 0x6f}, 0x6f);
  CHECK_EQ(e.kind, Kind::value);
  CHECK_EQ(e.value.bits[0], 0);
}

TEST_CASE("element segments of all eight forms") {
  const ByteVec head =
      kPreamble + section(1, {1, 0x60, 0, 0}) + section(3, {2, 0, 0}) + section(4, {1, 0x70, 0, 9});
  const ByteVec at = {0x41, 2, 0x0b};
  const ByteVec expr = {0xd2, 1, 0x0b};
  const ByteVec forms = ByteVec{8} + (ByteVec{0} + at + ByteVec{1, 1}) + ByteVec{1, 0, 1, 1} +
                        (ByteVec{2, 0} + at + ByteVec{0, 1, 1}) + ByteVec{3, 0, 1, 1} +
                        (ByteVec{4} + at + ByteVec{1} + expr) + (ByteVec{5, 0x70, 1} + expr) +
                        (ByteVec{6, 0} + at + ByteVec{0x70, 1} + expr) +
                        (ByteVec{7, 0x70, 1} + expr);
  auto image = decode(head + section(9, forms) + section(10, {2, 2, 0, 0x0b, 2, 0, 0x0b}));
  REQUIRE(image.has_value());
  const ir::Module module = image->module();
  using enum ir::SegmentMode;
  const ir::SegmentMode modes[] = {active, passive, active, declarative,
                                   active, passive, active, declarative};
  REQUIRE_EQ(module.elems().size(), 8);
  for (u32 i = 0; i < 8; ++i) {
    const ir::Elem& elem = module.elems()[i];
    CAPTURE(i);
    CHECK_EQ(elem.mode, modes[i]);
    CHECK_EQ(elem.type, ValType::ref(AbsHeapType::func, i >= 4)); // indices are never null
    CHECK_EQ(elem.count(), 1);
    if (i < 4) {
      CHECK_EQ(module.array(elem.funcs)[0], 1);
    } else {
      CHECK_EQ(module.array(elem.exprs)[0].kind, ir::ConstExpr::Kind::ref_func);
    }
    if (elem.mode == active) {
      CHECK_EQ(elem.offset.value.i32, 2);
    }
  }
  CHECK_EQ(module.funcs()[0].flags & ir::kFuncIsReferenced, 0);
  CHECK_EQ(module.funcs()[1].flags & ir::kFuncIsReferenced, ir::kFuncIsReferenced);
}

TEST_CASE("names, exports and custom sections") {
  // functions 0 and 1; the function names are out of order from entry 2 on, and the last is cut
  const ByteVec names =
      section(0, text("name") + (ByteVec{0} + leb(2) + text("m")) +
                     (ByteVec{1} + leb(7) + ByteVec{2, 0} + text("a") + ByteVec{1} + text("b")) +
                     ByteVec{9, 5});
  auto image = decode(kPreamble + section(1, {1, 0x60, 0, 0}) + section(3, {2, 0, 0}) +
                      section(7, {3, 1, 'z', 0, 1, 0, 0, 0, 2, 'a', 'b', 0, 1}) +
                      section(10, {2, 2, 0, 0x0b, 2, 0, 0x0b}) + names +
                      section(0, text("other") + ByteVec{1, 2, 3}));
  REQUIRE(image.has_value());
  const ir::Module module = image->module();
  CHECK_EQ(module.name(), "m");
  CHECK_EQ(module.func_name(FuncIdx(0)), "a");
  CHECK_EQ(module.func_name(FuncIdx(1)), "b");
  CHECK_EQ(module.func_name(FuncIdx(7)), "");
  REQUIRE(module.find_export("ab") != nullptr);
  CHECK_EQ(module.find_export("ab")->index, 1);
  CHECK_EQ(module.find_export("")->index, 0);
  CHECK_EQ(module.find_export("a"), nullptr);
  REQUIRE_EQ(module.customs().size(), 2);
  CHECK_EQ(module.str(module.customs()[1].name), "other");
  CHECK_EQ(module.customs()[1].payload_size, 3);
}

TEST_CASE("functions: where bodies lie, locals, heights") {
  const ByteVec bytes =
      kPreamble + section(1, {1, 0x60, 1, 0x7f, 1, 0x7f}) + section(3, {1, 0}) +
      section(10, ByteVec{1} + body({0x20, 0, 0x20, 1, 0xa7, 0x6a, 0x0b}, {1, 3, 0x7e}));
  auto image = decode(bytes);
  REQUIRE(image.has_value());
  const ir::Func& func = image->module().funcs()[0];
  CHECK_EQ(bytes[func.code_start], 1);
  CHECK_EQ(bytes[func.body_offset], 0x20);
  CHECK_EQ(func.body_end, bytes.size());
  CHECK_EQ(func.local_count, 4);
  CHECK_EQ(func.max_height, 2);
}

TEST_CASE("the image is the same bits each time, and checks itself") {
  const ByteVec bytes = one_func({0x41, 0, 0x04, 0x40, 0x0b, 0x0b});
  auto first = decode(bytes);
  auto second = decode(bytes);
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  const Bytes image = first->module().image();
  CHECK(std::ranges::equal(image, second->module().image()));
  CHECK(ir::Module::check(image.data(), image.size()));
  CHECK_FALSE(ir::Module::check(image.data(), image.size() - 1));
  ModuleImage damaged = std::move(*second);
  auto* header = const_cast<ir::ModuleHeader*>(&damaged.module().header());
  const auto funcs = header->funcs;
  header->funcs.count = 0x10000000;
  CHECK_FALSE(ir::Module::check(damaged.module().image().data(), image.size()));
  header->funcs = funcs;
  header->start = FuncIdx(1);
  CHECK_FALSE(ir::Module::check(damaged.module().image().data(), image.size()));
  header->start = FuncIdx(0);
  CHECK(ir::Module::check(damaged.module().image().data(), image.size()));
  header->types.offset += 2;
  CHECK_FALSE(ir::Module::check(damaged.module().image().data(), image.size()));
}

} // namespace petrel::frontend::test
