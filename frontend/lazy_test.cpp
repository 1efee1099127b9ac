// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lazy validation gives what validation at load does: the same records, side tables and errors, one function at a time.
#include "frontend/lazy_validator.h"

#include <array>
#include <thread>

#include "frontend/test_module.h"

namespace petrel::frontend::test {

namespace {

DecodeOptions lazy_options() {
  DecodeOptions options;
  options.lazy = true;
  return options;
}

/// Functions [] -> [] with these bodies (locals and code).
ByteVec module_of(const std::vector<ByteVec>& bodies) {
  ByteVec types = {static_cast<u8>(bodies.size())};
  ByteVec code = {static_cast<u8>(bodies.size())};
  for (const ByteVec& body : bodies) {
    types = types + ByteVec{0};
    code = code + leb(static_cast<u32>(body.size())) + body;
  }
  return kPreamble + section(1, {1, 0x60, 0, 0}) + section(3, types) + section(10, code);
}

const ByteVec kPlain = {0, 0x0b};
const ByteVec kBranches = {1, 2, 0x7f, 0x02, 0x40, 0x20, 0, 0x0d, 0, 0x10, 0, 0x0b, 0x0b};
const ByteVec kInvalid = {0, 0x6a, 0x0b};         // i32.add of nothing
const ByteVec kMalformed = {0, 0x02, 0x40, 0x0b}; // a block without end
const ByteVec kUnknown = {0, 0xff, 0x0b};         // no such instruction
const ByteVec kVector = {1, 1, 0x7b, 0x0b};       // a local of type v128

} // namespace

TEST_CASE("lazy validation: records and side tables as at load") {
  const ByteVec bytes = module_of({kPlain, kBranches, kVector});
  const auto eager = decode(bytes);
  REQUIRE(eager.has_value());
  const auto lazy = decode_module(bytes, 0, bytes.size(), lazy_options());
  REQUIRE(lazy.has_value());
  CHECK_EQ(lazy->module().header().has_v128, 0);
  LazyValidator validator(lazy->module(), bytes, lazy_options());
  for (u32 i = 0; i < 3; ++i) {
    const auto body = validator.check(i);
    REQUIRE(body.has_value());
    const ir::Func& expected = eager->module().funcs()[i];
    const ir::Func& found = (*body)->func;
    CHECK_EQ(found.body_offset, expected.body_offset);
    CHECK_EQ(found.body_end, expected.body_end);
    CHECK_EQ(found.local_count, expected.local_count);
    CHECK_EQ(found.max_height, expected.max_height);
    const auto words =
        eager->module().side_table().subspan(expected.side_table, expected.side_table_words);
    CHECK(std::ranges::equal((*body)->side_table, words));
    CHECK_EQ((*body)->has_v128, i == 2);
    CHECK_EQ(*validator.check(i), *body); // once
  }
}

TEST_CASE("lazy validation: the errors of validation at load") {
  for (const ByteVec& bad : {kInvalid, kMalformed, kUnknown}) {
    const ByteVec bytes = module_of({kPlain, bad});
    const auto eager = decode(bytes);
    REQUIRE(!eager.has_value());
    const auto lazy = decode_module(bytes, 0, bytes.size(), lazy_options());
    REQUIRE(lazy.has_value());
    LazyValidator validator(lazy->module(), bytes, lazy_options());
    CHECK(validator.check(0).has_value());
    for (int again = 0; again < 2; ++again) {
      const auto body = validator.check(1);
      REQUIRE(!body.has_value());
      CHECK_EQ(body.error().to_string(), eager.error().to_string());
    }
  }
}

TEST_CASE("lazy validation: what lies around the bodies is checked at load") {
  const ByteVec bytes = module_of({kPlain, kPlain});
  const ByteVec cut(bytes.begin(), bytes.end() - 1);
  CHECK(!decode_module(cut, 0, cut.size(), lazy_options()).has_value());
}

TEST_CASE("lazy validation: threads that ask at the same time get the same") {
  const ByteVec bytes = module_of(std::vector<ByteVec>(100, kBranches));
  const auto lazy = decode_module(bytes, 0, bytes.size(), lazy_options());
  REQUIRE(lazy.has_value());
  LazyValidator validator(lazy->module(), bytes, lazy_options());
  std::array<std::vector<const ir::CheckedBody*>, 4> seen;
  std::vector<std::thread> threads;
  for (auto& own : seen) {
    threads.emplace_back([&] {
      for (u32 i = 0; i < 100; ++i) {
        own.push_back(*validator.check(i));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const auto& own : seen) {
    CHECK(own == seen[0]);
  }
}

TEST_CASE("lazy validation: names and what follows the section in errors") {
  // "f" exports the second function; a section follows one whose last body lacks its end.
  const ByteVec exported = section(7, {1, 1, 'f', 0, 1});
  const ByteVec types = section(1, {1, 0x60, 0, 0}) + section(3, {2, 0, 0}) + exported;
  for (const ByteVec& bad : {kInvalid, kMalformed}) {
    const ByteVec bodies = ByteVec{2} + leb(static_cast<u32>(kPlain.size())) + kPlain +
                           leb(static_cast<u32>(bad.size())) + bad;
    const ByteVec bytes = kPreamble + types + section(10, bodies) + section(0, {1, 'x'});
    const auto eager = decode(bytes);
    REQUIRE(!eager.has_value());
    CHECK(eager.error().to_string().find("func 1 \"f\"") != std::string::npos);
    const auto lazy = decode_module(bytes, 0, bytes.size(), lazy_options());
    REQUIRE(lazy.has_value());
    LazyValidator validator(lazy->module(), bytes, lazy_options());
    const auto body = validator.check(1);
    REQUIRE(!body.has_value());
    CHECK_EQ(body.error().to_string(), eager.error().to_string());
  }
}

} // namespace petrel::frontend::test
