// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names to definitions for the imports of core modules. Host modules are static tables searched by name, so that
// linking forty functions costs nothing until a guest asks for one.
#pragma once

#include <string>
#include <vector>

#include "runtime/instance.h"

namespace petrel::runtime {

/// Types of a HostFuncDef::signature.
struct ParsedSignature {
  std::vector<ValType> params;
  std::vector<ValType> results;
};
ParsedSignature parse_signature(std::string_view signature);

class Linker {
public:
  /// Offers a table of host functions; `module` must outlive the Linker.
  void add_host_module(const HostModule& module) { host_modules_.push_back(&module); }
  /// Offers one definition; a later one of the same names replaces it.
  void define(std::string module, std::string name, Extern definition);
  /// Offers all exports of an instance under a module name (`register` of scripts).
  void define_instance(const std::string& module, Instance& instance);

  /// One definition per import, in order. Errors: link, naming every import that is missing.
  Result<std::vector<Extern>> resolve(Store& store, const ir::Module& module);

private:
  struct Definition {
    std::string module;
    std::string name;
    Extern value;
  };
  std::optional<Extern> find(Store& store, std::string_view module, std::string_view name);

  std::vector<Definition> definitions_;
  std::vector<const HostModule*> host_modules_;
};

} // namespace petrel::runtime
