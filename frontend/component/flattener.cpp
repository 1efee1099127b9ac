// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/flattener.h"

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::frontend::comp {

Result<std::vector<u8>> Flattener::run() {
  for (const ModuleImage& m : file_.modules) {
    const ir::ModuleHeader& h = m.module().header();
    image_.modules.push_back({h.file_offset, h.file_size});
  }
  TRY(push({&file_.root(), nullptr}, ir::ComponentInstanceIdx::none(), {}, {}));
  while (!stack_.empty()) {
    Env& env = *stack_.back();
    if (env.pc == env.def->defs.size()) {
      pop();
      continue;
    }
    const Def& def = env.def->defs[env.pc++];
    Status status = spend(1)
                        ? execute(env, def)
                        : fail(ErrorClass::limit, "flattening the component takes too many steps");
    if (!status) {
      return std::unexpected(
          std::move(status).error().with_offset(def.offset).with_where("component instantiation"));
    }
    if (image_.initialisers.size() > kMaxInitialisers || image_.size_bytes() > kMaxImageBytes) {
      return fail_at(ErrorClass::limit, def.offset,
                     strf("flattened component exceeds the limit of %u initialisers or %zu MiB",
                          kMaxInitialisers, kMaxImageBytes >> 20));
    }
  }
  TRY(write_keys());
  return image_.finish();
}

Status Flattener::push(const Closure& closure, ir::ComponentInstanceIdx parent, TypeId result_type,
                       Instance args) {
  if (envs_.size() >= kMaxInstances) {
    return fail(ErrorClass::limit,
                strf("component instances exceed the limit of %u", kMaxInstances));
  }
  auto env = std::make_unique<Env>();
  env->def = closure.def;
  env->lexical = closure.lexical;
  env->idx = ir::ComponentInstanceIdx(narrow<u32>(image_.components.size()));
  env->result_type = result_type;
  env->args = std::move(args);
  env->exported = new_instance();
  image_.components.push_back(
      {parent, parent.is_none() ? ir::Str{} : image_.name(strf("instance %u", env->idx.index()))});
  image_.add_init(ir::InitKind::start_component, env->idx.index());
  stack_.push_back(env.get());
  envs_.push_back(std::move(env));
  return {};
}

void Flattener::pop() {
  Env& done = *stack_.back();
  stack_.pop_back();
  if (stack_.empty()) {
    return;
  }
  Env& parent = *stack_.back();
  Item made{.kind = EntityKind::instance, .instance = done.exported, .component = {}};
  push_item(parent, made, done.result_type);
  done.args = {};
}

Status Flattener::execute(Env& env, const Def& def) {
  switch (def.kind) {
  case Def::Kind::core_module: env.core_modules.push_back(def.index); return {};
  case Def::Kind::core_instantiate: return core_instantiate(env, def);
  case Def::Kind::core_exports: core_exports(env, def); return {};
  case Def::Kind::component:
    env.components.push_back({file_.components[def.index].get(), &env});
    return {};
  case Def::Kind::instantiate: return instantiate(env, def);
  case Def::Kind::exports: {
    Instance* made = new_instance();
    for (const NamedRef& arg : def.args) {
      made->exports.emplace(arg.name, item(env, arg.sort, arg.index, arg.type));
    }
    push_item(env, {.kind = EntityKind::instance, .instance = made, .component = {}}, def.type);
    return {};
  }
  case Def::Kind::alias_export: {
    auto found = env.instances[def.index]->exports.find(def.name);
    CHECK(found != env.instances[def.index]->exports.end());
    push_item(env, found->second, def.type);
    return {};
  }
  case Def::Kind::alias_core: alias_core(env, def); return {};
  case Def::Kind::alias_outer: alias_outer(env, def); return {};
  case Def::Kind::resource: return resource(env, def);
  case Def::Kind::lift: return lift(env, def);
  case Def::Kind::lower: return lower(env, def);
  case Def::Kind::builtin: return builtin(env, def);
  case Def::Kind::import_: return import_(env, def);
  case Def::Kind::export_: {
    Item exported = item(env, def.sort, def.index, def.args[0].type);
    static constexpr EntityKind kKinds[] = {
        EntityKind::core_module, EntityKind::core_module, EntityKind::func,    EntityKind::value,
        EntityKind::type,        EntityKind::component,   EntityKind::instance};
    Entity entity{kKinds[static_cast<u32>(def.sort) - static_cast<u32>(Sort::core_module)],
                  def.type};
    push_item(env, exported, def.type);
    env.exported->exports.emplace(def.name, exported);
    return stack_.size() == 1 ? export_item(env, {}, def.name, entity, exported) : Status();
  }
  }
  PETREL_UNREACHABLE();
}

Status Flattener::core_instantiate(Env& env, const Def& def) {
  u32 module_idx = env.core_modules[def.index];
  const ir::Module module = file_.modules[module_idx].module();
  std::unordered_map<std::string_view, u32> by_name;
  for (const NamedRef& arg : def.args) {
    by_name.emplace(arg.name, arg.index);
  }
  std::vector<ir::CoreArg> args;
  if (!spend(module.imports().size() + def.args.size())) {
    return fail(ErrorClass::limit, "flattening the component takes too many steps");
  }
  for (const ir::Import& import : module.imports()) {
    auto found = by_name.find(module.str(import.module));
    CHECK(found != by_name.end());
    const CoreInstance& from = env.core_instances[found->second];
    CoreDef core{ir::CoreArg::Kind::instance_export, from.real, module.str(import.name),
                 import.kind};
    if (from.real == kNoIndex) {
      auto exported = from.exports.find(module.str(import.name));
      CHECK(exported != from.exports.end());
      core = exported->second;
    }
    args.push_back({.kind = core.kind,
                    .index = core.index,
                    .name = image_.name(core.name),
                    .extern_kind = import.kind});
  }
  image_.add_init(ir::InitKind::instantiate_module, image_.instantiates.size());
  image_.instantiates.push_back({ir::CoreModuleIdx(module_idx), env.idx, image_.put(args)});
  CoreInstance made;
  made.real = image_.core_instances++;
  env.core_instances.push_back(std::move(made));
  return {};
}

std::vector<Flattener::CoreDef>& Flattener::core_space(Env& env, Sort sort) {
  switch (sort) {
  case Sort::core_func: return env.core_funcs;
  case Sort::core_table: return env.core_tables;
  case Sort::core_memory: return env.core_memories;
  case Sort::core_global: return env.core_globals;
  case Sort::core_tag: return env.core_tags;
  case Sort::core_type:
  case Sort::core_module:
  case Sort::core_instance:
  case Sort::func:
  case Sort::value:
  case Sort::type:
  case Sort::component:
  case Sort::instance: break;
  }
  PETREL_UNREACHABLE();
}

void Flattener::core_exports(Env& env, const Def& def) {
  CoreInstance made;
  for (const NamedRef& arg : def.args) {
    made.exports.emplace(arg.name, core_space(env, arg.sort)[arg.index]);
  }
  env.core_instances.push_back(std::move(made));
}

void Flattener::alias_core(Env& env, const Def& def) {
  static constexpr ir::ExternKind kKinds[] = {ir::ExternKind::func, ir::ExternKind::table,
                                              ir::ExternKind::memory, ir::ExternKind::global,
                                              ir::ExternKind::tag};
  const CoreInstance& from = env.core_instances[def.index];
  CoreDef core{ir::CoreArg::Kind::instance_export, from.real, def.name,
               kKinds[static_cast<u32>(def.sort)]};
  if (from.real == kNoIndex) {
    auto found = from.exports.find(def.name);
    CHECK(found != from.exports.end());
    core = found->second;
  }
  core_space(env, def.sort).push_back(core);
}

void Flattener::alias_outer(Env& env, const Def& def) {
  Env* from = &env;
  for (u32 i = 0; i < def.count; ++i) {
    from = from->lexical;
    CHECK(from != nullptr);
  }
  if (def.sort == Sort::core_module) {
    env.core_modules.push_back(from->core_modules[def.index]);
  } else {
    env.components.push_back(from->components[def.index]);
  }
}

Flattener::Item Flattener::item(Env& env, Sort sort, u32 index, TypeId type) {
  Item out;
  switch (sort) {
  case Sort::core_module:
    out.kind = EntityKind::core_module;
    out.index = env.core_modules[index];
    return out;
  case Sort::func:
    out.kind = EntityKind::func;
    out.index = env.funcs[index];
    return out;
  case Sort::component:
    out.kind = EntityKind::component;
    out.component = env.components[index];
    return out;
  case Sort::instance:
    out.kind = EntityKind::instance;
    out.instance = env.instances[index];
    return out;
  case Sort::type: {
    out.kind = EntityKind::type;
    out.index = kNoIndex;
    const Type& t = types_[type];
    if (t.kind == TypeKind::resource) {
      auto found = env.resources.find(t.number);
      CHECK(found != env.resources.end());
      out.index = found->second;
    }
    return out;
  }
  case Sort::core_func:
  case Sort::core_table:
  case Sort::core_memory:
  case Sort::core_global:
  case Sort::core_tag:
  case Sort::core_type:
  case Sort::core_instance:
  case Sort::value: break;
  }
  PETREL_UNREACHABLE();
}

void Flattener::push_item(Env& env, const Item& item, TypeId type) {
  bind(env, {item.kind, type}, item);
  switch (item.kind) {
  case EntityKind::core_module: env.core_modules.push_back(item.index); return;
  case EntityKind::func: env.funcs.push_back(item.index); return;
  case EntityKind::component: env.components.push_back(item.component); return;
  case EntityKind::instance: env.instances.push_back(item.instance); return;
  case EntityKind::type: return;
  case EntityKind::value: break;
  }
  PETREL_UNREACHABLE();
}

void Flattener::bind(Env& env, Entity expected, const Item& item) {
  if (expected.kind == EntityKind::type) {
    const Type& t = types_[expected.type];
    if (t.kind == TypeKind::resource && item.index != kNoIndex) {
      env.resources.try_emplace(t.number, item.index);
    }
    return;
  }
  if (expected.kind != EntityKind::instance || item.instance == nullptr ||
      !types_[expected.type].has_resources) {
    return;
  }
  const InstanceType& type = types_.instance(expected.type);
  spend(type.exports.size());
  for (const NamedEntity& e : type.exports) {
    if (e.entity.kind == EntityKind::type || e.entity.kind == EntityKind::instance) {
      auto found = item.instance->exports.find(e.name);
      CHECK(found != item.instance->exports.end());
      bind(env, e.entity, found->second);
    }
  }
}

Status Flattener::instantiate(Env& env, const Def& def) {
  Instance args;
  for (const NamedRef& arg : def.args) {
    args.exports.emplace(arg.name, item(env, arg.sort, arg.index, arg.type));
  }
  return push(env.components[def.index], env.idx, def.type, std::move(args));
}

Status Flattener::import_(Env& env, const Def& def) {
  static constexpr EntityKind kKinds[] = {
      EntityKind::core_module, EntityKind::core_module, EntityKind::func,    EntityKind::value,
      EntityKind::type,        EntityKind::component,   EntityKind::instance};
  Entity entity{kKinds[static_cast<u32>(def.sort) - static_cast<u32>(Sort::core_module)], def.type};
  Item given;
  if (stack_.size() == 1) {
    TRY_ASSIGN(given, host_item(env, {}, def.name, entity));
  } else {
    auto found = env.args.exports.find(def.name);
    CHECK(found != env.args.exports.end());
    given = found->second;
  }
  push_item(env, given, def.type);
  return {};
}

Status Flattener::resource(Env& env, const Def& def) {
  u32 idx = narrow<u32>(image_.resources.size());
  ir::FuncSlot dtor =
      def.index == kNoIndex ? ir::FuncSlot::none() : func_slot(env.core_funcs[def.index]);
  image_.add_init(ir::InitKind::define_resource, idx);
  image_.resources.push_back({.interface = {}, .name = {}, .owner = env.idx, .dtor = dtor});
  env.resources[types_[def.type].number] = idx;
  return {};
}

} // namespace petrel::frontend::comp
