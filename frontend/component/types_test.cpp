// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layout and flattening against facts printed by the reference, canonical-abi/definitions.py: random types in a
// small notation, {a b} record, (a b) tuple, [a _] variant, ?a option, !a b result, *a list, 3*a fixed-length list.
#include "frontend/component/types.h"

#include "frontend/component/canon_abi.h"

#include <doctest/doctest.h>

#include <deque>

using namespace petrel;
using namespace petrel::frontend::comp;

namespace {

struct Fact {
  const char* type;
  u64 size32;
  u32 align32;
  u64 size64;
  u32 align64;
  u32 flat_count;
  const char* flat;
};
const Fact kFacts[] = {
    {"u8", 1, 1, 1, 1, 1, "i32"},
    {"{(3*s8 (u32 f32) s16)}", 16, 4, 16, 4, 6, "i32 i32 i32 i32 f32 i32"},
    {"{s16 u8 u8 flags17}", 8, 4, 8, 4, 4, "i32 i32 i32 i32"},
    {"[*char]", 12, 4, 24, 8, 3, "i32 i32 i32"},
    {"bool", 1, 1, 1, 1, 1, "i32"},
    {"!*!u8 f32 *flags17", 12, 4, 24, 8, 3, "i32 i32 i32"},
    {"(s32 s64 (s32 !u16 {f64 f32 f64} flags32) *s64)", 72, 8, 80, 8, 10,
     "i32 i64 i32 i32 i64 f32 f64 i32 i32 i32"},
    {"(string char u32 !3*u8 _)", 20, 4, 32, 8, 8, "i32 i32 i32 i32 i32 i32 i32 i32"},
    {"flags32", 4, 4, 4, 4, 1, "i32"},
    {"*?[s16]", 8, 4, 16, 8, 2, "i32 i32"},
    {"f32", 4, 4, 4, 4, 1, "f32"},
    {"u16", 2, 2, 2, 2, 1, "i32"},
    {"u32", 4, 4, 4, 4, 1, "i32"},
    {"*3*{3*u32 ?s8 ?bool s16}", 8, 4, 16, 8, 2, "i32 i32"},
    {"((3*s32) ([_ (s64 s64 s64 u16) s32] !_ u64) 3*3*f64)", 144, 8, 144, 8, 19, ""},
    {"flags17", 4, 4, 4, 4, 1, "i32"},
    {"[3*s16 enum2 _]", 8, 2, 8, 2, 4, "i32 i32 i32 i32"},
    {"enum2", 1, 1, 1, 1, 1, "i32"},
    {"s64", 8, 8, 8, 8, 1, "i64"},
    {"s16", 2, 2, 2, 2, 1, "i32"},
    {"{*(enum257) ?*char ?(u8 f32) [3*{string} _ [_ {s16 u16 u64} flags17 char] 3*3*u8]}", 64, 8,
     112, 8, 18, ""},
    {"3*!_ [(s32) !_ u64]", 96, 8, 96, 8, 12, "i32 i32 i32 i64 i32 i32 i32 i64 i32 i32 i32 i64"},
    {"string", 8, 4, 16, 8, 2, "i32 i32"},
    {"(u64 enum256 3*3*3*u16 enum257)", 72, 8, 72, 8, 30, ""},
    {"s8", 1, 1, 1, 1, 1, "i32"},
    {"*s16", 8, 4, 16, 8, 2, "i32 i32"},
    {"enum256", 1, 1, 1, 1, 1, "i32"},
    {"[!?[u32 _] *char s64 s32]", 24, 8, 32, 8, 5, "i32 i64 i32 i32 i32"},
    {"((bool) [flags16 !_ char flags1])", 16, 4, 16, 4, 4, "i32 i32 i32 i32"},
    {"flags1", 1, 1, 1, 1, 1, "i32"},
    {"enum1", 1, 1, 1, 1, 1, "i32"},
    {"*?flags17", 8, 4, 16, 8, 2, "i32 i32"},
    {"u64", 8, 8, 8, 8, 1, "i64"},
    {"(u8 u16)", 4, 2, 4, 2, 2, "i32 i32"},
    {"3*flags16", 6, 2, 6, 2, 3, "i32 i32 i32"},
    {"[u16 u64 s64]", 16, 8, 16, 8, 2, "i32 i64"},
    {"f64", 8, 8, 8, 8, 1, "f64"},
    {"!3*s16 _", 8, 2, 8, 2, 4, "i32 i32 i32 i32"},
    {"char", 4, 4, 4, 4, 1, "i32"},
    {"[_ _ _ flags16]", 4, 2, 4, 2, 2, "i32 i32"},
    {"?flags17", 8, 4, 8, 4, 2, "i32 i32"},
    {"s32", 4, 4, 4, 4, 1, "i32"},
    {"3*bool", 3, 1, 3, 1, 3, "i32 i32 i32"},
    {"flags8", 1, 1, 1, 1, 1, "i32"},
    {"(?![_] _ ?3*u64)", 40, 8, 40, 8, 7, "i32 i32 i32 i32 i64 i64 i64"},
    {"{bool s32}", 8, 4, 8, 4, 2, "i32 i32"},
    {"?3*bool", 4, 1, 4, 1, 4, "i32 i32 i32 i32"},
    {"enum257", 2, 2, 2, 2, 1, "i32"},
    {"3*(!u16 enum257)", 12, 2, 12, 2, 6, "i32 i32 i32 i32 i32 i32"},
    {"?f64", 16, 8, 16, 8, 2, "i32 f64"},
    {"*char", 8, 4, 16, 8, 2, "i32 i32"},
    {"[(flags32 !3*s16 s64)]", 32, 8, 32, 8, 6, "i32 i32 i32 i64 i32 i32"},
    {"!_ enum1", 2, 1, 2, 1, 2, "i32 i32"},
    {"[_ 3*s8 s64]", 16, 8, 16, 8, 4, "i32 i64 i32 i32"},
    {"[_]", 1, 1, 1, 1, 1, "i32"},
    {"?u8", 2, 1, 2, 1, 2, "i32 i32"},
    {"?s32", 8, 4, 8, 4, 2, "i32 i32"},
    {"flags9", 2, 2, 2, 2, 1, "i32"},
    {"?(flags1 bool flags32)", 12, 4, 12, 4, 4, "i32 i32 i32 i32"},
    {"*s32", 8, 4, 16, 8, 2, "i32 i32"},
    {"??3*(char)", 20, 4, 20, 4, 5, "i32 i32 i32 i32 i32"},
    {"[3*s64 u16 flags16]", 32, 8, 32, 8, 4, "i32 i64 i64 i64"},
    {"flags16", 2, 2, 2, 2, 1, "i32"},
    {"!*!enum1 *s16 enum1", 12, 4, 24, 8, 3, "i32 i32 i32"},
    {"?3*u16", 8, 2, 8, 2, 4, "i32 i32 i32 i32"},
    {"*u64", 8, 4, 16, 8, 2, "i32 i32"},
    {"!bool !_ u64", 24, 8, 24, 8, 3, "i32 i32 i64"},
    {"!u8 (string string f32 flags8)", 28, 4, 48, 8, 7, "i32 i32 i32 i32 i32 f32 i32"},
    {"3*(u64)", 24, 8, 24, 8, 3, "i64 i64 i64"},
    {"{flags9 enum257 3*u32}", 16, 4, 16, 4, 5, "i32 i32 i32 i32 i32"},
    {"?s16", 4, 2, 4, 2, 2, "i32 i32"},
    {"*bool", 8, 4, 16, 8, 2, "i32 i32"},
    {"??string", 16, 4, 32, 8, 4, "i32 i32 i32 i32"},
    {"[{{f32 bool} [*char u8 u64 f64]} *(s8)]", 32, 8, 40, 8, 6, "i32 i32 i32 i32 i64 i32"},
    {"(flags16 char)", 8, 4, 8, 4, 2, "i32 i32"},
    {"*!!?bool {s16 char s8} _", 8, 4, 16, 8, 2, "i32 i32"},
    {"*flags1", 8, 4, 16, 8, 2, "i32 i32"},
    {"((!_ u32 [flags32 *s32 (u32 string) {u64 u64 s32 u8}] (s8) u32))", 48, 8, 48, 8, 9,
     "i32 i32 i32 i64 i64 i32 i32 i32 i32"},
    {"!s64 3*(f32 u16 enum257)", 32, 8, 32, 8, 10, "i32 i64 i32 i32 f32 i32 i32 f32 i32 i32"},
    {"3*((enum257) {bool f32 s8} [{f64} enum1 s16 _] char)", 120, 8, 120, 8, 21, ""},
    {"?[s64 s8 [flags16]]", 24, 8, 24, 8, 4, "i32 i32 i64 i32"},
    {"*{?enum1 [f32 _ bool string] ([u8 s8] s64 enum256)}", 8, 4, 16, 8, 2, "i32 i32"},
    {"!?char [enum257 u32]", 12, 4, 12, 4, 3, "i32 i32 i32"},
    {"[char _ {f32 flags32 enum257} 3*{!s64 _}]", 56, 8, 56, 8, 7, "i32 i32 i64 i32 i64 i32 i64"},
    {"!_ _", 1, 1, 1, 1, 1, "i32"},
    {"(*s64 {(3*s8 u64 [_])})", 32, 8, 40, 8, 7, "i32 i32 i32 i32 i32 i64 i32"},
    {"(s64 string)", 16, 8, 24, 8, 3, "i64 i32 i32"},
    {"[flags8 !!u64 enum2 flags32]", 32, 8, 32, 8, 4, "i32 i32 i32 i64"},
    {"*!(?char flags16 [s8 u8 bool]) flags32", 8, 4, 16, 8, 2, "i32 i32"},
    {"*{f32 ?{s64 s16}}", 8, 4, 16, 8, 2, "i32 i32"},
};

class Notation {
public:
  explicit Notation(TypeTable& types) : types_(types) {}

