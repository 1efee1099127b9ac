// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/core_types.h"

#include <map>
#include <optional>

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::frontend::comp {
namespace {

/// Signatures of a module's types, each made once.
class Signatures {
public:
  explicit Signatures(const ir::Module& module) : module_(module), made_(module.types().size()) {}
  const SigRef& of(TypeIdx type) {
    std::optional<SigRef>& sig = made_[type.index()];
    if (!sig) {
      const ir::TypeDef& def = module_.type(type);
      auto params = module_.params(def);
      auto results = module_.results(def);
      sig = SigRef(CoreSig{{params.begin(), params.end()}, {results.begin(), results.end()}});
    }
    return *sig;
  }

private:
  const ir::Module& module_;
  std::vector<std::optional<SigRef>> made_;
};

CoreExtern extern_of(const ir::Module& module, Signatures& signatures, ir::ExternKind kind,
                     u32 index) {
  CoreExtern e;
  e.kind = kind;
  switch (kind) {
  case ir::ExternKind::func: e.sig = signatures.of(module.func(FuncIdx(index)).type); break;
  case ir::ExternKind::table: e.table = module.tables()[index].type; break;
  case ir::ExternKind::memory: e.memory = module.memories()[index]; break;
  case ir::ExternKind::global: e.global = module.globals()[index].type; break;
  case ir::ExternKind::tag: e.sig = signatures.of(module.tags()[index].type); break;
  }
  return e;
}

bool limits_fit(const Limits& actual, const Limits& expected) {
  return actual.is_64 == expected.is_64 && actual.min >= expected.min &&
         (expected.has_max == 0 || (actual.has_max != 0 && actual.max <= expected.max));
}

} // namespace

const std::shared_ptr<const CoreSig>& SigRef::empty() {
  static const auto* const kEmpty =
      new std::shared_ptr<const CoreSig>(std::make_shared<const CoreSig>());
  return *kEmpty;
}

std::string to_string(const CoreSig& sig) {
  std::string out = "[";
  for (usize i = 0; i < sig.params.size(); ++i) {
    out += (i == 0 ? "" : " ") + petrel::to_string(sig.params[i]);
  }
  out += "] -> [";
  for (usize i = 0; i < sig.results.size(); ++i) {
    out += (i == 0 ? "" : " ") + petrel::to_string(sig.results[i]);
  }
  return out + "]";
}

std::string_view extern_kind_name(ir::ExternKind kind) {
  switch (kind) {
  case ir::ExternKind::func: return "func";
  case ir::ExternKind::table: return "table";
  case ir::ExternKind::memory: return "memory";
  case ir::ExternKind::global: return "global";
  case ir::ExternKind::tag: return "tag";
  }
  PETREL_UNREACHABLE();
}

ModuleType module_type(const ir::Module& module) {
  ModuleType type;
  Signatures signatures(module);
  for (const ir::Import& i : module.imports()) {
    type.imports.push_back(
        {module.str(i.module), module.str(i.name), extern_of(module, signatures, i.kind, i.index)});
  }
  for (const ir::Export& e : module.exports()) {
    type.exports.push_back({module.str(e.name), extern_of(module, signatures, e.kind, e.index)});
  }
  return type;
}

std::string core_mismatch(const CoreExtern& actual, const CoreExtern& expected) {
  if (actual.kind != expected.kind) {
    return strf("expected %s, found %s", extern_kind_name(expected.kind).data(),
                extern_kind_name(actual.kind).data());
  }
  switch (expected.kind) {
  case ir::ExternKind::func:
  case ir::ExternKind::tag:
    if (actual.sig == expected.sig) {
      return {};
    }
    return strf("expected: (%s) %s, found: %s", extern_kind_name(expected.kind).data(),
                to_string(expected.sig.get()).c_str(), to_string(actual.sig.get()).c_str());
  case ir::ExternKind::table:
    if (actual.table.element != expected.table.element) {
      return strf("expected table element type %s, found %s",
                  petrel::to_string(expected.table.element).c_str(),
                  petrel::to_string(actual.table.element).c_str());
    }
    return limits_fit(actual.table.limits, expected.table.limits) ? "" : "mismatch in table limits";
  case ir::ExternKind::memory:
    if (actual.memory.is_shared != expected.memory.is_shared) {
      return "mismatch in the shared flag for memories";
    }
    return limits_fit(actual.memory, expected.memory) &&
                   actual.memory.page_size_log2 == expected.memory.page_size_log2
               ? ""
               : "mismatch in memory limits";
  case ir::ExternKind::global:
    if (actual.global.is_mutable != expected.global.is_mutable) {
      return "global types differ in mutability";
    }
    if (actual.global.type == expected.global.type) {
      return {};
    }
    return strf("expected global type %s, found %s",
                petrel::to_string(expected.global.type).c_str(),
                petrel::to_string(actual.global.type).c_str());
  }
  PETREL_UNREACHABLE();
}

std::string core_mismatch(const ModuleType& actual, const ModuleType& expected) {
  std::map<std::pair<std::string_view, std::string_view>, const CoreExtern*> imports;
  for (const CoreImport& i : expected.imports) {
    imports.emplace(std::pair(i.module, i.name), &i.type);
  }
  for (const CoreImport& i : actual.imports) {
    auto found = imports.find({i.module, i.name});
    if (found == imports.end()) {
      return strf("missing expected import `%s::%s`", escaped(i.module).c_str(),
                  escaped(i.name).c_str());
    }
    if (std::string why = core_mismatch(*found->second, i.type); !why.empty()) {
      return strf("type mismatch in import `%s::%s`: %s", escaped(i.module).c_str(),
                  escaped(i.name).c_str(), why.c_str());
    }
  }
  std::map<std::string_view, const CoreExtern*> exports;
  for (const CoreExport& e : actual.exports) {
    exports.emplace(e.name, &e.type);
  }
  for (const CoreExport& e : expected.exports) {
    auto found = exports.find(e.name);
    if (found == exports.end()) {
      return strf("missing expected export `%s`", escaped(e.name).c_str());
    }
    if (std::string why = core_mismatch(*found->second, e.type); !why.empty()) {
      return strf("type mismatch in export `%s`: %s", escaped(e.name).c_str(), why.c_str());
    }
  }
  return {};
}

} // namespace petrel::frontend::comp
