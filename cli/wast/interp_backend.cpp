// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast/interp_backend.h"

#include "base/os.h"
#include "cli/wast/store_backend.h"
#include "frontend/module_decoder.h"
#include "interp/interp.h"
#include "runtime/type_registry.h"

namespace petrel::wast {

namespace {

/// A CoreModule with the bytes and the image that it points into.
struct LoadedModule {
  sys::FileBytes file;
  ModuleImage image;
  runtime::CoreModule core;
};

class InterpBackend final : public StoreBackend {
public:
  InterpBackend() : StoreBackend(&interp::hooks()) {}

private:
  Result<std::shared_ptr<const runtime::CoreModule>> load(std::vector<u8> wasm) override {
    auto loaded = std::make_shared<LoadedModule>();
    TRY_ASSIGN(loaded->file, sys::FileBytes::copy_of(wasm));
    TRY_ASSIGN(loaded->image, decode_module(loaded->file.bytes(), 0, wasm.size(), DecodeOptions{}));
    runtime::CoreModule& core = loaded->core;
    core.ir = loaded->image.module();
    core.file = loaded->file.bytes().data();
    core.data_base = core.file;
    TRY_ASSIGN(core.type_ids, runtime::intern_types(core.ir));
    return std::shared_ptr<const runtime::CoreModule>(loaded, &core);
  }
};

} // namespace

BackendFactory interp_backend_factory() {
  return {.make = [](void*) -> std::unique_ptr<Backend> { return std::make_unique<InterpBackend>(); }};
}

} // namespace petrel::wast
