// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linking by compatible track, then by structure: a host of 0.2.1 serves an import of 0.2.6 that uses only what
// 0.2.1 had. Every import that cannot be satisfied is reported, in one error.
#include <algorithm>

#include "base/format.h"
#include "base/unicode.h"
#include "component/component.h"
#include "ir/interface_name.h"

namespace petrel::component {

namespace {

std::string full_name(const HostInterface& interface) {
  std::string name(interface.name);
  return interface.version.empty() ? name : name + "@" + std::string(interface.version);
}

} // namespace

const Linker::Offer* Linker::find(std::string_view wanted) const {
  const Offer* best = nullptr;
  for (const Offer& offer : interfaces_) {
    if (offer.interface->name != ir::without_version(wanted)) {
      continue;
    }
    const std::string offered = full_name(*offer.interface);
    if (offered == wanted) {
      return &offer;
    }
    if (ir::compatible_track(offered) == ir::compatible_track(wanted) &&
        (best == nullptr ||
         ir::compare_versions(offer.interface->version, best->interface->version) ==
             std::strong_ordering::greater)) {
      best = &offer;
    }
  }
  return best;
}

std::string Linker::resolve_func(const ir::ComponentPlan& plan, const ir::HostImport& import,
                                 ResolvedImports::Func& out) const {
  const std::string_view interface = plan.str(import.interface);
  const std::string_view name = plan.str(import.name);
  const Offer* offer = find(interface);
  if (offer == nullptr) {
    return "not provided";
  }
  const auto funcs = offer->interface->funcs;
  const auto at = std::ranges::lower_bound(funcs, name, {}, &HostFuncDef::name);
  if (at == funcs.end() || at->name != name) {
    return strf("function \"%s\" not provided; host has version %.*s", escaped(name).c_str(),
                PETREL_SV(offer->interface->version));
  }
  const std::string_view key = plan.str(plan.func_type(import.type).key);
  if (at->key != key) {
    return strf("function \"%s\": expected %s, found %.*s", escaped(name).c_str(),
                escaped(key, 1000).c_str(), PETREL_SV(at->key));
  }
  out = {&*at, offer->data};
  return {};
}

Result<ResolvedImports> Linker::resolve(const ir::ComponentPlan& plan) const {
  ResolvedImports resolved;
  resolved.funcs.resize(plan.imports().size());
  std::string missing;
  u32 count = 0;
  auto report = [&](std::string_view what, const std::string& why) {
    missing += missing.empty() ? "" : "\n";
    missing += strf("  %s: %s", escaped(what).c_str(), why.c_str());
    ++count;
  };
  std::string_view last_missing;
  for (usize i = 0; i < plan.imports().size(); ++i) {
    const ir::HostImport& import = plan.imports()[i];
    if (import.is_used == 0) {
      continue;
    }
    const std::string why = resolve_func(plan, import, resolved.funcs[i]);
    const std::string_view interface = plan.str(import.interface);
    const bool whole_interface = why == "not provided";
    if (why.empty() || (whole_interface && interface == last_missing)) {
      continue;
    }
    if (whole_interface) {
      last_missing = interface;
    }
    report(interface.empty() ? plan.str(import.name) : interface, why);
  }
  for (const ir::Resource& resource : plan.resources()) {
    const Offer* offer = resource.is_imported() ? find(plan.str(resource.interface)) : nullptr;
    ResourceTypeId id = nullptr;
    if (offer != nullptr) {
      const auto defs = offer->interface->resources;
      const auto at = std::ranges::find(defs, plan.str(resource.name), &HostResourceDef::name);
      id = at == defs.end() ? nullptr : &*at;
    }
    resolved.resource_types.push_back(id);
  }
  if (count != 0) {
    ErrorInfo info;
    info.cls = ErrorClass::link;
    info.text = strf("%u import%s not satisfied", count, count == 1 ? "" : "s");
    info.detail = std::move(missing);
    return std::unexpected(Error(std::move(info)));
  }
  return resolved;
}

} // namespace petrel::component
