// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The root's two faces: imports, which the host provides, and exports, which it may call.
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/component/canon_abi.h"
#include "frontend/component/flattener.h"

namespace petrel::frontend::comp {

Result<Flattener::Item> Flattener::host_item(Env& env, std::string_view interface,
                                             std::string_view name, const Entity& entity) {
  switch (entity.kind) {
  case EntityKind::func: return host_func(env, interface, name, entity.type);
  case EntityKind::instance: {
    usize row = image_.interfaces.size();
    u32 first = narrow<u32>(image_.imports.size());
    image_.interfaces.push_back({image_.name(name), first, 0});
    TRY_ASSIGN(Item made, host_instance(env, name, {}, entity.type));
    image_.interfaces[row].import_count = narrow<u32>(image_.imports.size()) - first;
    return made;
  }
  case EntityKind::type: {
    Item out{.kind = EntityKind::type, .index = kNoIndex, .component = {}};
    const Type& type = types_[entity.type];
    if (type.kind != TypeKind::resource) {
      return out;
    }
    auto [known, is_new] =
        env.resources.try_emplace(type.number, narrow<u32>(image_.resources.size()));
    if (is_new) {
      image_.resources.push_back({.interface = image_.name(interface),
                                  .name = image_.name(name),
                                  .owner = {},
                                  .dtor = {}});
    }
    out.index = known->second;
    return out;
  }
  case EntityKind::core_module:
  case EntityKind::component:
  case EntityKind::value: break;
  }
  return fail(
      ErrorClass::unsupported,
      strf("import `%s` is a %s: only functions, instances and types can be imported from the host",
           escaped(name).c_str(), kind_name(entity.kind).data()));
}

Result<Flattener::Item> Flattener::host_instance(Env& env, std::string_view interface,
                                                 std::string_view prefix, TypeId type) {
  Instance* made = new_instance();
  const InstanceType desc = types_.instance(type);
  if (!spend(desc.exports.size())) {
    return fail(ErrorClass::limit, "flattening the component takes too many steps");
  }
  for (const NamedEntity& e : desc.exports) {
    std::string_view name =
        prefix.empty() ? e.name : keep(std::string(prefix) + "#" + std::string(e.name));
    Item item;
    if (e.entity.kind == EntityKind::instance) {
      TRY_ASSIGN(item, host_instance(env, interface, name, e.entity.type));
    } else {
      TRY_ASSIGN(item, host_item(env, interface, name, e.entity));
    }
    made->exports.emplace(e.name, item);
  }
  return Item{.kind = EntityKind::instance, .instance = made, .component = {}};
}

Result<Flattener::Item> Flattener::host_func(Env& env, std::string_view interface,
                                             std::string_view name, TypeId type) {
  TRY_ASSIGN(ir::CompFuncTypeIdx func, func_type(env, type));
  key_wanted_[func.index()] = 1;
  u32 import = narrow<u32>(image_.imports.size());
  image_.imports.push_back(
      {.interface = image_.name(interface), .name = image_.name(name), .type = func, .is_used = 0});
  funcs_.push_back({.is_lift = false, .index = import, .type = type});
  return Item{.kind = EntityKind::func, .index = narrow<u32>(funcs_.size() - 1), .component = {}};
}

Status Flattener::export_item(Env& env, std::string_view interface, std::string_view name,
                              const Entity& entity, const Item& item) {
  switch (entity.kind) {
  case EntityKind::func: return export_func(env, interface, name, entity.type, funcs_[item.index]);
  case EntityKind::instance: {
    std::string_view path =
        interface.empty() ? name : keep(std::string(interface) + "#" + std::string(name));
    image_.exports.push_back({.interface = image_.name(path),
                              .name = {},
                              .kind = ir::ExportKind::interface,
                              .index = 0,
                              .type = {},
                              .params = {},
                              .result = {}});
    const InstanceType desc = types_.instance(entity.type);
    if (!spend(desc.exports.size())) {
      return fail(ErrorClass::limit, "flattening the component takes too many steps");
    }
    for (const NamedEntity& e : desc.exports) {
      auto found = item.instance->exports.find(e.name);
      CHECK(found != item.instance->exports.end());
      TRY(export_item(env, path, e.name, e.entity, found->second));
    }
    return {};
  }
  case EntityKind::type: {
    const Type& type = types_[entity.type];
    ir::ComponentExport row{.interface = image_.name(interface),
                            .name = image_.name(name),
                            .kind = ir::ExportKind::type,
                            .index = 0,
                            .type = {},
                            .params = {},
                            .result = {}};
    if (type.kind == TypeKind::resource) {
      CHECK(item.index != kNoIndex);
      row.kind = ir::ExportKind::resource;
      row.index = item.index;
      ir::Resource& resource = image_.resources[item.index];
      if (resource.name.count == 0) {
        resource.interface = row.interface;
        resource.name = row.name;
      }
    } else if (type.kind == TypeKind::value) {
      TRY_ASSIGN(ir::DefTypeIdx idx, value(env, entity.type));
      row.index = idx.index();
    } else {
      return {}; // function, instance and component types have no run-time face
    }
    image_.exports.push_back(row);
    return {};
  }
  case EntityKind::core_module:
    image_.exports.push_back({.interface = image_.name(interface),
                              .name = image_.name(name),
                              .kind = ir::ExportKind::core_module,
                              .index = item.index,
                              .type = {},
                              .params = {},
                              .result = {}});
    return {};
  case EntityKind::component: return {}; // of use to an enclosing component only
  case EntityKind::value: break;
  }
  PETREL_UNREACHABLE();
}

Status Flattener::export_func(Env& env, std::string_view interface, std::string_view name,
                              TypeId type, const Func& func) {
  TRY_ASSIGN(ir::CompFuncTypeIdx idx, func_type(env, type));
  key_wanted_[idx.index()] = 1;
  ir::ComponentExport row{.interface = image_.name(interface),
                          .name = image_.name(name),
                          .kind = ir::ExportKind::imported_func,
                          .index = func.index,
                          .type = idx,
                          .params = {},
                          .result = {}};
  if (!func.is_lift) {
    image_.imports[func.index].is_used = 1;
    image_.exports.push_back(row);
    return {};
  }
  row.kind = ir::ExportKind::lifted_func;
  ir::OptionsIdx options = image_.lifts[func.index].options;
  const ir::CanonOptions& o = image_.options[options.index()];
  const LiftInfo& info = lift_infos_[func.index];
  TRY_ASSIGN(row.params, params_plan(idx, PlanBuilder::host(),
                                     PlanBuilder::guest(o, options, info.params_in_memory)));
  TRY_ASSIGN(row.result, result_plan(idx, PlanBuilder::guest(o, options, info.result_in_memory),
                                     PlanBuilder::host()));
  image_.exports.push_back(row);
  return {};
}

Status Flattener::write_keys() {
  for (usize i = 0; i < image_.func_types.size(); ++i) {
    if (key_wanted_[i] != 0) {
      auto key = type_key(image_, image_.func_types[i]);
      if (!key) {
        return std::unexpected(std::move(key).error().with_offset(0));
      }
      image_.func_types[i].key = image_.name(*key);
      if (image_.size_bytes() > kMaxImageBytes) {
        return fail_at(ErrorClass::limit, 0, "the flattened component is larger than 128 MiB");
      }
    }
  }
  return {};
}

} // namespace petrel::frontend::comp
