// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast/wasmc_aot_backend.h"

#include <cerrno>
#include <cstdlib>
#include <unistd.h>

#include "base/os.h"
#include "cli/wast/store_backend.h"
#include "frontend/module_decoder.h"
#include "runtime/code_image.h"
#include "runtime/type_registry.h"

namespace petrel::wast {

namespace {

/// A CoreModule with the image that it points into.
struct MappedModule {
  std::shared_ptr<const runtime::CodeImage> image;
  runtime::CoreModule core;
};

/// A folder for images, removed with what is in it.
class ScratchFolder {
public:
  ScratchFolder() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/petrel-wast-XXXXXX";
    exists_ = mkdtemp(path_.data()) != nullptr;
  }
  ~ScratchFolder() {
    if (exists_) {
      rmdir(path_.c_str());
    }
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  bool exists() const { return exists_; }
  std::string image_path() const { return path_ + "/module.cwasm"; }

private:
  std::string path_;
  bool exists_;
};

class AotBackend final : public StoreBackend {
public:
  explicit AotBackend(aot::OptLevel level) : StoreBackend(nullptr), level_(level) {}

private:
  Result<std::shared_ptr<const runtime::CoreModule>> load(std::vector<u8> wasm) override {
    if (!folder_.exists()) {
      return sys::io_error("cannot make a folder for images", errno);
    }
    TRY_ASSIGN(ModuleImage image, decode_module(wasm, 0, wasm.size(), DecodeOptions{}));
    ir::Module module = image.module();
    aot::CompileInput input{.file = wasm, .modules = {&module, 1}, .plan = {}};
    aot::CompileOptions options;
    options.opt_level = level_;
    options.cpu = "native";
    std::string path = folder_.image_path();
    TRY(aot::compile(input, options, path));
    auto loaded = runtime::CodeImage::load(path, {});
    unlink(path.c_str()); // the mapping keeps the file
    if (!loaded) {
      return std::unexpected(std::move(loaded.error()));
    }
    auto mapped = std::make_shared<MappedModule>();
    mapped->image = *std::move(loaded);
    const runtime::CodeImage& code = *mapped->image;
    if (code.misfit()) {
      return fail(ErrorClass::artifact, "the compiled image does not run here: it " + code.misfit()->reason);
    }
    runtime::CoreModule& core = mapped->core;
    core.ir = code.ir_module(0);
    core.data_base = code.data_base(0);
    core.image = &code;
    TRY_ASSIGN(core.type_ids, runtime::intern_types(core.ir));
    return std::shared_ptr<const runtime::CoreModule>(mapped, &core);
  }

  aot::OptLevel level_;
  ScratchFolder folder_;
};

} // namespace

BackendFactory aot_backend_factory(aot::OptLevel& level) {
  return {.make = [](void* data) -> std::unique_ptr<Backend> {
            return std::make_unique<AotBackend>(*static_cast<aot::OptLevel*>(data));
          },
          .data = &level};
}

} // namespace petrel::wast
