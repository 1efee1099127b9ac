// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// F4: any bytes as module text. What the encoder makes is decoded: it must be a well-formed module, since text knows no
// binary mistakes; errors have a line.
#include "base/format.h"
#include "frontend/module_decoder.h"
#include "frontend/text/encode.h"
#include "tests/fuzz/targets.h"

int LLVMFuzzerTestOneInput(const petrel::u8* data, petrel::usize size) {
  using namespace petrel;
  const std::string_view text(reinterpret_cast<const char*>(data), size); // NOLINT: bytes as text
  const auto encoded = text::encode_module(text);
  if (!encoded) {
    return 0;
  }
  DecodeOptions options;
  options.features = ir::kAllFeatures;
  const auto module = decode_module(encoded->bytes, 0, encoded->bytes.size(), options);
  if (!module && module.error().cls() == ErrorClass::malformed) {
    fuzz::report("the encoder wrote a malformed module", module.error().to_string());
  }
  return 0;
}
