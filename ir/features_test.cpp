// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Feature sets: defaults, implication both ways, the `-W` option and its messages.
#include "ir/features.h"

#include <string>

#include <doctest/doctest.h>

namespace petrel::ir {
namespace {

TEST_CASE("features: defaults are WebAssembly 3.0, threads and legacy exceptions") {
  for (Feature on : {Feature::Mvp, Feature::Simd, Feature::Gc, Feature::Memory64,
                     Feature::RelaxedSimd, Feature::Threads, Feature::LegacyExceptions,
                     Feature::TailCall, Feature::ComponentModel, Feature::ComponentAsync}) {
    CHECK(kDefaultFeatures.has(on));
  }
  for (Feature off : {Feature::CustomPageSizes, Feature::WideArithmetic, Feature::ComponentMap,
                      Feature::ComponentMemory64, Feature::ComponentThreading}) {
    CHECK_FALSE(kDefaultFeatures.has(off));
  }
}

TEST_CASE("features: rows imply only rows above them, and constant sets are closed") {
  for (u32 i = 0; i < kFeatureCount; ++i) {
    u64 not_above = detail::FeatureBits::kImplies[i] >> i;
    CHECK(not_above == 0);
    CAPTURE(feature_key(static_cast<Feature>(i)));
    for (FeatureSet set : {kDefaultFeatures, kImplementedFeatures, kCompiledFeatures}) {
      if (set.has(static_cast<Feature>(i))) {
        CHECK(set.with(static_cast<Feature>(i)) == set);
      }
    }
  }
}

TEST_CASE("features: switching on and off follows what is implied") {
  FeatureSet gc = FeatureSet().with(Feature::Gc);
  CHECK(gc.has(Feature::Gc));
  CHECK(gc.has(Feature::FunctionReferences));
  CHECK(gc.has(Feature::ReferenceTypes));
  CHECK(gc.has(Feature::BulkMemory));
  CHECK_FALSE(gc.has(Feature::Simd));
  FeatureSet rest = kDefaultFeatures.without(Feature::ReferenceTypes);
  CHECK_FALSE(rest.has(Feature::ReferenceTypes));
  CHECK_FALSE(rest.has(Feature::Gc));
  CHECK_FALSE(rest.has(Feature::LegacyExceptions));
  CHECK(rest.has(Feature::BulkMemory));
  CHECK(rest.has(Feature::Simd));
  CHECK_FALSE(kDefaultFeatures.without(Feature::Simd).has(Feature::RelaxedSimd));
  FeatureSet used;
  used.add(Feature::Gc);
  CHECK(used.bits() == u64{1} << static_cast<u32>(Feature::Gc));
  CHECK(kDefaultFeatures.has_all(gc));
  CHECK_FALSE(gc.has_all(kDefaultFeatures));
}

TEST_CASE("features: keys are unique and found again") {
  for (u32 i = 0; i < kFeatureCount; ++i) {
    Feature found = Feature::Mvp;
    CHECK(feature_by_key(feature_key(static_cast<Feature>(i)), found));
    CHECK(found == static_cast<Feature>(i));
    CHECK_FALSE(feature_spec(static_cast<Feature>(i)).empty());
  }
  Feature untouched = Feature::Gc;
  CHECK_FALSE(feature_by_key("gcc", untouched));
  CHECK(untouched == Feature::Gc);
  CHECK(feature_release(Feature::Gc) == FeatureRelease::Wasm3);
}

TEST_CASE("features: the -W list") {
  auto features =
      parse_features("wide-arithmetic,simd=n,threads=off,custom-page-sizes=y", kDefaultFeatures);
  REQUIRE(features.has_value());
  CHECK(features->has(Feature::WideArithmetic));
  CHECK(features->has(Feature::CustomPageSizes));
  CHECK_FALSE(features->has(Feature::Simd));
  CHECK_FALSE(features->has(Feature::RelaxedSimd));
  CHECK_FALSE(features->has(Feature::Threads));
  CHECK(parse_features("", kDefaultFeatures).value() == kDefaultFeatures);
  CHECK(parse_features("all-proposals", kDefaultFeatures).value() == kAllFeatures);
  CHECK(
      to_string(parse_features("all-proposals=n,component-model-map", kDefaultFeatures).value()) ==
      "mvp,multi-value,bulk-memory,reference-types,component-model,component-model-map");
}

TEST_CASE("features: what -W refuses") {
  auto unknown = parse_features("multimemory", kDefaultFeatures);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().cls() == ErrorClass::usage);
  CHECK(unknown.error().info().text ==
        "-W: unknown feature 'multimemory' (did you mean 'multi-memory'?)");
  auto far = parse_features("simd,quux", kDefaultFeatures);
  REQUIRE_FALSE(far.has_value());
  CHECK(far.error().info().text == "-W: unknown feature 'quux'");
  auto value = parse_features("gc=maybe", kDefaultFeatures);
  REQUIRE_FALSE(value.has_value());
  CHECK(value.error().info().text == "-W gc: expected y or n, found 'maybe'");
  CHECK_FALSE(parse_features("mvp=n", kDefaultFeatures).has_value());
  CHECK_FALSE(parse_features("gc,,simd", kDefaultFeatures).has_value());

  FeatureSet set = kDefaultFeatures;
  CHECK(apply_feature_option("max-resources=5", set).value() == false);
  CHECK(set == kDefaultFeatures);
  CHECK(nearest_feature_key(std::string(1000, 'x')).empty());
}

TEST_CASE("features: the refusal names the feature") {
  Error off = fail_feature(Feature::BulkMemory, FeatureSet(), "memory.copy").error();
  CHECK(off.cls() == ErrorClass::unsupported);
  CHECK(off.info().text == "memory.copy needs feature bulk-memory, which is off (-W bulk-memory)");
  Error compiled =
      fail_feature(Feature::BulkMemory,
                   FeatureGate(kDefaultFeatures, kDefaultFeatures.without(Feature::BulkMemory)),
                   "memory.copy")
          .error();
  CHECK(compiled.info().text ==
        "memory.copy needs feature bulk-memory, which the compiler does not have");
  if (!is_implemented(Feature::WideArithmetic)) {
    CHECK(
        fail_feature(Feature::WideArithmetic, kDefaultFeatures, "i64.add128").error().info().text ==
        "i64.add128 needs feature wide-arithmetic, which this build does not have");
  }
}

} // namespace
} // namespace petrel::ir
