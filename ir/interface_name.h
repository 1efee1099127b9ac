// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of interfaces and their versions (`wasi:io/streams@0.2.9`): the one place that knows which versions
// are compatible. A *track* is the prefix that all compatible versions share: `@1` from major 1 on, `@0.2`
// for 0.minor; 0.0.x, pre-releases and names without version stand alone (Explainer.md, canonical
// interface names; components-and-wasi.md §7).
#pragma once

#include <compare>
#include <string_view>

#include "base/types.h"

namespace petrel::ir {

/// `wasi:io/streams@0.2.9` → `wasi:io/streams@0.2`; the whole name when only an exact match will do.
std::string_view compatible_track(std::string_view name);

/// `wasi:io/streams@0.2.9` → `wasi:io/streams`.
std::string_view without_version(std::string_view name);

/// `wasi:io/streams@0.2.9` → `0.2.9`; empty without one.
std::string_view version_of(std::string_view name);

/// Orders two versions of one track: by major, minor, patch; shorter (already cut) before longer.
std::strong_ordering compare_versions(std::string_view a, std::string_view b);

} // namespace petrel::ir
