// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program file in any of its forms (core module, component, text, `.cwasm`), decoded and validated, ready to be
// instantiated. Immutable and shared; instances keep it alive.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/os.h"
#include "component/component.h"
#include "frontend/component/component_decoder.h"
#include "frontend/lazy_validator.h"
#include "frontend/module_decoder.h"
#include "runtime/code_image.h"
#include "runtime/store.h"

namespace petrel {

struct ProgramOptions {
  DecodeOptions decode;
  bool interpret = false;         ///< never run native code
  bool allow_precompiled = false; ///< trust a `.cwasm` that others could have written
  bool require_native = false;    ///< an image that does not fit is an error
  bool verify = false;            ///< check the digest of the whole image
  bool deterministic = false; ///< for deterministic Stores: interpreted, decode.copy_floats is off
};

class Program : public std::enable_shared_from_this<Program> {
public:
  /// Reads FILE ("-": standard input) and recognises it by content. Errors: io, malformed, invalid, unsupported, limit,
  /// artifact; all with the file's name.
  static Result<std::shared_ptr<const Program>> load(const std::string& path,
                                                     const ProgramOptions& options);
  /// The same for bytes in memory: binary or text.
  static Result<std::shared_ptr<const Program>> from_bytes(sys::FileBytes bytes,
                                                           const ProgramOptions& options);

  /// Decodes and validates FILE in any form; a `.cwasm` is checked whole, with its digest. Errors as above. The value is
  /// what is wrong with a custom section of a core module, which leaves the module valid (binary format, 5.5.3).
  static Result<std::optional<Error>> validate(const std::string& path,
                                               const ProgramOptions& options);

  bool is_component() const { return is_component_; }
  bool is_native() const { return image_ != nullptr; }
  /// Why an image is not run natively, for a line on stderr; empty otherwise.
  const std::string& note() const { return note_; }
  /// The one module of a program that is no component. The pointer keeps the whole program alive.
  std::shared_ptr<const runtime::CoreModule> core_module() const {
    return {shared_from_this(), &modules_.front()};
  }
  std::shared_ptr<const component::Component> component() const {
    return {shared_from_this(), &component_};
  }
  const std::vector<runtime::CoreModule>& modules() const { return modules_; }
  /// The plan's image; empty for a core module.
  Bytes plan() const { return is_component_ ? component_.plan.image() : Bytes(); }
  /// The wasm bytes; empty for a mapped image.
  Bytes file() const { return file_.bytes(); }
  const runtime::CodeImage* image() const { return image_.get(); }

private:
  Program() = default;
  static Result<std::shared_ptr<Program>> decode(sys::FileBytes bytes,
                                                 const ProgramOptions& options);
  static Result<std::shared_ptr<Program>> load_image(const std::string& path,
                                                     const ProgramOptions& options);
  Status decode_binary(const ProgramOptions& options);
  Status adopt_image();
  Status add_module(ir::Module module, u32 image_module);
  void validate_lazily(const DecodeOptions& options);
  void make_component(ir::ComponentPlan plan);

  sys::FileBytes file_;
  ComponentImage images_; ///< what the frontend made; a core module has no plan
  std::shared_ptr<const runtime::CodeImage> image_;
  std::vector<runtime::CoreModule> modules_;
  std::vector<std::unique_ptr<LazyValidator>>
      validators_; ///< of modules whose bodies were not validated at load
  component::Component component_;
  bool is_component_ = false;
  std::string note_;
};

} // namespace petrel
