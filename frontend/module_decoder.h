// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Core modules: bytes to a checked image (ir/module.h). Sections are decoded in one pass over the file; bodies are
// validated, and their side tables written, as the code section goes by. Malformed (§5) and invalid (§3) stay apart, the
// first error in byte order is reported.
#pragma once

#include "base/byte_reader.h"
#include "ir/features.h"
#include "ir/image_builder.h"
#include "ir/limits.h"
#include "ir/module.h"

namespace petrel {

struct DecodeOptions {
  ir::FeatureSet features = ir::kDefaultFeatures;
  ir::FeatureSet available = ir::kImplementedFeatures; ///< of the engine the module is for
  ir::DecodeLimits limits;
  bool side_table = true;  ///< false: the image will not be interpreted
  bool copy_floats = true; ///< false: transfer plans look at every float (NaNs become canonical)
  bool lazy = false; ///< bodies are validated when they are called (frontend/lazy_validator.h)
};

/// An image with its memory.
class ModuleImage {
public:
  ModuleImage() = default;
  explicit ModuleImage(ir::ImageBuilder builder) : builder_(std::move(builder)) {}
  ir::Module module() const { return ir::Module(builder_.data()); }
  Bytes bytes() const { return {builder_.data(), builder_.size_bytes()}; }

private:
  ir::ImageBuilder builder_;
};

/// Decodes and validates the module at [start, start + size) of `file`; offsets in the image and in errors are
/// absolute. Errors: malformed, invalid, unsupported, limit.
Result<ModuleImage> decode_module(Bytes file, u64 start, u64 size, const DecodeOptions& options);

/// True when the bytes begin with the preamble of a core module (version field 1, layer 0).
bool is_core_module(Bytes file);

} // namespace petrel