  TypeId parse(std::string_view text) {
    text_ = text;
    TypeId out = one();
    REQUIRE(text_.empty());
    return out;
  }

private:
  TypeId make(TypeTable::ValueSpec spec) {
    auto made = types_.make_value(std::move(spec));
    REQUIRE(made.has_value());
    return *made;
  }
  std::string_view fresh_name() { return names_.emplace_back("n" + std::to_string(names_.size())); }

  TypeId list_of(DefTypeKind kind, char close) {
    TypeTable::ValueSpec spec;
    spec.kind = kind;
    while (text_[0] != close) {
      spec.fields.push_back(
          {kind == DefTypeKind::tuple ? std::string_view() : fresh_name(), one()});
      if (text_[0] == ' ') {
        text_.remove_prefix(1);
      }
    }
    text_.remove_prefix(1);
    return make(std::move(spec));
  }

  TypeId one() {
    char c = text_[0];
    auto skip = [&](usize n) { text_.remove_prefix(n); };
    switch (c) {
    case '_': skip(1); return TypeId::none();
    case '{': skip(1); return list_of(DefTypeKind::record, '}');
    case '(': skip(1); return list_of(DefTypeKind::tuple, ')');
    case '[': skip(1); return list_of(DefTypeKind::variant, ']');
    case '?':
      skip(1);
      return make({.kind = DefTypeKind::option, .elem = one(), .second = {}, .fields = {}});
    case '*':
      skip(1);
      return make({.kind = DefTypeKind::list, .elem = one(), .second = {}, .fields = {}});
    case '3':
      skip(2);
      return make({.kind = DefTypeKind::fixed_list,
                   .elem = one(),
                   .second = {},
                   .number = 3,
                   .fields = {}});
    case '!': {
      skip(1);
      TypeId ok = one();
      skip(1);
      return make({.kind = DefTypeKind::result, .elem = ok, .second = one(), .fields = {}});
    }
    default: break;
    }
    usize end = 0;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) != 0)) {
      ++end;
    }
    std::string word(text_.substr(0, end));
    skip(end);
    bool is_enum = word.starts_with("enum");
    if (is_enum || word.starts_with("flags")) {
      TypeTable::ValueSpec spec;
      spec.kind = is_enum ? DefTypeKind::enum_ : DefTypeKind::flags;
      for (int left = std::stoi(word.substr(is_enum ? 4 : 5)); left > 0; --left) {
        spec.fields.push_back({fresh_name(), TypeId::none()});
      }
      return make(std::move(spec));
    }
    for (u32 k = 0; k <= static_cast<u32>(DefTypeKind::string); ++k) {
      if (value_kind_name(static_cast<DefTypeKind>(k)) == word) {
        return types_.primitive(static_cast<DefTypeKind>(k));
      }
    }
    FAIL("unknown type ", word);
    return {};
  }

  TypeTable& types_;
  std::string_view text_;
  std::deque<std::string> names_;
};

