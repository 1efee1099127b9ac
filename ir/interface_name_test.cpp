// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ir/interface_name.h"

#include <doctest/doctest.h>

using namespace petrel::ir;

TEST_CASE("compatible tracks: major from 1 on, minor below, exact for 0.0.x and pre-releases") {
  CHECK_EQ(compatible_track("wasi:io/streams@0.2.9"), "wasi:io/streams@0.2");
  CHECK_EQ(compatible_track("wasi:io/streams@0.2"), "wasi:io/streams@0.2");
  CHECK_EQ(compatible_track("a:b/c@1.4.2"), "a:b/c@1");
  CHECK_EQ(compatible_track("a:b/c@12.0.0+build.1"), "a:b/c@12");
  CHECK_EQ(compatible_track("a:b/c@1"), "a:b/c@1");
  CHECK_EQ(compatible_track("a:b/c@0.0.3"), "a:b/c@0.0.3");
  CHECK_EQ(compatible_track("a:b/c@0.2.0-rc.1"), "a:b/c@0.2.0-rc.1");
  CHECK_EQ(compatible_track("a:b/c"), "a:b/c");
  CHECK_EQ(compatible_track("plain"), "plain");
  CHECK_EQ(compatible_track("a:b/c@"), "a:b/c@");
  CHECK_EQ(without_version("a:b/c@1.0.0"), "a:b/c");
  CHECK_EQ(version_of("a:b/c@1.0.0"), "1.0.0");
}

TEST_CASE("versions order by number, not by text") {
  CHECK(compare_versions("0.2.9", "0.2.12") < 0);
  CHECK(compare_versions("0.2.10", "0.2.10") == 0);
  CHECK(compare_versions("1.10.0", "1.9.9") > 0);
  CHECK(compare_versions("0.2", "0.2.0") < 0);
  CHECK(compare_versions("1.18446744073709551616.0", "1.2.0") > 0);
}
