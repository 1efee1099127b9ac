// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonical types over modules: what is the same type, what is a subtype, where fields lie.
#include "runtime/type_registry.h"

#include <array>

#include <doctest/doctest.h>

#include "ir/image_builder.h"

namespace petrel::runtime {

namespace {

const ValType kI32 = ValType(ValKind::i32);
const ValType kI64 = ValType(ValKind::i64);
const ValType kI8 = ValType(ValKind::i8);

ValType ref_to(u32 type_idx) { return ValType::ref(HeapType(TypeIdx(type_idx)), false); }

struct Def {
  ir::CompositeKind kind = ir::CompositeKind::func;
  std::vector<ValType> params = {};
  std::vector<ValType> results = {};
  std::vector<u8> mutabilities = {};
  TypeIdx supertype = {};
  bool is_final = true;
};

/// Ids of a module's types; `groups` are its recursion groups.
std::vector<u64> ids_of(const std::vector<std::vector<Def>>& groups) {
  ir::ImageBuilder image;
  const ir::ModuleHeader blank;
  image.append(std::span(&blank, 1));
  std::vector<ir::TypeDef> types;
  for (const auto& group : groups) {
    const u32 first = narrow<u32>(types.size());
    for (const Def& def : group) {
      ir::TypeDef type;
      type.kind = def.kind;
      type.is_final = def.is_final ? 1 : 0;
      type.supertype = def.supertype;
      type.rec_group_start = first;
      type.rec_group_size = narrow<u32>(group.size());
      type.params = image.append(def.params);
      type.results = image.append(def.results);
      type.mutabilities = image.append(def.mutabilities);
      types.push_back(type);
    }
  }
  const ir::Array<ir::TypeDef> placed = image.append(types);
  image.at<ir::ModuleHeader>(0)->types = placed;
  auto ids = intern_types(ir::Module(image.data()));
  REQUIRE(ids.has_value());
  return *ids;
}

Def struct_of(std::vector<ValType> fields, TypeIdx supertype = {}) {
  Def def{.kind = ir::CompositeKind::struct_, .params = std::move(fields)};
  def.mutabilities.assign(def.params.size(), 0);
  def.supertype = supertype;
  def.is_final = false;
  return def;
}

} // namespace

TEST_CASE("equal types of different modules have one id") {
  const auto a = ids_of({{{.params = {kI32}, .results = {kI64}}}, {{.params = {kI64}}}});
  const auto b = ids_of({{{.params = {kI64}}}, {{.params = {kI32}, .results = {kI64}}}});
  CHECK_EQ(a[0], b[1]);
  CHECK_EQ(a[1], b[0]);
  CHECK_NE(a[0], a[1]);
  CHECK_NE(a[0], 0);
  CHECK_EQ(intern_func_type(std::array{kI32}, std::array{kI64}), a[0]);
  // parameters are not results, and finality counts
  CHECK_NE(ids_of({{{.params = {kI32, kI64}}}})[0], a[0]);
  CHECK_NE(ids_of({{{.params = {kI32}, .results = {kI64}, .is_final = false}}})[0], a[0]);
}

TEST_CASE("groups are equal as a whole, up to where they lie") {
  // (rec (struct (ref 1)) (struct (ref 0))) behind nothing, and behind another type
  const auto a = ids_of({{struct_of({ref_to(1)}), struct_of({ref_to(0)})}});
  const auto b =
      ids_of({{{.params = {kI32, kI32, kI32}}}, {struct_of({ref_to(2)}), struct_of({ref_to(1)})}});
  CHECK_EQ(a[0], b[1]);
  CHECK_EQ(a[1], b[2]);
  CHECK_NE(a[0], a[1]);
  // the same structures alone, or in a larger group, are others
  const auto alone = ids_of({{struct_of({ref_to(0)})}});
  CHECK_NE(alone[0], a[0]);
  const auto three = ids_of({{struct_of({ref_to(1)}), struct_of({ref_to(0)}), struct_of({})}});
  CHECK_NE(three[0], a[0]);
  // a type of the group is not an earlier one that is equal to it
  const auto outside = ids_of({{struct_of({ref_to(0)})}, {struct_of({ref_to(0)})}});
  CHECK_NE(outside[0], outside[1]);
}

TEST_CASE("subtypes by display") {
  const auto ids = ids_of({{struct_of({})},
                           {struct_of({kI32}, TypeIdx(0))},
                           {struct_of({kI32, kI64}, TypeIdx(1))},
                           {struct_of({kI32}, TypeIdx(0)), struct_of({})}});
  CHECK(is_subtype(ids[2], ids[0]));
  CHECK(is_subtype(ids[2], ids[1]));
  CHECK(is_subtype(ids[2], ids[2]));
  CHECK_FALSE(is_subtype(ids[0], ids[2]));
  CHECK_FALSE(is_subtype(ids[3], ids[1]));
  CHECK(is_subtype(ids[3], ids[0]));
  CHECK_EQ(type_info(ids[2]).depth, 2);
  CHECK_EQ(type_info(ids[2]).display, std::vector<u64>{ids[0], ids[1], ids[2]});
}

TEST_CASE("fields are aligned and a supertype's are a prefix") {
  const auto ids =
      ids_of({{struct_of({kI8, kI64})}, {struct_of({kI8, kI64, ref_to(0), kI8}, TypeIdx(0))}});
  const TypeInfo& super = type_info(ids[0]);
  const TypeInfo& sub = type_info(ids[1]);
  CHECK_EQ(super.fields[0].offset, 8);
  CHECK_EQ(super.fields[1].offset, 16);
  CHECK_EQ(super.layout.size_bytes, 24);
  CHECK_EQ(sub.fields[0].offset, 8);
  CHECK_EQ(sub.fields[1].offset, 16);
  CHECK_EQ(sub.fields[2].offset, 24);
  CHECK_EQ(sub.ref_offsets, std::vector<u32>{24});
  CHECK_EQ(sub.fields[3].offset, 28);
  CHECK_EQ(sub.layout.size_bytes, 32);
}

TEST_CASE("abstract types on canonical forms") {
  const auto ids = ids_of({{struct_of({})}, {{.params = {}}}});
  const HeapType structure = HeapType(TypeIdx(narrow<u32>(ids[0])));
  const HeapType function = HeapType(TypeIdx(narrow<u32>(ids[1])));
  CHECK(matches(structure, HeapType(AbsHeapType::any)));
  CHECK(matches(structure, HeapType(AbsHeapType::struct_)));
  CHECK_FALSE(matches(structure, HeapType(AbsHeapType::array)));
  CHECK_FALSE(matches(structure, HeapType(AbsHeapType::func)));
  CHECK(matches(function, HeapType(AbsHeapType::func)));
  CHECK(matches(HeapType(AbsHeapType::none), structure));
  CHECK_FALSE(matches(HeapType(AbsHeapType::none), function));
  CHECK(matches(HeapType(AbsHeapType::nofunc), function));
  CHECK_FALSE(matches(ValType::ref(structure, true), ValType::ref(structure, false)));
}

TEST_CASE("many groups stay findable") {
  std::vector<std::vector<Def>> groups;
  for (u32 i = 0; i < 3000; ++i) { // one bit of i per parameter: all different
    std::vector<ValType> params;
    for (u32 bit = 0; bit < 12; ++bit) {
      params.push_back((i >> bit & 1) != 0 ? kI32 : kI64);
    }
    groups.push_back({{.params = std::move(params), .results = {kI64, kI32, kI64}}});
  }
  const auto first = ids_of(groups);
  CHECK_EQ(ids_of(groups), first);
  for (usize i = 1; i < first.size(); ++i) {
    REQUIRE_NE(first[i], first[i - 1]);
  }
}

} // namespace petrel::runtime