std::string flat_text(const TypeTable& types, TypeId type) {
  std::vector<ValType> flat;
  flatten(types, type, ValKind::i32, flat);
  std::string out;
  for (ValType t : flat) {
    out += (out.empty() ? "" : " ") + petrel::to_string(t);
  }
  return out;
}

} // namespace

TEST_CASE("layout and flattening agree with definitions.py") {
  TypeTable types;
  Notation notation(types);
  for (const Fact& fact : kFacts) {
    CAPTURE(fact.type);
    TypeId id = notation.parse(fact.type);
    const Type type = types[id];
    CHECK_EQ(type.size32, fact.size32);
    CHECK_EQ(type.align32, fact.align32);
    CHECK_EQ(type.size64, fact.size64);
    CHECK_EQ(type.align64, fact.align64);
    CHECK_EQ(type.flat_count, std::min<u32>(fact.flat_count, kFlatMany));
    if (fact.flat_count <= kMaxFlatParams) {
      CHECK_EQ(flat_text(types, id), fact.flat);
    }
  }
}

TEST_CASE("functions flatten with pointers beyond the limits") {
  TypeTable types;
  TypeId u32_type = types.primitive(DefTypeKind::u32);
  std::vector<NamedType> params(16, NamedType{"p", u32_type});
  auto sixteen = types.make_func(params, types.primitive(DefTypeKind::string), false);
  REQUIRE(sixteen);
  FlatSignature lower = flatten_func(types, *sixteen, {.is_lift = false});
  CHECK_EQ(lower.sig.params.size(), 17u); // out-pointer
  CHECK(lower.sig.results.empty());
  CHECK(lower.result_in_memory);
  CHECK_FALSE(lower.params_in_memory);
  FlatSignature lift = flatten_func(types, *sixteen, {.is_lift = true});
  CHECK_EQ(lift.sig.params.size(), 16u);
  CHECK_EQ(lift.sig.results.size(), 1u);
  params.push_back({"q", u32_type});
  auto seventeen = types.make_func(params, TypeId::none(), false);
  REQUIRE(seventeen);
  CHECK_EQ(flatten_func(types, *seventeen, {.is_lift = true}).sig.params.size(), 1u);
  auto async5 = types.make_func({params.begin(), params.begin() + 5}, u32_type, true);
  REQUIRE(async5);
  FlatSignature async_lower = flatten_func(types, *async5, {.is_lift = false, .is_async = true});
  CHECK_EQ(async_lower.sig.params.size(), 2u);
  CHECK_EQ(async_lower.sig.results.size(), 1u);
}

