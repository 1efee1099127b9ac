// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/names.h"

#include <doctest/doctest.h>

using namespace petrel;
using namespace petrel::frontend::comp;

namespace {
std::string error_of(std::string_view name) {
  auto parsed = parse_extern_name(name, ir::kDefaultFeatures);
  return parsed ? "" : parsed.error().info().text;
}
} // namespace

TEST_CASE("labels: fragments of one case, the first starts with a letter") {
  for (const char* good : {"a", "a-b-c", "a1-2-3", "A", "A-B-C", "A1-2-3", "a11-w0rds",
                           "A11-4CR0NYMS", "m1x3d-4CR0NYMS", "is-XML"}) {
    CAPTURE(good);
    CHECK(is_label(good));
  }
  for (const char* bad :
       {"", "-", "a-", "-a", "a--b", "1-2-3", "aB", "Ab", "a_b", "a b", "\xc3\xa4"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_label(bad));
  }
}

TEST_CASE("extern names parse into their parts") {
  auto method = parse_extern_name("[method]output-stream.write", ir::kDefaultFeatures);
  REQUIRE(method);
  CHECK_EQ(method->kind, NameKind::method);
  CHECK_EQ(method->resource, "output-stream");
  CHECK_EQ(method->member, "write");
  auto interface = parse_extern_name("wasi:io/streams@0.2.9-rc.1+build.7", ir::kDefaultFeatures);
  REQUIRE(interface);
  CHECK_EQ(interface->kind, NameKind::interface);
  CHECK_EQ(error_of("[method]r"), "failed to find `.` character in `[method]r`");
  CHECK_EQ(error_of("[getter]r.f"), "`[getter]r.f` is not a valid extern name: unknown annotation");
  CHECK_EQ(error_of("Foo"), "`Foo` is not in kebab case");
  CHECK_EQ(error_of("a:b"),
           "`a:b` is not a valid extern name: expected `/` after package name in `a:b`");
  CHECK_EQ(error_of("a:b/c@1.02.0"), "`a:b/c@1.02.0` is not a valid extern name: `1.02.0` is not a "
                                     "valid semver in `a:b/c@1.02.0`");
  CHECK_EQ(parse_extern_name("a:b:c/d", ir::kDefaultFeatures).error().cls(),
           ErrorClass::unsupported);
}

TEST_CASE("semver 2.0.0") {
  for (const char* good :
       {"0.0.0", "1.2.3", "1.0.0-alpha.1", "1.0.0-0a.x-y", "1.0.0+001", "1.0.0-rc+sha.5"}) {
    CHECK(is_semver(good));
  }
  for (const char* bad : {"", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+",
                          "1.2.x", "1.2.3-a..b"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_semver(bad));
  }
}

TEST_CASE("strong uniqueness: the list of the explainer") {
  for (const char* conflict :
       {"foo", "FOO", "foo-BAR", "[constructor]FOO", "[method]foo.BAR", "[static]foo.bar",
        "[method]foo.baz", "[method]foo.foo", "[static]foo-BAR.FOO-bar", "foo:bar/BAZ"}) {
    UniqueNames names;
    for (const char* name : {"foo", "foo-bar", "[constructor]foo", "[method]foo.bar",
                             "[static]foo.baz", "foo:bar/baz"}) {
      CHECK_FALSE(names.add(name).has_value());
    }
    CAPTURE(conflict);
    CHECK(names.add(conflict).has_value());
  }
}

TEST_CASE("strong uniqueness: hyphens do not tell names apart, versions do") {
  UniqueNames names;
  CHECK_FALSE(names.add("a-1").has_value());
  CHECK_EQ(names.add("a1"), "a-1");
  CHECK_FALSE(names.add("x-y:b/c@1.0.0-a-b").has_value());
  CHECK_FALSE(names.add("xy:b/c@1.0.0-ab").has_value());
  CHECK(names.add("xy:b/c@1.0.0-a-b").has_value());
}
