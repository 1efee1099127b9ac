// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Core types as a component sees them: function signatures, module types and the exports of core
// instances, with the matching rules of core specification §3.4.4 (import matching).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "ir/module.h"

namespace petrel::frontend::comp {

struct CoreSig {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const CoreSig&) const = default;
};
std::string to_string(const CoreSig& sig);

/// A signature shared by all that have it: aliases and exports of a long one cost nothing.
class SigRef {
public:
  SigRef() : sig_(empty()) {}
  SigRef(CoreSig sig) : sig_(std::make_shared<const CoreSig>(std::move(sig))) {}
  const CoreSig& get() const { return *sig_; }
  const CoreSig* operator->() const { return sig_.get(); }
  bool operator==(const SigRef& other) const { return sig_ == other.sig_ || *sig_ == *other.sig_; }

private:
  static const std::shared_ptr<const CoreSig>& empty();
  std::shared_ptr<const CoreSig> sig_;
};

/// The type of a core import or export.
struct CoreExtern {
  ir::ExternKind kind = ir::ExternKind::func;
  SigRef sig; ///< func, tag
  ir::TableType table = {};
  Limits memory = {};
  ir::GlobalType global = {};
};
struct CoreImport {
  std::string_view module;
  std::string_view name;
  CoreExtern type;
};
struct CoreExport {
  std::string_view name;
  CoreExtern type;
};
struct ModuleType {
  std::vector<CoreImport> imports;
  std::vector<CoreExport> exports;
};

/// The type of a decoded module. Names are views into the module image.
ModuleType module_type(const ir::Module& module);

/// Empty when `actual` can be given where `expected` is asked for, else why not.
std::string core_mismatch(const CoreExtern& actual, const CoreExtern& expected);
/// Subtyping of module types.
std::string core_mismatch(const ModuleType& actual, const ModuleType& expected);

std::string_view extern_kind_name(ir::ExternKind kind);

} // namespace petrel::frontend::comp
