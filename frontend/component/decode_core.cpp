// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Core modules, core instances and core types of a component (Binary.md, sections 1 to 3). Module types take
// part in matching only; the bodies are the core decoder's business.
#include "base/format.h"
#include "base/unicode.h"
#include "frontend/component/decoder.h"

namespace petrel::frontend::comp {

Status Decoder::core_module(ByteReader bytes) {
  if (out_->modules.size() >= kMaxNestedModules) {
    return fail_at(ErrorClass::limit, bytes.offset(),
                   strf("core modules in the file exceed the limit of %u", kMaxNestedModules));
  }
  const u64 start = bytes.offset();
  TRY_ASSIGN(ModuleImage image, decode_module(file_, start, bytes.remaining(), options_));
  out_->modules.push_back(std::move(image));
  // Two-level names are mangled to one level in a component's view, so they must differ.
  std::unordered_set<std::string> names;
  const ir::Module module = out_->modules.back().module();
  for (const ir::Import& i : module.imports()) {
    std::string name = std::string(module.str(i.module)) + '\0' + std::string(module.str(i.name));
    if (!names.insert(std::move(name)).second) {
      return fail_at(ErrorClass::invalid, start,
                     strf("duplicate import name `%s:%s`", escaped(module.str(i.module)).c_str(),
                          escaped(module.str(i.name)).c_str()));
    }
  }
  TypeId type = out_->types.make_module(module_type(out_->modules.back().module()));
  TRY(grow(top().core_modules, type, "modules"));
  record({.kind = Def::Kind::core_module, .index = narrow<u32>(out_->modules.size() - 1)});
  return {};
}

Status Decoder::core_instance(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 form, r.read_u8());
  switch (form) {
  case 0x00: return core_instantiate(r);
  case 0x01: return core_inline_exports(r);
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for core instance", form));
  }
}

Status Decoder::core_instantiate(ByteReader& r) {
  Scope& s = top();
  TRY_ASSIGN(u32 module, r.read_var_u32());
  if (module >= s.core_modules.size()) {
    return fail(ErrorClass::invalid, strf("unknown module %u: module index out of bounds", module));
  }
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 3, "instantiation arguments"));
  Def def{.kind = Def::Kind::core_instantiate, .index = module};
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(std::string_view name, r.read_name());
    u64 offset = r.offset();
    TRY_ASSIGN(u8 kind, r.read_u8());
    if (kind != 0x12) {
      return fail_at(
          ErrorClass::malformed, offset,
          strf("invalid leading byte (0x%x) for instantiation arg kind: expected 0x12", kind));
    }
    TRY_ASSIGN(u32 instance, r.read_var_u32());
    if (instance >= s.core_instances.size()) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("unknown core instance %u: instance index out of bounds", instance));
    }
    def.args.push_back({.name = name, .sort = Sort::core_instance, .index = instance, .type = {}});
  }
  const ModuleType& type = out_->types.module(s.core_modules[module]);
  TRY(check_core_args(type, def.args));
  std::shared_ptr<const CoreInstanceType>& made = instance_types_[s.core_modules[module].index()];
  if (made == nullptr) {
    auto fresh = std::make_shared<CoreInstanceType>();
    fresh->exports = type.exports;
    for (u32 i = 0; i < fresh->exports.size(); ++i) {
      fresh->by_name.emplace(fresh->exports[i].name, i);
    }
    made = std::move(fresh);
  }
  TRY(grow(s.core_instances, made, "core instances"));
  record(std::move(def));
  return {};
}

