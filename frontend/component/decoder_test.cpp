// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decoding and validation: messages with their offsets, gates, limits, truncation at every byte.
#include "frontend/component/component_decoder.h"
#include "frontend/component/fixtures_test.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace petrel;
using namespace petrel::frontend::comp;

namespace {

using Bin = std::vector<u8>;

Bin operator+(Bin a, const Bin& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bin leb(u64 value) {
  Bin out;
  do {
    u8 byte = value & 0x7f;
    value >>= 7;
    out.push_back(static_cast<u8>(byte | (value != 0 ? 0x80 : 0)));
  } while (value != 0);
  return out;
}
Bin name(std::string_view text) { return leb(text.size()) + Bin(text.begin(), text.end()); }
const Bin kPreamble = {0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00};
Bin section(u8 id, const Bin& body) { return Bin{id} + leb(body.size()) + body; }
/// A section with one item.
Bin one(u8 id, const Bin& item) { return section(id, Bin{1} + item); }

std::string verdict(const Bin& sections, DecodeOptions options = {}) {
  Status status = validate_component(kPreamble + sections, options);
  return status ? "ok" : status.error().to_string();
}
DecodeOptions with(ir::Feature feature) {
  DecodeOptions options;
  options.features = options.features.with(feature);
  return options;
}

} // namespace

TEST_CASE("the preamble tells components from modules") {
  CHECK(is_component(kPreamble));
  CHECK_FALSE(is_component(Bin{0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00}));
  CHECK_EQ(verdict({}), "ok");
  Bin other = kPreamble;
  other[4] = 0x0e;
  CHECK_EQ(validate_component(other, {}).error().to_string(),
           "error[malformed]: offset 0x4: unknown binary version and encoding combination: 0xe and "
           "0x1, expected 0xd and 0x1");
}

TEST_CASE("malformed bytes are named with their offset") {
  CHECK_EQ(verdict({0x0d, 0x00}), "error[malformed]: offset 0x8: malformed section id: 13");
  CHECK_EQ(verdict(one(7, {0x62})), "error[malformed]: component type section (id 7), offset 0xb: "
                                    "invalid leading byte (0x62) for component defined type");
  CHECK_EQ(verdict(one(7, {0x70, 0x7d, 0x00})),
           "error[malformed]: component type section (id 7), offset 0xd: section size mismatch: "
           "unexpected content after the last item");
  CHECK_EQ(verdict(one(8, {0x07, 0x00})),
           "error[malformed]: component canon section (id 8), offset 0xb: invalid leading byte "
           "(0x7) for canonical function");
  CHECK_EQ(verdict(section(7, leb(1'000'001))),
           "error[limit]: component type section (id 7), offset 0xa: items of a section count of "
           "1000001 exceeds the limit of 1000000");
}

TEST_CASE("invalid definitions are named with the offset of the definition") {
  CHECK_EQ(verdict(one(7, {0x70, 0x05})), "error[invalid]: component type section (id 7), offset "
                                          "0xc: unknown type 5: type index out of bounds");
  CHECK_EQ(verdict(one(7, {0x72, 0x00})), "error[invalid]: component type section (id 7), offset "
                                          "0xc: record type must have at least one field");
  CHECK_EQ(verdict(one(7, Bin{0x72, 0x02} + name("a-b") + Bin{0x7d} + name("A-b") + Bin{0x7d})),
           "error[invalid]: component type section (id 7), offset 0x12: record field name `A-b` "
           "conflicts with previous field name `a-b`");
  CHECK_EQ(verdict(one(7, Bin{0x72, 0x01} + name("aB") + Bin{0x7d})),
           "error[invalid]: component type section (id 7), offset 0xd: record field name `aB` is "
           "not in kebab case");
  // borrow in a result; $0 = resource, $1 = borrow 0, $2 = func -> $1
  CHECK_EQ(verdict(section(7, Bin{3, 0x3f, 0x7f, 0x00, 0x68, 0x00, 0x40, 0x00, 0x00, 0x01})),
           "error[invalid]: component type section (id 7), offset 0x12: function result cannot "
           "contain a `borrow` type");
  CHECK_EQ(verdict(one(7, {0x3f, 0x7e, 0x00})),
           "error[invalid]: component type section (id 7), offset 0xc: resources can only be "
           "represented by `i32`");
  CHECK_EQ(verdict(one(11, Bin{0x00} + name("f") + Bin{0x01, 0x00, 0x00})),
           "error[invalid]: component export section (id 11), offset 0xb: unknown function 0: "
           "function index out of bounds");
}

TEST_CASE("what an import or export uses must have been named") {
  Bin record = one(7, Bin{0x72, 0x01} + name("x") + Bin{0x7d});
  Bin func = one(7, Bin{0x40, 0x01} + name("p") + Bin{0x00, 0x01, 0x00});
  Bin import_func = one(10, Bin{0x00} + name("f") + Bin{0x01, 0x01});
  CHECK_EQ(verdict(record + func + import_func),
           "error[invalid]: component import section (id 10), offset 0x1d: func not valid to be "
           "used as import: `f` uses a type that no "
           "import or export has named");
  Bin import_type = one(10, Bin{0x00} + name("t") + Bin{0x03, 0x00, 0x00});
  Bin func_of_named = one(7, Bin{0x40, 0x01} + name("p") + Bin{0x01, 0x01, 0x00});
  CHECK_EQ(verdict(record + import_type + func_of_named +
                   one(10, Bin{0x00} + name("f") + Bin{0x01, 0x02})),
           "ok");
}

TEST_CASE("gated features are unsupported by name") {
  Bin map = one(7, {0x63, 0x73, 0x7d});
  CHECK_EQ(
      verdict(map).substr(0, 89),
      "error[unsupported]: component type section (id 7), offset 0xb: a map type needs feature c");
  CHECK_EQ(verdict(map, with(ir::Feature::ComponentMap)), "ok");
  CHECK_EQ(verdict(one(7, {0x63, 0x76, 0x7d}), with(ir::Feature::ComponentMap)),
           "error[invalid]: component type section (id 7), offset 0xc: invalid map key: expected "
           "bool, an integer, char or string");
  Bin fixed = one(7, {0x67, 0x7d, 0x04});
  CHECK(verdict(fixed).find("component-model-fixed-length-lists") != std::string::npos);
  CHECK_EQ(verdict(fixed, with(ir::Feature::ComponentFixedLengthLists)), "ok");
  CHECK(verdict(section(9, {0x00, 0x00, 0x00})).find("component-model-values") !=
        std::string::npos);
  CHECK(verdict(section(12, {0x00})).find("component-model-values") != std::string::npos);
  CHECK(verdict(one(8, {0x26})).find("component-model-threading") != std::string::npos);
  CHECK_EQ(verdict(one(8, {0x1f})), "ok"); // waitable-set.new: async is on
  DecodeOptions no_async;
  no_async.features = no_async.features.without(ir::Feature::ComponentAsync);
  CHECK(verdict(one(8, {0x1f}), no_async).find("component-model-async") != std::string::npos);
}

TEST_CASE("core tags are a sort like the others") {
  // (component
  //   (core module $a (tag (export "e") (param i32)))
  //   (core module $b (import "a" "e" (tag $e (param i32)))
  //     (func (export "f") (param i32) (throw $e (local.get 0))))
  //   (core instance $ia (instantiate $a))
  //   (alias core export $ia "e" (core tag $t))
  //   (core instance $x (export "e" (tag $t)))
  //   (core instance $ib (instantiate $b (with "a" (instance $x)))))
  Bin component = {0x01, 0x1b, 0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05,
                   0x01, 0x60, 0x01, 0x7f, 0x00, 0x0d, 0x03, 0x01, 0x00, 0x00, 0x07, 0x05,
                   0x01, 0x01, 0x65, 0x04, 0x00, 0x01, 0x2e, 0x00, 0x61, 0x73, 0x6d, 0x01,
                   0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x01, 0x7f, 0x00, 0x02, 0x08,
                   0x01, 0x01, 0x61, 0x01, 0x65, 0x04, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00,
                   0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00, 0x0a, 0x08, 0x01, 0x06, 0x00,
                   0x20, 0x00, 0x08, 0x00, 0x0b, 0x02, 0x04, 0x01, 0x00, 0x00, 0x00, 0x06,
                   0x07, 0x01, 0x00, 0x04, 0x01, 0x00, 0x01, 0x65, 0x02, 0x0e, 0x02, 0x01,
                   0x01, 0x01, 0x65, 0x04, 0x00, 0x00, 0x01, 0x01, 0x01, 0x61, 0x12, 0x01};
  if (ir::is_implemented(ir::Feature::Exceptions)) {
    CHECK_EQ(verdict(component), "ok");
  }
  DecodeOptions off;
  off.features = off.features.without(ir::Feature::Exceptions);
  const Bin func_type = {0x01, 0x60, 0, 0};
  const Bin module_type = Bin{0x50, 2} + func_type + Bin{0x00, 0, 0, 4, 0, 0};
  CHECK_EQ(verdict(one(3, module_type)), "ok");
  CHECK_EQ(verdict(one(3, module_type), off).substr(0, 19), "error[unsupported]:");
  CHECK_EQ(
      verdict(one(3, Bin{0x50, 2, 0x01, 0x60, 0, 1, 0x7f, 0x00, 0, 0, 4, 0, 0})),
      "error[invalid]: component core type section (id 3), offset 0x15: non-empty tag result type");
  CHECK_EQ(verdict(one(3, Bin{0x50, 2} + func_type + Bin{0x00, 0, 0, 4, 1, 0})),
           "error[malformed]: component core type section (id 3), offset 0x14: malformed tag "
           "attribute");
}

TEST_CASE("nesting of types and components is limited, not recursed into") {
  Bin types;
  for (int i = 0; i < 200; ++i) {
    types = types + Bin{0x01, 0x42, 0x01}; // declarator: type (instance ...) with one declarator
  }
  std::string text = verdict(one(7, Bin{0x42, 0x01} + types));
  CHECK(text.find("component and instance types nest deeper than 100") != std::string::npos);

  Bin nested = kPreamble;
  for (int i = 0; i < 1000; ++i) {
    nested = kPreamble + section(4, nested);
  }
  Status status = validate_component(nested, {});
  REQUIRE_FALSE(status);
  CHECK_EQ(status.error().cls(), ErrorClass::limit);
  CHECK_EQ(status.error().info().text, "components nested in the file exceed the limit of 1000");
}

TEST_CASE("instantiation trees that double at each level hit the limit") {
  // Each component contains the previous one and instantiates it twice.
  Bin inner = kPreamble;
  for (int i = 0; i < 40; ++i) {
    inner = kPreamble + section(4, inner) + section(5, Bin{2, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00});
  }
  CHECK(validate_component(inner, {}).has_value());
  auto decoded = decode_component(inner, {});
  REQUIRE_FALSE(decoded);
  CHECK_EQ(decoded.error().cls(), ErrorClass::limit);
  CHECK_EQ(decoded.error().info().text, "component instances exceed the limit of 10000");
  CHECK(decoded.error().info().offset.has_value());
}

TEST_CASE(
    "a component cut at any byte is refused with an offset inside it, or is a whole shorter one") {
  for (Bytes file : {Bytes(kHostComponent), Bytes(kFusedComponent)}) {
    u32 accepted = 0;
    for (usize size = 0; size < file.size(); ++size) {
      auto decoded = decode_component(file.first(size), {});
      if (decoded) {
        ++accepted; // between two sections
        continue;
      }
      CAPTURE(size);
      REQUIRE(decoded.error().info().offset.has_value());
      CHECK(*decoded.error().info().offset <= size);
      CHECK_EQ(decoded.error().cls(), ErrorClass::malformed);
    }
    CHECK(accepted < 20);
    CHECK(decode_component(file, {}).has_value());
  }
}

TEST_CASE("damaged components end in an error or a sound plan") {
  u32 seed = 12345;
  auto next = [&] { return seed = seed * 1103515245 + 12345; };
  for (Bytes file : {Bytes(kHostComponent), Bytes(kFusedComponent)}) {
    for (int round = 0; round < 1500; ++round) {
      Bin damaged(file.begin(), file.end());
      for (u32 edits = 1 + (next() >> 16) % 3; edits > 0; --edits) {
        damaged[(next() >> 8) % damaged.size()] = static_cast<u8>(next() >> 16);
      }
      auto decoded = decode_component(damaged, {});
      if (decoded) {
        CHECK(ir::ComponentPlan::check(decoded->plan_bytes.data(), decoded->plan_bytes.size()));
      } else {
        bool classed = decoded.error().cls() == ErrorClass::malformed ||
                       decoded.error().cls() == ErrorClass::invalid ||
                       decoded.error().cls() == ErrorClass::unsupported ||
                       decoded.error().cls() == ErrorClass::limit;
        CHECK(classed);
      }
    }
  }
}
