// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of features and the `-W` option. Keys are compared in a loop: this runs once per option.
#include "ir/features.h"

#include <algorithm>
#include <optional>

namespace petrel::ir {

namespace {

/// Rows as a switch, so that no table of pointers needs relocating at start.
template <typename Row> constexpr auto visit_row(Feature feature, Row&& row) {
  switch (feature) {
#define PETREL_FEATURE(Name, key, dflt, engines, implies, release, spec)                           \
  case Feature::Name:                                                                              \
    return row(std::string_view(key), FeatureRelease::release, std::string_view(spec));
#include "ir/features.def"
  }
  __builtin_unreachable();
}

constexpr std::string_view kAllProposals = "all-proposals";

std::optional<bool> parse_switch(std::string_view value) {
  for (std::string_view yes : {"y", "yes", "true", "on"}) {
    if (value == yes) {
      return true;
    }
  }
  for (std::string_view no : {"n", "no", "false", "off"}) {
    if (value == no) {
      return false;
    }
  }
  return std::nullopt;
}

/// Edit distance (insert, delete, replace), with keys of at most kMaxKey bytes.
constexpr usize kMaxKey = 64;
usize edit_distance(std::string_view a, std::string_view b) {
  usize row[kMaxKey + 1];
  for (usize j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (usize i = 1; i <= a.size(); ++i) {
    usize diagonal = row[0];
    row[0] = i;
    for (usize j = 1; j <= b.size(); ++j) {
      usize above = row[j];
      usize replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above + 1, row[j - 1] + 1});
      diagonal = above;
    }
  }
  return row[b.size()];
}

} // namespace

std::string_view feature_key(Feature feature) {
  return visit_row(feature,
                   [](std::string_view key, FeatureRelease, std::string_view) { return key; });
}

FeatureRelease feature_release(Feature feature) {
  return visit_row(
      feature, [](std::string_view, FeatureRelease release, std::string_view) { return release; });
}

std::string_view feature_spec(Feature feature) {
  return visit_row(feature,
                   [](std::string_view, FeatureRelease, std::string_view spec) { return spec; });
}

bool feature_by_key(std::string_view key, Feature& feature) {
  for (u32 i = 0; i < kFeatureCount; ++i) {
    if (feature_key(static_cast<Feature>(i)) == key) {
      feature = static_cast<Feature>(i);
      return true;
    }
  }
  return false;
}

std::string_view nearest_feature_key(std::string_view key) {
  if (key.empty() || key.size() > kMaxKey) {
    return {};
  }
  std::string_view best;
  usize best_distance =
      std::max<usize>(1, key.size() / 3) + 1; // farther than this is no misspelling
  for (u32 i = 1; i < kFeatureCount; ++i) {   // Mvp cannot be switched
    std::string_view candidate = feature_key(static_cast<Feature>(i));
    usize distance = edit_distance(key, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

Result<bool> apply_feature_option(std::string_view option, FeatureSet& features) {
  usize equals = option.find('=');
  std::string_view key = option.substr(0, equals);
  Feature feature = Feature::Mvp;
  if (key != kAllProposals && (!feature_by_key(key, feature) || feature == Feature::Mvp)) {
    return false;
  }
  std::optional<bool> on =
      equals == std::string_view::npos ? true : parse_switch(option.substr(equals + 1));
  if (!on) {
    return fail(ErrorClass::usage, "-W " + std::string(key) + ": expected y or n, found '" +
                                       std::string(option.substr(equals + 1)) + "'");
  }
  if (key == kAllProposals) {
    features = *on ? kAllFeatures : FeatureSet().with(Feature::Mvp);
  } else {
    features = *on ? features.with(feature) : features.without(feature);
  }
  return true;
}

Result<FeatureSet> parse_features(std::string_view list, FeatureSet base) {
  FeatureSet features = base;
  while (!list.empty()) {
    usize comma = list.find(',');
    std::string_view option = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    TRY_ASSIGN(bool known, apply_feature_option(option, features));
    if (!known) {
      std::string_view key = option.substr(0, option.find('='));
      std::string_view nearest = nearest_feature_key(key);
      std::string text = "-W: unknown feature '" + std::string(key) + "'";
      if (!nearest.empty()) {
        text += " (did you mean '" + std::string(nearest) + "'?)";
      }
      return fail(ErrorClass::usage, std::move(text));
    }
  }
  return features;
}

std::string to_string(FeatureSet features) {
  std::string text;
  for (u32 i = 0; i < kFeatureCount; ++i) {
    if (features.has(static_cast<Feature>(i))) {
      text += (text.empty() ? "" : ",") + std::string(feature_key(static_cast<Feature>(i)));
    }
  }
  return text;
}

std::unexpected<Error> fail_feature(Feature feature, FeatureGate gate, std::string_view what) {
  std::string key(feature_key(feature));
  if (!is_implemented(feature)) {
    return fail(ErrorClass::unsupported,
                std::string(what) + " needs feature " + key + ", which this build does not have");
  }
  CHECK(!gate.has(feature));
  if (gate.enabled().has(feature)) {
    return fail(ErrorClass::unsupported,
                std::string(what) + " needs feature " + key + ", which the compiler does not have");
  }
  return fail(ErrorClass::unsupported,
              std::string(what) + " needs feature " + key + ", which is off (-W " + key + ")");
}

} // namespace petrel::ir