Status Decoder::check_core_args(const ModuleType& module, std::span<const NamedRef> args) {
  Scope& s = top();
  if (!out_->types.spend(module.imports.size() + args.size())) {
    return fail(ErrorClass::limit, "core instantiations take too many steps to check");
  }
  std::unordered_map<std::string_view, u32> by_name;
  for (const NamedRef& arg : args) {
    if (!by_name.emplace(arg.name, arg.index).second) {
      return fail(ErrorClass::invalid, strf("duplicate module instantiation argument named `%s`",
                                            escaped(arg.name).c_str()));
    }
  }
  for (const CoreImport& import : module.imports) {
    auto arg = by_name.find(import.module);
    if (arg == by_name.end()) {
      return fail(ErrorClass::invalid, strf("missing module instantiation argument named `%s`",
                                            escaped(import.module).c_str()));
    }
    const CoreInstanceType& instance = *s.core_instances[arg->second];
    auto item = instance.by_name.find(import.name);
    if (item == instance.by_name.end()) {
      return fail(ErrorClass::invalid,
                  strf("module instantiation argument `%s` does not export an item named `%s`",
                       escaped(import.module).c_str(), escaped(import.name).c_str()));
    }
    std::string why = core_mismatch(instance.exports[item->second].type, import.type);
    if (!why.empty()) {
      return fail(ErrorClass::invalid,
                  strf("type mismatch for export `%s` of module instantiation argument `%s`: %s",
                       escaped(import.name).c_str(), escaped(import.module).c_str(), why.c_str()));
    }
  }
  return {};
}

Status Decoder::core_inline_exports(ByteReader& r) {
  Scope& s = top();
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 3, "exports of a core instance"));
  Def def{.kind = Def::Kind::core_exports};
  CoreInstanceType made;
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(std::string_view name, r.read_name());
    u64 offset = r.offset();
    TRY_ASSIGN(Sort sort, core_sort(r));
    TRY_ASSIGN(u32 index, r.read_var_u32());
    auto item = core_item(sort, index);
    if (!item) {
      return std::unexpected(std::move(item).error().with_offset(offset));
    }
    if (!made.by_name.emplace(name, narrow<u32>(made.exports.size())).second) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("export name `%s` already defined", escaped(name).c_str()));
    }
    made.exports.push_back({name, *item});
    def.args.push_back({.name = name, .sort = sort, .index = index, .type = {}});
  }
  TRY(grow(
      s.core_instances,
      std::shared_ptr<const CoreInstanceType>(std::make_shared<CoreInstanceType>(std::move(made))),
      "core instances"));
  record(std::move(def));
  return {};
}

Result<CoreExtern> Decoder::core_item(Sort sort, u32 index) {
  Scope& s = top();
  const std::vector<CoreExtern>* space = nullptr;
  const char* what = nullptr;
  switch (sort) {
  case Sort::core_func:
    space = &s.core_funcs;
    what = "function";
    break;
  case Sort::core_table:
    space = &s.core_tables;
    what = "table";
    break;
  case Sort::core_memory:
    space = &s.core_memories;
    what = "memory";
    break;
  case Sort::core_global:
    space = &s.core_globals;
    what = "global";
    break;
  case Sort::core_tag:
    space = &s.core_tags;
    what = "tag";
    break;
  case Sort::core_type:
  case Sort::core_module:
  case Sort::core_instance:
  case Sort::func:
  case Sort::value:
  case Sort::type:
  case Sort::component:
  case Sort::instance:
    return fail(ErrorClass::invalid,
                strf("a core instance cannot export a %s", sort_name(sort).data()));
  }
  if (index >= space->size()) {
    return fail(ErrorClass::invalid,
                strf("unknown core %s %u: %s index out of bounds", what, index, what));
  }
  return (*space)[index];
}

