// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each limit of ir/limits.def that the core decoder checks: at the limit, and one above with the flag that helps.
#include "frontend/test_module.h"

namespace petrel::frontend::test {

namespace {

/// `make(n)` has n of something limited by `name`: 3 pass with the limit at 3, 4 give `message`.
template <typename Make>
void check_limit(std::string_view name, Make make, std::string_view message) {
  DecodeOptions options;
  REQUIRE(ir::apply_limit_option(std::string(name) + "=3", options.limits).has_value());
  CHECK_EQ(verdict(make(3), options), "ok");
  CHECK_EQ(verdict(make(4), options), message);
}

ByteVec times(u8 id, u32 count, const ByteVec& element) {
  return section(id, leb(count) + repeat(element, count));
}

} // namespace

TEST_CASE("limits of sections") {
  check_limit(
      "types", [](u32 n) { return kPreamble + times(1, n, {0x60, 0, 0}); },
      "error[limit]: section type (id 1), offset 0xa: 4 types exceed limit 3 (-L types=N)");
  check_limit(
      "imports", [](u32 n) { return kPreamble + times(2, n, {0, 0, 3, 0x7f, 0}); },
      "error[limit]: section import (id 2), offset 0xa: 4 imports exceed limit 3 (-L imports=N)");
  check_limit(
      "functions",
      [](u32 n) {
        return kPreamble + section(1, {1, 0x60, 0, 0}) + times(3, n, {0}) +
               times(10, n, {2, 0, 0x0b});
      },
      "error[limit]: section function (id 3), offset 0x10: 4 functions exceed limit 3 (-L "
      "functions=N)");
  check_limit(
      "functions",
      [](u32 n) { return kPreamble + section(1, {1, 0x60, 0, 0}) + times(2, n, {0, 0, 0, 0}); },
      "error[limit]: section import (id 2), offset 0x20: 4 functions exceed limit 3 (-L "
      "functions=N)");
  check_limit(
      "tables", [](u32 n) { return kPreamble + times(4, n, {0x70, 0, 0}); },
      "error[limit]: section table (id 4), offset 0xa: 4 tables exceed limit 3 (-L tables=N)");
  check_limit(
      "memories", [](u32 n) { return kPreamble + times(5, n, {0, 0}); },
      "error[limit]: section memory (id 5), offset 0xa: 4 memories exceed limit 3 (-L memories=N)");
  check_limit(
      "memories",
      [](u32 n) { return kPreamble + times(2, n - 2, {0, 0, 2, 0, 0}) + times(5, 2, {0, 0}); },
      "error[limit]: section memory (id 5), offset 0x1a: 4 memories exceed limit 3 (-L "
      "memories=N)");
  check_limit(
      "globals", [](u32 n) { return kPreamble + times(6, n, {0x7f, 0, 0x41, 0, 0x0b}); },
      "error[limit]: section global (id 6), offset 0xa: 4 globals exceed limit 3 (-L globals=N)");
  check_limit(
      "exports",
      [](u32 n) {
        ByteVec exports = leb(n);
        for (u32 i = 0; i < n; ++i) {
          exports = exports + ByteVec{1, static_cast<u8>('a' + i), 2, 0};
        }
        return kPreamble + section(5, {1, 0, 0}) + section(7, exports);
      },
      "error[limit]: section export (id 7), offset 0xf: 4 exports exceed limit 3 (-L exports=N)");
  check_limit(
      "segments", [](u32 n) { return kPreamble + times(9, n, {1, 0, 0}); },
      "error[limit]: section element (id 9), offset 0xa: 4 segments exceed limit 3 (-L "
      "segments=N)");
  check_limit(
      "segments", [](u32 n) { return kPreamble + times(11, n, {1, 0}); },
      "error[limit]: section data (id 11), offset 0xa: 4 segments exceed limit 3 (-L segments=N)");
  check_limit(
      "segment-elements",
      [](u32 n) {
        return kPreamble + section(9, ByteVec{1, 5, 0x70} + leb(n) + repeat({0xd0, 0x70, 0x0b}, n));
      },
      "error[limit]: section element (id 9), offset 0xd: 4 segment-elements exceed limit 3 (-L "
      "segment-elements=N)");
}

TEST_CASE("limits of types") {
  check_limit(
      "struct-fields",
      [](u32 n) {
        return kPreamble + section(1, ByteVec{1, 0x5f} + leb(n) + repeat({0x7f, 0}, n));
      },
      "error[limit]: section type (id 1), offset 0xc: 4 struct-fields exceed limit 3 (-L "
      "struct-fields=N)");
  // (type $i (sub $i-1 (struct))), the last one with `supers` supertypes above it
  auto chain = [](u32 supers) {
    ByteVec types = leb(supers + 1) + ByteVec{0x50, 0, 0x5f, 0};
    for (u32 i = 0; i < supers; ++i) {
      types = types + ByteVec{0x50, 1, static_cast<u8>(i), 0x5f, 0};
    }
    return kPreamble + section(1, types);
  };
  CHECK_EQ(verdict(chain(63)), "ok");
  CHECK_EQ(verdict(chain(64)),
           "error[limit]: section type (id 1), offset 0x14b: type 64 has more than 63 supertypes");
  // types of one recursion group count as types
  check_limit(
      "types",
      [](u32 n) {
        return kPreamble + section(1, ByteVec{1, 0x4e} + leb(n) + repeat({0x60, 0, 0}, n));
      },
      "error[limit]: section type (id 1), offset 0xc: 4 types exceed limit 3 (-L types=N)");
}

TEST_CASE("limit of tags") {
  check_limit(
      "tags", [](u32 n) { return kPreamble + section(1, {1, 0x60, 0, 0}) + times(13, n, {0, 0}); },
      "error[limit]: section tag (id 13), offset 0x10: 4 tags exceed limit 3 (-L tags=N)");
}

namespace {

/// `make(n)` with the default limit passes, with one more gives an error that names the limit and its flag.
template <typename Make> void check_default(std::string_view name, u32 limit, Make make) {
  const std::string above = verdict(make(limit + 1), DecodeOptions());
  CHECK_EQ(verdict(make(limit), DecodeOptions()), "ok");
  CHECK_EQ(above.substr(0, 13), "error[limit]:");
  const std::string end = strf("exceed limit %u (-L ", limit) + std::string(name) + "=N)";
  CHECK_MESSAGE(above.ends_with(end), above);
}

const ByteVec kEmptyType = section(1, {1, 0x60, 0, 0});

/// Exports of function 0 with names of four bytes.
ByteVec many_exports(u32 count) {
  ByteVec exports = leb(count);
  for (u32 i = 0; i < count; ++i) {
    exports.push_back(4);
    for (u32 digit = 0; digit < 4; ++digit) {
      exports.push_back(static_cast<u8>('0' + (i >> (6 * digit) & 63)));
    }
    exports.insert(exports.end(), {0, 0});
  }
  return kPreamble + kEmptyType + section(3, {1, 0}) + section(7, exports) +
         section(10, {1, 2, 0, 0x0b});
}

} // namespace

TEST_CASE("the defaults, at the limit and one above: sections") {
  check_default("types", 1'000'000, [](u32 n) { return kPreamble + times(1, n, {0x60, 0, 0}); });
  check_default("imports", 1'000'000,
                [](u32 n) { return kPreamble + times(2, n, {0, 0, 3, 0x7f, 0}); });
  check_default("functions", 1'000'000, [](u32 n) {
    return kPreamble + kEmptyType + times(3, n, {0}) + times(10, n, {2, 0, 0x0b});
  });
  check_default("tables", 100, [](u32 n) { return kPreamble + times(4, n, {0x70, 0, 0}); });
  check_default("memories", 100, [](u32 n) { return kPreamble + times(5, n, {0, 0}); });
  check_default("tags", 1'000'000,
                [](u32 n) { return kPreamble + kEmptyType + times(13, n, {0, 0}); });
  check_default("globals", 1'000'000,
                [](u32 n) { return kPreamble + times(6, n, {0x7f, 0, 0x41, 0, 0x0b}); });
  check_default("exports", 1'000'000, many_exports);
  check_default("segments", 100'000, [](u32 n) { return kPreamble + times(9, n, {1, 0, 0}); });
  check_default("segments", 100'000, [](u32 n) { return kPreamble + times(11, n, {1, 0}); });
  check_default("segment-elements", 10'000'000, [](u32 n) {
    return kPreamble + kEmptyType + section(3, {1, 0}) +
           section(9, ByteVec{1, 1, 0} + leb(n) + ByteVec(n, 0)) + section(10, {1, 2, 0, 0x0b});
  });
}

TEST_CASE("the defaults, at the limit and one above: types and functions") {
  check_default("params", 1000, [](u32 n) {
    return kPreamble + section(1, ByteVec{1, 0x60} + leb(n) + ByteVec(n, 0x7f) + ByteVec{0});
  });
  check_default("results", 1000, [](u32 n) {
    return kPreamble + section(1, ByteVec{1, 0x60, 0} + leb(n) + ByteVec(n, 0x7f));
  });
  check_default("struct-fields", 10'000, [](u32 n) {
    return kPreamble + section(1, ByteVec{1, 0x5f} + leb(n) + repeat({0x7f, 0}, n));
  });
  check_default("function-size", 7'654'321,
                [](u32 n) { return one_func(ByteVec(n - 2, 0x01) + ByteVec{0x0b}); });
  check_default("locals", 50'000, [](u32 n) {
    return kPreamble + kEmptyType + section(3, {1, 0}) +
           section(10, ByteVec{1} + body({0x0b}, ByteVec{1} + leb(n) + ByteVec{0x7b}));
  });
  check_default("operands", 1'000'000,
                [](u32 n) { return one_func(repeat({0x41, 0}, n) + ByteVec{0x00, 0x0b}); });
}

TEST_CASE("a br_table is as long as its body lets it") {
  const u32 labels = 1'000'000;
  const ByteVec code =
      ByteVec{0x41, 0, 0x0e} + leb(labels) + ByteVec(labels + 1, 0) + ByteVec{0x0b};
  CHECK_EQ(verdict(one_func(code)), "ok");
  CHECK_EQ(
      verdict(one_func(ByteVec{0x41, 0, 0x0e} + leb(0xffffffff) + ByteVec{0, 0x0b})).substr(0, 16),
      "error[malformed]");
}

TEST_CASE("limits of functions") {
  check_limit(
      "params",
      [](u32 n) {
        return kPreamble + section(1, ByteVec{1, 0x60} + leb(n) + ByteVec(n, 0x7f) + ByteVec{0});
      },
      "error[limit]: section type (id 1), offset 0xc: 4 params exceed limit 3 (-L params=N)");
  check_limit(
      "results",
      [](u32 n) { return kPreamble + section(1, ByteVec{1, 0x60, 0} + leb(n) + ByteVec(n, 0x7f)); },
      "error[limit]: section type (id 1), offset 0xd: 4 results exceed limit 3 (-L results=N)");
  check_limit(
      "function-size", [](u32 n) { return one_func(ByteVec(n - 2, 0x01) + ByteVec{0x0b}); },
      "error[limit]: func 0, offset 0x15: 4 bytes of a function body exceed limit 3 (-L "
      "function-size=N)");
  auto locals = [](u32 n) {
    return kPreamble + section(1, {1, 0x60, 1, 0x7f, 0}) + section(3, {1, 0}) +
           section(10, ByteVec{1} + body({0x0b}, ByteVec{2, 1, 0x7f} + leb(n - 2) + ByteVec{0x7e}));
  };
  check_limit("locals", locals,
              "error[limit]: func 0, offset 0x1a: 4 locals exceed limit 3 (-L locals=N)");
  check_limit(
      "operands",
      [](u32 n) {
        return kPreamble + section(1, ByteVec{1, 0x60, 0} + leb(n) + ByteVec(n, 0x7f)) +
               section(3, {1, 0}) + section(10, ByteVec{1} + body({0x10, 0, 0x0b}));
      },
      "error[limit]: func 0, offset 0x1b: 4 operands exceed limit 3 (-L operands=N)");
  DecodeOptions options;
  CHECK_EQ(verdict(locals(50000), options), "ok");
  CHECK_EQ(verdict(locals(50001), options),
           "error[limit]: func 0, offset 0x1a: 50001 locals exceed limit 50000 (-L locals=N)");
}

TEST_CASE("options of limits") {
  ir::DecodeLimits limits;
  auto message = [&](std::string_view option) {
    const Status status = ir::apply_limit_option(option, limits);
    return status ? "ok" : status.error().to_string();
  };
  CHECK_EQ(message("params=60000"), "ok");
  CHECK_EQ(limits.params, 60000);
  CHECK_EQ(message("params=60001"),
           "error[usage]: -L params: expected a number up to 60000, found '60001'");
  CHECK_EQ(message("params=-1"),
           "error[usage]: -L params: expected a number up to 60000, found '-1'");
  CHECK_EQ(message("params"), "error[usage]: -L params: expected a number up to 60000, found ''");
  CHECK_EQ(message("parms=1"), "error[usage]: -L: unknown limit 'parms' (-L help lists them)");
  CHECK_NE(ir::limits_help().find("operands"), std::string::npos);
}

TEST_CASE("limit of the module's size") {
  const ByteVec module = kPreamble + section(0, ByteVec{1, 'x'} + ByteVec(4));
  DecodeOptions options;
  options.limits.module_size = static_cast<u32>(module.size());
  CHECK_EQ(verdict(module, options), "ok");
  options.limits.module_size -= 1;
  CHECK_EQ(verdict(module, options),
           "error[limit]: offset 0x0: 16 bytes exceed limit 15 (-L module-size=N)");
}

TEST_CASE("many locals are found by their run") {
  // 300 i32, 300 i64, 2 f32: local 599 is i64, 600 f32
  const ByteVec locals = ByteVec{3} + leb(300) + ByteVec{0x7f} + leb(300) + ByteVec{0x7e, 2, 0x7d};
  auto with = [&](const ByteVec& code) {
    return kPreamble + section(1, {1, 0x60, 0, 0}) + section(3, {1, 0}) +
           section(10, ByteVec{1} + body(code, locals));
  };
  auto get = [](u32 local, u8 op) { return ByteVec{0x20} + leb(local) + ByteVec{op, 0x1a, 0x0b}; };
  CHECK_EQ(verdict(with(get(255, 0x45))), "ok");
  CHECK_EQ(verdict(with(get(256, 0x45))), "ok");
  CHECK_EQ(verdict(with(get(299, 0x45))), "ok");
  CHECK_EQ(verdict(with(get(300, 0x50))), "ok");
  CHECK_EQ(verdict(with(get(599, 0x50))), "ok");
  CHECK_EQ(verdict(with(get(601, 0x8b))), "ok");
  CHECK_EQ(verdict(with(get(600, 0x45))),
           "error[invalid]: func 0, offset 0x22: type mismatch: i32.eqz expected i32, found f32");
  CHECK_EQ(verdict(with(get(602, 0x45))), "error[invalid]: func 0, offset 0x1f: unknown local 602");
}

TEST_CASE("nesting has no limit and takes little") {
  const u32 depth = 1'000'000;
  const ByteVec code = repeat({0x03, 0x40}, depth) + repeat({0x0b}, depth + 1);
  CHECK_EQ(verdict(one_func(code)), "ok");
  CHECK_EQ(verdict(one_func(repeat({0x02, 0x40}, depth))).substr(0, 16), "error[malformed]");
}

} // namespace petrel::frontend::test
