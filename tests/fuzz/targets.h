// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput; it aborts with a message when an
// oracle disagrees. With -Dfuzzers=true each is a libFuzzer program, otherwise replay_main.cpp drives it over files.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "base/result.h"
#include "base/types.h"

extern "C" int LLVMFuzzerTestOneInput(const petrel::u8* data, petrel::usize size);

namespace petrel::fuzz {

/// Ends the process because an oracle disagrees: a finding.
[[noreturn]] inline void report(const char* what, const std::string& detail) {
  std::fprintf(stderr, "fuzz: %s: %s\n", what, detail.c_str());
  std::abort();
}

/// Decodes and validates a core module and compares the verdict with the slow validator's. True when valid.
bool check_verdict(Bytes wasm);

} // namespace petrel::fuzz
