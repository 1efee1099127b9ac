// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `inspect`: what a file is, what it imports and exports, and for an image what it was built for.
#include <cstdio>

#include "base/format.h"
#include "base/unicode.h"
#include "cli/commands.h"
#include "frontend/text/module_scan.h"

namespace petrel::cli {

namespace {

std::string_view kind_name(ir::ExternKind kind) {
  static constexpr std::string_view kNames[] = {"func", "table", "memory", "global", "tag"};
  return kNames[static_cast<u8>(kind)];
}

std::string types_text(std::span<const ValType> types) {
  std::string text;
  for (ValType type : types) {
    text += (text.empty() ? "" : ", ") + to_string(type);
  }
  return text;
}

/// Type of a definition, as a person reads it.
std::string type_text(const ir::Module& module, ir::ExternKind kind, u32 index) {
  switch (kind) {
  case ir::ExternKind::func: {
    const ir::TypeDef& type = module.func_type(FuncIdx(index));
    return strf("(%s) -> (%s)", types_text(module.params(type)).c_str(),
                types_text(module.results(type)).c_str());
  }
  case ir::ExternKind::table: {
    const ir::TableType& type = module.tables()[index].type;
    return strf("%llu %s", static_cast<unsigned long long>(type.limits.min),
                to_string(type.element).c_str());
  }
  case ir::ExternKind::memory:
    return strf("%llu pages", static_cast<unsigned long long>(module.memories()[index].min));
  case ir::ExternKind::global: {
    const ir::GlobalType& type = module.globals()[index].type;
    return (type.is_mutable ? "mut " : "") + to_string(type.type);
  }
  case ir::ExternKind::tag:
    return "(" + types_text(module.params(module.type(module.tags()[index].type))) + ")";
  }
  PETREL_UNREACHABLE();
}

void print_module(const ir::Module& module, const char* indent) {
  const ir::ModuleHeader& h = module.header();
  std::printf("%score module%s%s: %u bytes, %zu functions, %zu types, %zu data segments\n", indent,
              module.name().empty() ? "" : " ", escaped(module.name()).c_str(), h.file_size,
              module.funcs().size() - h.imported_funcs, module.types().size(),
              module.datas().size());
  for (const ir::Import& import : module.imports()) {
    std::printf(
        "%s  import %s \"%s\" \"%s\" %s\n", indent, std::string(kind_name(import.kind)).c_str(),
        escaped(module.str(import.module)).c_str(), escaped(module.str(import.name)).c_str(),
        type_text(module, import.kind, import.index).c_str());
  }
  for (const ir::Export& exported : module.exports()) {
    std::printf("%s  export %s \"%s\" %s\n", indent, std::string(kind_name(exported.kind)).c_str(),
                escaped(module.str(exported.name)).c_str(),
                type_text(module, exported.kind, exported.index).c_str());
  }
}

/// Who made it: `language C11, processed-by clang 22.1.0` (tool conventions, ProducersSection.md). Stops where the section
/// is damaged.
std::string producers_text(ByteReader r) {
  std::string text;
  const u32 fields = r.read_var_u32().value_or(0);
  for (u32 field = 0; field < fields; ++field) {
    const auto name = r.read_name();
    const u32 values = name ? r.read_var_u32().value_or(0) : 0;
    for (u32 value = 0; value < values; ++value) {
      const auto tool = r.read_name();
      if (!tool) {
        return text;
      }
      const std::string_view version = r.read_name().value_or("");
      text += text.empty() ? ": " : ", ";
      text += escaped(*name) + " " + escaped(*tool);
      text += version.empty() ? "" : " " + escaped(version);
    }
  }
  return text;
}

void print_custom_sections(Bytes file) {
  for (const text::RawSection& section : text::scan_module(file).sections) {
    if (section.id == 0) {
      const std::string producers =
          section.name == "producers" ? producers_text(ByteReader(section.payload)) : "";
      std::printf("  custom \"%s\" %zu bytes%s\n", escaped(section.name).c_str(),
                  section.payload.size(), producers.c_str());
    }
  }
}

void print_component(const Program& program) {
  const ir::ComponentPlan& plan = program.component()->plan;
  std::printf("component: %zu core modules\n", program.modules().size());
  for (const ir::ImportedInterface& interface : plan.interfaces()) {
    std::printf("  import %s (%u functions)\n", escaped(plan.str(interface.name)).c_str(),
                interface.import_count);
  }
  for (const ir::ComponentExport& exported : plan.exports()) {
    if (exported.kind == ir::ExportKind::lifted_func ||
        exported.kind == ir::ExportKind::imported_func) {
      const std::string_view interface = plan.str(exported.interface);
      std::printf("  export %s%s%s: func%s\n", escaped(interface).c_str(),
                  interface.empty() ? "" : "#", escaped(plan.str(exported.name)).c_str(),
                  escaped(plan.str(plan.func_type(exported.type).key), 1000).c_str());
    }
  }
  for (const runtime::CoreModule& module : program.modules()) {
    print_module(module.ir, "  ");
  }
}

void print_image(const runtime::CodeImage& image) {
  const ir::CwasmHeader& h = image.header();
  std::printf("cwasm: format %u, %s, %u bytes of native code, %u bytes of wasm\n", h.version,
              h.elf_machine == 62    ? "x86-64"
              : h.elf_machine == 183 ? "aarch64"
                                     : "unknown machine",
              h.text.size, h.wasm_raw_size);
  if (image.misfit()) {
    std::printf("  %s; it would be interpreted\n", image.misfit()->reason.c_str());
  }
}

} // namespace

Result<int> inspect_command(const Context& context) {
  TRY_ASSIGN(const std::string path, single_file(context));
  TRY_ASSIGN(ProgramOptions options, program_options(context.line));
  options.interpret = true; // nothing is mapped executable
  auto image = [&]() -> Result<std::shared_ptr<const runtime::CodeImage>> {
    TRY_ASSIGN(const std::string prefix,
               path == "-" ? Result<std::string>("") : sys::read_prefix(path, 4));
    if (!runtime::CodeImage::is_image(as_bytes(prefix))) {
      return nullptr;
    }
    return runtime::CodeImage::load(path, {.allow_foreign_owner = options.allow_precompiled,
                                           .verify_digest = options.verify,
                                           .map_text = false});
  }();
  if (!image) {
    return std::unexpected(std::move(image).error().with_file(path));
  }
  TRY_ASSIGN(auto program, Program::load(path, options));
  if (*image != nullptr) {
    print_image(**image);
  }
  if (program->is_component()) {
    print_component(*program);
  } else {
    print_module(program->modules().front().ir, "");
    print_custom_sections(program->file());
  }
  return 0;
}

} // namespace petrel::cli