Status Decoder::push_core_item(Sort sort, const CoreExtern& item) {
  Scope& s = top();
  switch (sort) {
  case Sort::core_func: return grow(s.core_funcs, item, "core functions");
  case Sort::core_table: return grow(s.core_tables, item, "core tables");
  case Sort::core_memory: return grow(s.core_memories, item, "core memories");
  case Sort::core_global: return grow(s.core_globals, item, "core globals");
  case Sort::core_tag: return grow(s.core_tags, item, "core tags");
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

Result<ValType> Decoder::core_val_type(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 byte, r.read_u8());
  switch (byte) {
  case 0x7f: return ValType(ValKind::i32);
  case 0x7e: return ValType(ValKind::i64);
  case 0x7d: return ValType(ValKind::f32);
  case 0x7c: return ValType(ValKind::f64);
  case 0x7b: return ValType(ValKind::v128);
  case 0x63:
  case 0x64: {
    TRY_ASSIGN(i64 heap, r.read_var_s33());
    if (heap >= 0) {
      return fail_at(ErrorClass::unsupported, offset,
                     "function-references: an indexed reference type in a component's core type");
    }
    u8 abs = static_cast<u8>(heap & 0x7f);
    if (abs < 0x69 || abs > 0x74) {
      return fail_at(ErrorClass::malformed, offset, "malformed heap type");
    }
    return ValType::ref(static_cast<AbsHeapType>(abs), byte == 0x63);
  }
  default:
    if (byte >= 0x69 && byte <= 0x74) {
      return ValType::ref(static_cast<AbsHeapType>(byte), true);
    }
    return fail_at(ErrorClass::malformed, offset, strf("invalid value type 0x%x", byte));
  }
}

Result<CoreSig> Decoder::core_func_type(ByteReader& r) {
  CoreSig sig;
  for (auto* list : {&sig.params, &sig.results}) {
    TRY_ASSIGN(u32 count, read_items(r, 1000, 1, "parameters or results"));
    for (u32 i = 0; i < count; ++i) {
      TRY_ASSIGN(ValType type, core_val_type(r));
      list->push_back(type);
    }
  }
  return sig;
}

Result<Limits> Decoder::core_limits(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 flags, r.read_u8());
  if (flags > 0x0f) {
    return fail_at(ErrorClass::malformed, offset, "malformed limits flags");
  }
  Limits limits;
  limits.has_max = flags & 1;
  limits.is_shared = flags >> 1 & 1;
  limits.is_64 = flags >> 2 & 1;
  TRY_ASSIGN(limits.min, r.read_var_u64());
  if (limits.has_max != 0) {
    TRY_ASSIGN(limits.max, r.read_var_u64());
  }
  if ((flags & 8) != 0) {
    TRY_ASSIGN(u32 log2, r.read_var_u32());
    if (log2 != 0 && log2 != 16) {
      return fail_at(ErrorClass::invalid, offset, "invalid custom page size");
    }
    limits.page_size_log2 = static_cast<u8>(log2);
  }
  if (limits.has_max != 0 && limits.min > limits.max) {
    return fail_at(ErrorClass::invalid, offset, "size minimum must not be greater than maximum");
  }
  return limits;
}

Result<CoreExtern> Decoder::core_extern(ByteReader& r, std::span<const CoreTypeEntry> types) {
  u64 offset = r.offset();
  CoreExtern e;
  TRY_ASSIGN(u8 kind, r.read_u8());
  auto signature = [&]() -> Result<SigRef> {
    TRY_ASSIGN(u32 index, r.read_var_u32());
    if (index >= types.size()) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("unknown type %u: type index out of bounds", index));
    }
    if (types[index].is_module) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("core type index %u is a module type", index));
    }
    return types[index].sig;
  };
  switch (kind) {
  case 0x00: {
    e.kind = ir::ExternKind::func;
    TRY_ASSIGN(e.sig, signature());
    return e;
  }
  case 0x01: {
    e.kind = ir::ExternKind::table;
    TRY_ASSIGN(e.table.element, core_val_type(r));
    TRY_ASSIGN(e.table.limits, core_limits(r));
    return e;
  }
  case 0x02: {
    e.kind = ir::ExternKind::memory;
    TRY_ASSIGN(e.memory, core_limits(r));
    u64 most =
        e.memory.is_64 != 0
            ? u64{1} << (64 - e.memory.page_size_log2 - (e.memory.page_size_log2 == 0 ? 1 : 0))
            : u64{1} << (32 - e.memory.page_size_log2);
    if (e.memory.min > most || (e.memory.has_max != 0 && e.memory.max > most)) {
      return fail_at(
          ErrorClass::invalid, offset,
          strf("memory size must be at most %llu pages", static_cast<unsigned long long>(most)));
    }
    return e;
  }
  case 0x03: {
    e.kind = ir::ExternKind::global;
    TRY_ASSIGN(e.global.type, core_val_type(r));
    TRY_ASSIGN(e.global.is_mutable, r.read_u8());
    if (e.global.is_mutable > 1) {
      return fail_at(ErrorClass::malformed, offset, "malformed mutability");
    }
    return e;
  }
  case 0x04: {
    TRY(require(ir::Feature::Exceptions, "a core tag"));
    e.kind = ir::ExternKind::tag;
    TRY_ASSIGN(u8 attribute, r.read_u8());
    if (attribute != 0) {
      return fail_at(ErrorClass::malformed, offset, "malformed tag attribute");
    }
    TRY_ASSIGN(e.sig, signature());
    if (!e.sig.get().results.empty()) {
      return fail_at(ErrorClass::invalid, offset, "non-empty tag result type");
    }
    return e;
  }
  default: return fail_at(ErrorClass::malformed, offset, strf("malformed import kind 0x%x", kind));
  }
}