TEST_CASE("type limits: depth, size through sharing, bytes") {
  TypeTable types;
  TypeId deep = types.primitive(DefTypeKind::u8);
  for (u32 i = 1; i < kMaxTypeDepth; ++i) {
    auto next =
        types.make_value({.kind = DefTypeKind::list, .elem = deep, .second = {}, .fields = {}});
    REQUIRE(next);
    deep = *next;
  }
  auto too_deep =
      types.make_value({.kind = DefTypeKind::list, .elem = deep, .second = {}, .fields = {}});
  REQUIRE_FALSE(too_deep);
  CHECK_EQ(too_deep.error().cls(), ErrorClass::limit);

  TypeId wide = types.primitive(DefTypeKind::u8);
  Result<TypeId> last = wide;
  for (u32 i = 0; i < 30 && last; ++i) {
    wide = *last;
    last = types.make_value({.kind = DefTypeKind::list, .elem = wide, .second = {}, .fields = {}});
    REQUIRE(last);
    TypeId list = *last;
    last = types.make_value({.kind = DefTypeKind::tuple,
                             .elem = {},
                             .second = {},
                             .fields = {{{}, list}, {{}, list}, {{}, list}}});
  }
  REQUIRE_FALSE(last);
  CHECK_EQ(last.error().info().text, "effective type size exceeds the limit of 1000000");

  auto big = types.make_value({.kind = DefTypeKind::fixed_list,
                               .elem = types.primitive(DefTypeKind::u8),
                               .second = {},
                               .number = 1u << 28,
                               .fields = {}});
  REQUIRE_FALSE(big);
  CHECK_EQ(big.error().info().text,
           "type of 268435456 bytes exceeds maximum byte size of 268435455");
  CHECK(types.make_value({.kind = DefTypeKind::fixed_list,
                          .elem = types.primitive(DefTypeKind::u8),
                          .second = {},
                          .number = (1u << 28) - 1,
                          .fields = {}}));
}

TEST_CASE("equal structures have one shape, resources are generative") {
  TypeTable types;
  TypeId u8_type = types.primitive(DefTypeKind::u8);
  auto a =
      types.make_value({.kind = DefTypeKind::list, .elem = u8_type, .second = {}, .fields = {}});
  auto b =
      types.make_value({.kind = DefTypeKind::list, .elem = u8_type, .second = {}, .fields = {}});
  CHECK(*a != *b);
  CHECK_EQ(types[*a].shape, types[*b].shape);
  TypeId r = types.make_resource();
  TypeId s = types.make_resource();
  CHECK(types[r].shape != types[s].shape);
  auto own_r = types.make_value({.kind = DefTypeKind::own, .elem = r, .second = {}, .fields = {}});
  auto own_s = types.make_value({.kind = DefTypeKind::own, .elem = s, .second = {}, .fields = {}});
  Substitution map;
  map.resources[types[r].resource()] = s;
  CHECK_EQ(types[types.substitute(*own_r, map)].shape, types[*own_s].shape);
  CHECK_EQ(mismatch(types, {EntityKind::type, *own_r}, {EntityKind::type, *own_s}),
           "resource types are not the same");
}
