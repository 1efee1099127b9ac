// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/program.h"

#include <algorithm>

#include "base/format.h"
#include "frontend/custom_sections.h"
#include "frontend/text/encode.h"
#include "runtime/type_registry.h"

namespace petrel {

namespace {

bool is_binary(Bytes file) {
  return file.size() >= 4 && file[0] == 0 && file[1] == 'a' && file[2] == 's' && file[3] == 'm';
}

/// Text begins with white space, a comment or a parenthesis.
bool is_text(Bytes file) {
  const auto first = std::ranges::find_if(
      file, [](u8 c) { return c != ' ' && c != '\t' && c != '\n' && c != '\r'; });
  return first != file.end() && (*first == '(' || *first == ';');
}

Result<std::optional<Error>> validate_bytes(Bytes file, const ProgramOptions& options) {
  if (!is_binary(file) && is_text(file)) {
    TRY_ASSIGN(const text::EncodedModule encoded, text::encode_module(as_text(file)));
    auto checked = validate_bytes(encoded.bytes, options); // once: binary now
    if (!checked) {
      return std::unexpected(
          text::place_in_text(std::move(checked).error(), encoded, as_text(file)));
    }
    if (*checked) {
      *checked = text::place_in_text(std::move(**checked), encoded, as_text(file));
    }
    return checked;
  }
  if (is_component(file)) {
    TRY(validate_component(file, options.decode));
    return std::nullopt;
  }
  TRY(decode_module(file, 0, file.size(), options.decode));
  auto custom = frontend::check_custom_sections(file);
  return custom ? std::nullopt : std::optional(std::move(custom).error());
}

} // namespace

Result<std::shared_ptr<const Program>> Program::load(const std::string& path,
                                                     const ProgramOptions& options) {
  auto load = [&]() -> Result<std::shared_ptr<Program>> {
    if (path != "-") {
      TRY_ASSIGN(const std::string prefix, sys::read_prefix(path, 4));
      if (runtime::CodeImage::is_image(as_bytes(prefix))) {
        return load_image(path, options);
      }
    }
    TRY_ASSIGN(sys::FileBytes bytes, sys::read_file(path, options.decode.limits.module_size));
    return decode(std::move(bytes), options);
  };
  auto program = load();
  if (!program) {
    return std::unexpected(std::move(program).error().with_file(path));
  }
  return *std::move(program);
}

Result<std::optional<Error>> Program::validate(const std::string& path,
                                               const ProgramOptions& options) {
  auto check = [&]() -> Result<std::optional<Error>> {
    if (path != "-") {
      TRY_ASSIGN(const std::string prefix, sys::read_prefix(path, 4));
      if (runtime::CodeImage::is_image(as_bytes(prefix))) {
        TRY_ASSIGN(auto image, runtime::CodeImage::load(path, {.allow_foreign_owner = true,
                                                               .verify_digest = true,
                                                               .map_text = false}));
        TRY_ASSIGN(sys::FileBytes wasm, image->embedded_wasm());
        return validate_bytes(wasm.bytes(), options);
      }
    }
    TRY_ASSIGN(sys::FileBytes bytes, sys::read_file(path, options.decode.limits.module_size));
    return validate_bytes(bytes.bytes(), options);
  };
  auto checked = check();
  if (!checked) {
    return std::unexpected(std::move(checked).error().with_file(path));
  }
  if (*checked) {
    *checked = std::move(**checked).with_file(path);
  }
  return checked;
}

Result<std::shared_ptr<const Program>> Program::from_bytes(sys::FileBytes bytes,
                                                           const ProgramOptions& options) {
  return decode(std::move(bytes), options);
}

Result<std::shared_ptr<Program>> Program::decode(sys::FileBytes bytes,
                                                 const ProgramOptions& options) {
  std::shared_ptr<Program> program(new Program);
  if (!is_binary(bytes.bytes()) && is_text(bytes.bytes())) {
    TRY_ASSIGN(text::EncodedModule encoded, text::encode_module(as_text(bytes.bytes())));
    TRY_ASSIGN(program->file_, sys::FileBytes::copy_of(encoded.bytes));
    ProgramOptions whole = options;
    whole.decode.lazy = false; // errors are placed in the text
    if (auto status = program->decode_binary(whole); !status) {
      return std::unexpected(
          text::place_in_text(std::move(status).error(), encoded, as_text(bytes.bytes())));
    }
    return program;
  }
  program->file_ = std::move(bytes);
  TRY(program->decode_binary(options));
  return program;
}

Status Program::decode_binary(const ProgramOptions& options) {
  const Bytes file = file_.bytes();
  if (petrel::is_component(file)) {
    TRY_ASSIGN(images_, decode_component(file, options.decode));
  } else {
    TRY_ASSIGN(ModuleImage image, decode_module(file, 0, file.size(), options.decode));
    images_.modules.push_back(std::move(image));
  }
  modules_.reserve(images_.modules.size());
  for (const ModuleImage& image : images_.modules) {
    TRY(add_module(image.module(), 0));
  }
  if (options.decode.lazy) {
    validate_lazily(options.decode);
  }
  if (petrel::is_component(file)) {
    make_component(images_.plan());
  }
  return {};
}

void Program::validate_lazily(const DecodeOptions& options) {
  for (runtime::CoreModule& module : modules_) {
    validators_.push_back(std::make_unique<LazyValidator>(module.ir, file_.bytes(), options));
    module.bodies = validators_.back()->checker();
  }
}

Status Program::add_module(ir::Module module, u32 image_module) {
  runtime::CoreModule core;
  core.ir = module;
  core.image_module = image_module;
  if (image_ != nullptr) {
    core.image = image_.get();
    core.data_base = image_->data_base(image_module);
  } else {
    core.file = file_.bytes().data();
    core.data_base = core.file;
  }
  TRY_ASSIGN(core.type_ids, runtime::intern_types(module));
  modules_.push_back(std::move(core));
  return {};
}

void Program::make_component(ir::ComponentPlan plan) {
  is_component_ = true;
  component_.plan = plan;
  for (const runtime::CoreModule& module : modules_) {
    component_.modules.push_back(&module);
  }
}

Result<std::shared_ptr<Program>> Program::load_image(const std::string& path,
                                                     const ProgramOptions& options) {
  TRY_ASSIGN(auto image, runtime::CodeImage::load(
                             path, {.allow_foreign_owner = options.allow_precompiled,
                                    .verify_digest = options.verify,
                                    .map_text = !options.interpret && !options.deterministic}));
  std::string reason = image->misfit() ? image->misfit()->reason : std::string();
  if (reason.empty() && options.deterministic) {
    reason = "was built without --deterministic";
  }
  if (!options.interpret && reason.empty()) {
    std::shared_ptr<Program> program(new Program);
    program->image_ = std::move(image);
    TRY(program->adopt_image());
    return program;
  }
  if (!reason.empty() && options.require_native) {
    return fail(ErrorClass::artifact, reason);
  }
  TRY_ASSIGN(sys::FileBytes wasm, image->embedded_wasm());
  TRY_ASSIGN(auto program, decode(std::move(wasm), options));
  if (!reason.empty() && !options.interpret) {
    program->note_ = reason + "; interpreting";
  }
  return program;
}

Status Program::adopt_image() {
  const ir::CwasmHeader& header = image_->header();
  modules_.reserve(header.module_count);
  for (u32 i = 0; i < header.module_count; ++i) {
    TRY(add_module(image_->ir_module(i), i));
  }
  if (header.plan.size != 0) {
    const Bytes plan = image_->range(header.plan);
    if (!ir::ComponentPlan::check(plan.data(), plan.size())) {
      return fail(ErrorClass::artifact, "section .petrel.plan is damaged");
    }
    make_component(ir::ComponentPlan(plan.data()));
  } else if (header.module_count != 1) {
    return fail(ErrorClass::artifact,
                strf("expected one module without a component, found %u", header.module_count));
  }
  return {};
}

} // namespace petrel
