// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/component_decoder.h"

#include <cstring>

#include "frontend/component/flattener.h"
#include "frontend/component/wit_printer.h"

namespace petrel {

namespace comp = frontend::comp;

bool is_component(Bytes file) {
  static constexpr u8 kMagic[] = {0x00, 0x61, 0x73, 0x6d};
  return file.size() >= 8 && std::memcmp(file.data(), kMagic, sizeof kMagic) == 0 &&
         file[6] == 0x01 && file[7] == 0x00;
}

Result<ComponentImage> decode_component(Bytes file, const DecodeOptions& options) {
  TRY_ASSIGN(std::unique_ptr<comp::ComponentFile> decoded, comp::Decoder(file, options).run());
  TRY_ASSIGN(std::vector<u8> plan, comp::Flattener(*decoded, options).run());
  return ComponentImage{std::move(plan), std::move(decoded->modules)};
}

Status validate_component(Bytes file, const DecodeOptions& options) {
  TRY(comp::Decoder(file, options).run());
  return {};
}

Result<std::string> component_wit(Bytes file, const DecodeOptions& options) {
  DecodeOptions quick = options;
  quick.side_table = false;
  TRY_ASSIGN(std::unique_ptr<comp::ComponentFile> decoded, comp::Decoder(file, quick).run());
  return comp::print_wit(*decoded);
}

} // namespace petrel
