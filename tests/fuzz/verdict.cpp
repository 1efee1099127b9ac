// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/format.h"
#include "frontend/module_decoder.h"
#include "tests/fuzz/slow_validator.h"
#include "tests/fuzz/targets.h"

namespace petrel::fuzz {

bool check_verdict(Bytes wasm) {
  DecodeOptions options;
  options.features = ir::kAllFeatures;
  const auto module = decode_module(wasm, 0, wasm.size(), options);
  if (!module) {
    const Error& error = module.error();
    switch (error.cls()) {
    case ErrorClass::malformed:
    case ErrorClass::invalid: break;
    case ErrorClass::unsupported:
    case ErrorClass::limit: return false; // the slow validator has neither
    default: report("error of an unexpected class", error.to_string());
    }
    if (!error.info().offset || *error.info().offset > wasm.size()) {
      report("error without an offset in the file", error.to_string());
    }
  }
  const std::string why = slow::validate(wasm.data(), wasm.size(), options.features);
  if (module.has_value() != why.empty() && !why.starts_with("limit")) {
    report("verdicts differ", strf("ours: %s; slow validator: %s",
                                   module ? "valid" : module.error().to_string().c_str(),
                                   why.empty() ? "valid" : why.c_str()));
  }
  return module.has_value();
}

} // namespace petrel::fuzz
