// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Components: bytes to a flat plan and checked core modules, in three steps behind one call: decode and
// validate (decoder.h), flatten (flattener.h), compile transfer plans (plan_builder.h). The public entry of this folder.
#pragma once

#include <string>
#include <vector>

#include "frontend/module_decoder.h"
#include "ir/component_plan.h"

namespace petrel {

/// A component ready to instantiate. Module images by CoreModuleIdx.
struct ComponentImage {
  std::vector<u8> plan_bytes; ///< the image of `plan`, aligned to 8
  std::vector<ModuleImage> modules;
  ir::ComponentPlan plan() const { return ir::ComponentPlan(plan_bytes.data()); }
};

/// True when the bytes begin with the preamble of a component (layer 1), of whatever version.
bool is_component(Bytes file);

/// Decodes, validates and flattens. Errors: malformed, invalid, unsupported, limit, with offsets of the whole file.
Result<ComponentImage> decode_component(Bytes file, const DecodeOptions& options);

/// Decodes and validates only: also components whose imports no host can provide (core modules, components).
Status validate_component(Bytes file, const DecodeOptions& options);

/// What the component imports and exports, as WIT text: `package root:component`, one world, the interfaces. Errors as above.
Result<std::string> component_wit(Bytes file, const DecodeOptions& options);

} // namespace petrel