Status Decoder::core_type(ByteReader& r, bool in_module_type, std::vector<CoreTypeEntry>& space) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 opcode, r.read_u8());
  CoreTypeEntry entry;
  switch (opcode) {
  case 0x60: {
    TRY_ASSIGN(CoreSig sig, core_func_type(r));
    entry.sig = SigRef(std::move(sig));
    return grow(space, std::move(entry), "core types");
  }
  case 0x50: {
    if (in_module_type) {
      return fail_at(
          ErrorClass::invalid, offset,
          "component core type index space cannot contain module types inside a module type");
    }
    entry.is_module = true;
    TRY_ASSIGN(entry.module, module_type_body(r));
    return grow(space, std::move(entry), "core types");
  }
  case 0x00:
  case 0x4e:
  case 0x4f:
  case 0x5e:
  case 0x5f:
    return fail_at(ErrorClass::unsupported, offset,
                   "gc: a recursive, struct, array or sub type among a component's core types");
  default:
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for a core type", opcode));
  }
}

Status Decoder::module_type_alias(ByteReader& r, std::vector<CoreTypeEntry>& types) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 sort, r.read_u8());
  TRY_ASSIGN(u8 form, r.read_u8());
  if (sort != 0x10 || form != 0x01) {
    return fail_at(ErrorClass::malformed, offset,
                   "invalid alias in a module type: only outer aliases of types");
  }
  TRY_ASSIGN(u32 count, r.read_var_u32());
  TRY_ASSIGN(u32 index, r.read_var_u32());
  // Count 0 is the module type itself.
  std::span<const CoreTypeEntry> from = types;
  if (count > 0) {
    TRY_ASSIGN(Scope * scope, outer_scope(count - 1));
    from = scope->core_types;
  }
  if (index >= from.size()) {
    return fail_at(ErrorClass::invalid, offset,
                   strf("unknown type %u: type index out of bounds", index));
  }
  if (from[index].is_module) {
    return fail_at(ErrorClass::invalid, offset, "a module type cannot alias a module type");
  }
  CoreTypeEntry copy = from[index];
  return grow(types, std::move(copy), "core types");
}

Result<TypeId> Decoder::module_type_body(ByteReader& r) {
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 2, "declarators of a module type"));
  ModuleType type;
  std::vector<CoreTypeEntry> types;
  std::unordered_set<std::string_view> export_names;
  std::map<std::pair<std::string_view, std::string_view>, bool> import_names;
  for (u32 i = 0; i < count; ++i) {
    u64 offset = r.offset();
    TRY_ASSIGN(u8 opcode, r.read_u8());
    switch (opcode) {
    case 0x00: {
      TRY_ASSIGN(std::string_view module, r.read_name());
      TRY_ASSIGN(std::string_view name, r.read_name());
      TRY_ASSIGN(CoreExtern e, core_extern(r, types));
      if (!import_names.emplace(std::pair(module, name), true).second) {
        return fail_at(
            ErrorClass::invalid, offset,
            strf("duplicate import name `%s:%s`", escaped(module).c_str(), escaped(name).c_str()));
      }
      type.imports.push_back({module, name, std::move(e)});
      break;
    }
    case 0x01: TRY(core_type(r, true, types)); break;
    case 0x02: TRY(module_type_alias(r, types)); break;
    case 0x03: {
      TRY_ASSIGN(std::string_view name, r.read_name());
      TRY_ASSIGN(CoreExtern e, core_extern(r, types));
      if (!export_names.insert(name).second) {
        return fail_at(ErrorClass::invalid, offset,
                       strf("export name `%s` already defined", escaped(name).c_str()));
      }
      type.exports.push_back({name, std::move(e)});
      break;
    }
    default:
      return fail_at(ErrorClass::malformed, offset,
                     strf("invalid leading byte (0x%x) for type definition", opcode));
    }
  }
  return out_->types.make_module(std::move(type));
}

} // namespace petrel::frontend::comp
