// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Features of ir/features.def: which exist, which are on, which this build implements. A FeatureSet always is
// closed under "implies": with a feature on, what it needs is on.
#pragma once

#include <bit>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace petrel::ir {

enum class Feature : u8 {
#define PETREL_FEATURE(Name, key, dflt, engines, implies, release, spec) Name,
#include "ir/features.def"
};

constexpr u32 kFeatureCount = 0
#define PETREL_FEATURE(Name, key, dflt, engines, implies, release, spec) +1
#include "ir/features.def"
    ;
static_assert(kFeatureCount <= 64, "FeatureSet holds 64 bits");

/// Where a feature is specified.
enum class FeatureRelease : u8 { Wasm1, Wasm2, Wasm3, Proposal, Legacy, Component, ComponentGate };

namespace detail {

constexpr u64 feature_bit(Feature feature) { return u64{1} << static_cast<u32>(feature); }

/// Names of `implies` columns.
struct FeatureBits {
  enum : u64 {
#define PETREL_FEATURE(Name, key, dflt, engines, implies, release, spec)                           \
  Name = feature_bit(Feature::Name),
#include "ir/features.def"
  };
  /// What a feature needs, directly.
  static constexpr u64 kImplies[] = {
#define PETREL_FEATURE(Name, key, dflt, engines, implies, release, spec) u64{implies},
#include "ir/features.def"
  };
};

} // namespace detail

/// A set of features.
class FeatureSet {
public:
  constexpr FeatureSet() = default;
  static constexpr FeatureSet from_bits(u64 bits) {
    FeatureSet set;
    set.bits_ = bits;
    return set;
  }
  constexpr u64 bits() const { return bits_; }
  constexpr bool has(Feature feature) const { return (bits_ & detail::feature_bit(feature)) != 0; }
  constexpr bool has_all(FeatureSet other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr bool is_empty() const { return bits_ == 0; }

  /// This and what it implies switched on.
  constexpr FeatureSet with(Feature feature) const {
    u64 bits = bits_ | detail::feature_bit(feature);
    for (u32 i = kFeatureCount; i-- > 0;) { // rows imply only rows above them
      if ((bits >> i & 1) != 0) {
        bits |= detail::FeatureBits::kImplies[i];
      }
    }
    return from_bits(bits);
  }
  /// This and all that needs it switched off.
  constexpr FeatureSet without(Feature feature) const {
    u64 removed = detail::feature_bit(feature);
    for (u32 i = 0; i < kFeatureCount; ++i) {
      if ((detail::FeatureBits::kImplies[i] & removed) != 0) {
        removed |= u64{1} << i;
      }
    }
    return from_bits(bits_ & ~removed);
  }
  /// Notes a use without closing over what it implies (`features_used` of a module).
  constexpr void add(Feature feature) { bits_ |= detail::feature_bit(feature); }

  constexpr bool operator==(const FeatureSet&) const = default;

private:
  u64 bits_ = 0;
};

/// On without any option: WebAssembly 3.0, threads, legacy exceptions, the component model.
constexpr FeatureSet kDefaultFeatures = FeatureSet::from_bits(0
#define PETREL_FEATURE(Name, key, dflt, engines, implies, release, spec)                           \
  | (dflt ? detail::feature_bit(Feature::Name) : 0)
#include "ir/features.def"
);

namespace detail {

/// Engines of the column `engines`; rows name Interp, Both or 0.
struct EngineColumn {
  enum : u32 { Interp = 1, Aot = 2, Both = Interp | Aot };
  static constexpr FeatureSet features_of(u32 engine) {
    return FeatureSet::from_bits(0
#define PETREL_FEATURE(Name, key, dflt, engines, implies, release, spec)                           \
  | (((engines) & engine) != 0 ? feature_bit(Feature::Name) : 0)
#include "ir/features.def"
    );
  }
};

} // namespace detail

/// What this build decodes, validates and interprets.
constexpr FeatureSet kImplementedFeatures =
    detail::EngineColumn::features_of(detail::EngineColumn::Interp);
/// What it compiles.
constexpr FeatureSet kCompiledFeatures =
    detail::EngineColumn::features_of(detail::EngineColumn::Aot);

constexpr FeatureSet kAllFeatures = FeatureSet::from_bits(~u64{0} >> (64 - kFeatureCount));

constexpr bool is_implemented(Feature feature) { return kImplementedFeatures.has(feature); }
constexpr bool is_compiled(Feature feature) { return kCompiledFeatures.has(feature); }

/// What a module may use: what is switched on, as far as the engine it is for has it.
class FeatureGate {
public:
  constexpr FeatureGate(FeatureSet enabled, FeatureSet available = kImplementedFeatures)
      : enabled_(enabled), usable_(FeatureSet::from_bits(enabled.bits() & available.bits())) {}
  constexpr bool has(Feature feature) const { return usable_.has(feature); }
  constexpr FeatureSet enabled() const { return enabled_; }
  constexpr FeatureSet usable() const { return usable_; }

private:
  FeatureSet enabled_;
  FeatureSet usable_;
};

/// The `-W` key: `bulk-memory`.
std::string_view feature_key(Feature feature);
FeatureRelease feature_release(Feature feature);
/// Link or document section.
std::string_view feature_spec(Feature feature);

/// Is the key one of the table? Fills in `feature` then.
bool feature_by_key(std::string_view key, Feature& feature);
/// The key most like a misspelt one, empty when none is near.
std::string_view nearest_feature_key(std::string_view key);

/// Applies one `key`, `key=y|n|yes|no|true|false|on|off` or `all-proposals[=…]`. True when it was a feature; false,
/// with nothing changed, when the key is not one (other tables of `-W` may know it). Error: bad value (class usage).
Result<bool> apply_feature_option(std::string_view option, FeatureSet& features);

/// Applies a comma-separated list; an unknown key is an error (class usage) that names the nearest.
Result<FeatureSet> parse_features(std::string_view list, FeatureSet base);

/// The keys of a set, comma-separated, in table order.
std::string to_string(FeatureSet features);

/// Why `what` ("i8x16.add", "memory index 1") of a feature is refused (class unsupported): the feature is off, or not in
/// this build, or not in the engine. Call only when `!gate.has(feature)`. The caller adds the place.
[[gnu::cold]] std::unexpected<Error> fail_feature(Feature feature, FeatureGate gate,
                                                  std::string_view what);

} // namespace petrel::ir
