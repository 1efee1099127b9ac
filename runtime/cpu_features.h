// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What this CPU can do, in the bits of CwasmHeader::cpu_features. Asked only when an image needs something: on
// virtual machines each CPUID instruction costs microseconds.
#pragma once

#include <string>

#include "base/types.h"

namespace petrel::runtime {

/// Names of the features in `needed` that this CPU (or kernel) lacks, comma separated; empty when it has all.
std::string missing_cpu_features(u64 needed);

} // namespace petrel::runtime
