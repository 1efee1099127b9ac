// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/linker.h"

#include <algorithm>

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::runtime {

namespace {

ValType parse_val_type(char letter) {
  switch (letter) {
  case 'i': return ValKind::i32;
  case 'I': return ValKind::i64;
  case 'f': return ValKind::f32;
  case 'F': return ValKind::f64;
  case 'v': return ValKind::v128;
  case 'e': return ValType::externref();
  case 'r': return ValType::funcref();
  default: PETREL_UNREACHABLE(); // signatures are our own tables
  }
}

} // namespace

ParsedSignature parse_signature(std::string_view signature) {
  ParsedSignature parsed;
  std::vector<ValType>* list = &parsed.params;
  for (char letter : signature) {
    if (letter == ':') {
      list = &parsed.results;
    } else {
      list->push_back(parse_val_type(letter));
    }
  }
  return parsed;
}

void Linker::define(std::string module, std::string name, Extern definition) {
  for (Definition& present : definitions_) {
    if (present.module == module && present.name == name) {
      present.value = definition;
      return;
    }
  }
  definitions_.push_back({std::move(module), std::move(name), definition});
}

void Linker::define_instance(const std::string& module, Instance& instance) {
  for (const ir::Export& exported : instance.ir().exports()) {
    define(module, std::string(instance.ir().str(exported.name)),
           instance.extern_of(exported.kind, exported.index));
  }
}

std::optional<Extern> Linker::find(Store& store, std::string_view module, std::string_view name) {
  for (const Definition& definition : definitions_) {
    if (definition.module == module && definition.name == name) {
      return definition.value;
    }
  }
  for (const HostModule* host : host_modules_) {
    if (host->name != module) {
      continue;
    }
    auto at = std::ranges::lower_bound(host->funcs, name, {}, &HostFuncDef::name);
    if (at != host->funcs.end() && at->name == name) {
      const ParsedSignature signature = parse_signature(at->signature);
      return Extern::of(
          store.make_host_func(signature.params, signature.results, at->fn, host->data));
    }
  }
  return std::nullopt;
}

Result<std::vector<Extern>> Linker::resolve(Store& store, const ir::Module& module) {
  std::vector<Extern> found;
  std::string missing;
  u32 missing_count = 0;
  for (const ir::Import& import : module.imports()) {
    auto definition = find(store, module.str(import.module), module.str(import.name));
    if (definition) {
      found.push_back(*definition);
      continue;
    }
    missing += missing_count++ == 0 ? "" : "\n";
    missing +=
        strf("  unknown import: \"%s\" \"%s\": not provided",
             escaped(module.str(import.module)).c_str(), escaped(module.str(import.name)).c_str());
  }
  if (missing_count != 0) {
    ErrorInfo info;
    info.cls = ErrorClass::link;
    info.text = strf("%u import%s not satisfied", missing_count, missing_count == 1 ? "" : "s");
    info.detail = std::move(missing);
    return std::unexpected(Error(std::move(info)));
  }
  return found;
}

} // namespace petrel::runtime
