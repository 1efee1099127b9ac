// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/decoder.h"

#include "base/format.h"
#include "base/unicode.h"

namespace petrel::frontend::comp {
namespace {

constexpr u32 kMaxTypeScopes = kMaxTypeDepth;

enum SectionId : u8 {
  kCustom = 0,
  kCoreModule,
  kCoreInstance,
  kCoreType,
  kComponent,
  kInstance,
  kAlias,
  kType,
  kCanon,
  kStart,
  kImport,
  kExport,
  kValue,
};
constexpr const char* kSectionNames[] = {
    "custom", "core module", "core instance", "core type", "component", "instance", "alias",
    "type",   "canon",       "start",         "import",    "export",    "value"};

std::string section_place(u8 id) {
  return strf("component %s section (id %u)", kSectionNames[id], id);
}

Error placed(Error error, u64 offset, u8 section_id) {
  return std::move(error).with_offset(offset).with_where(section_place(section_id));
}

} // namespace

Result<u32> read_items(ByteReader& r, u32 limit, usize min_item_bytes, const char* what) {
  u64 offset = r.offset();
  TRY_ASSIGN(u32 count, r.read_var_u32());
  if (count > limit) {
    return fail_at(ErrorClass::limit, offset,
                   strf("%s count of %u exceeds the limit of %u", what, count, limit));
  }
  if (count > r.remaining() / min_item_bytes) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("unexpected end-of-file: %u %s announced, %zu bytes left", count, what,
                        r.remaining()));
  }
  return count;
}

std::string_view sort_name(Sort sort) {
  constexpr std::string_view kNames[] = {"core func", "core table", "core memory", "core global",
                                         "core tag",  "core type",  "core module", "core instance",
                                         "func",      "value",      "type",        "component",
                                         "instance"};
  return kNames[static_cast<u32>(sort)];
}

Status Decoder::require(ir::Feature feature, std::string_view what) const {
  if (!options_.features.has(feature)) {
    return ir::fail_feature(feature, options_.features, what);
  }
  return {};
}

void Decoder::record(Def def) {
  if (top().kind == ScopeKind::component) {
    def.offset = item_offset_;
    top().def->defs.push_back(std::move(def));
  }
}

Result<Scope*> Decoder::outer_scope(u32 count) {
  if (count >= scopes_.size()) {
    return fail(
        ErrorClass::invalid,
        strf("invalid outer alias count of %u: only %zu enclosing scopes", count, scopes_.size()));
  }
  return scopes_[scopes_.size() - 1 - count].get();
}

Result<std::unique_ptr<ComponentFile>> Decoder::run() {
  out_ = std::make_unique<ComponentFile>();
  TRY(push_component(ByteReader(file_)));
  while (!scopes_.empty()) {
    TRY(step());
  }
  return std::move(out_);
}

Status Decoder::push_component(ByteReader bytes) {
  if (++component_count_ > kMaxNestedComponents) {
    return fail_at(
        ErrorClass::limit, bytes.offset(),
        strf("components nested in the file exceed the limit of %u", kMaxNestedComponents));
  }
  u64 start = bytes.offset();
  TRY_ASSIGN(u32 magic, bytes.read_u32_le());
  if (magic != 0x6d736100) {
    return fail_at(ErrorClass::malformed, start, "magic header not detected: expected \\0asm");
  }
  TRY_ASSIGN(u32 version, bytes.read_u32_le());
  if (version >> 16 == 0) {
    return fail_at(ErrorClass::malformed, start + 4,
                   "expected a version header for a component, found a core module");
  }
  if (version != 0x0001000d) {
    return fail_at(
        ErrorClass::malformed, start + 4,
        strf("unknown binary version and encoding combination: 0x%x and 0x%x, expected 0xd and 0x1",
             version & 0xffff, version >> 16));
  }
  auto scope = std::make_unique<Scope>();
  scope->kind = ScopeKind::component;
  scope->sections = bytes;
  scope->reader = &scope->section;
  scope->start_offset = start;
  scope->def = std::make_unique<ComponentDef>();
  scopes_.push_back(std::move(scope));
  return {};
}

Status Decoder::push_type_scope(ScopeKind kind, ByteReader& r) {
  if (++type_scope_depth_ > kMaxTypeScopes) {
    return r.malformed(strf("component and instance types nest deeper than %u", kMaxTypeScopes));
  }
  TRY_ASSIGN(u32 count, read_items(r, kMaxIndexSpace, 2, "declarators"));
  auto scope = std::make_unique<Scope>();
  scope->kind = kind;
  scope->items_left = count;
  scope->reader = &r;
  scope->start_offset = r.offset();
  scopes_.push_back(std::move(scope));
  return {};
}

Status Decoder::step() {
  Scope& s = top();
  if (s.kind == ScopeKind::component) {
    return step_component(s);
  }
  // The section id for messages is that of the innermost component.
  u8 section_id = 0;
  for (usize i = scopes_.size(); i-- > 0;) {
    if (scopes_[i]->kind == ScopeKind::component) {
      section_id = scopes_[i]->section_id;
      break;
    }
  }
  u64 offset = s.reader->offset();
  Status status = s.items_left == 0 ? end_type_scope() : declarator(s);
  if (!status) {
    return std::unexpected(placed(std::move(status).error(), offset, section_id));
  }
  return {};
}

Status Decoder::step_component(Scope& s) {
  if (s.items_left > 0) {
    --s.items_left;
    u64 offset = s.section.offset();
    item_offset_ = offset;
    Status status = item(s);
    if (status && out_->types.over_limit()) {
      status = fail(ErrorClass::limit,
                    strf("types and comparisons of types exceed the limit (%u types)", kMaxTypes));
    }
    if (!status) {
      return std::unexpected(placed(std::move(status).error(), offset, s.section_id));
    }
    return {};
  }
  if (s.in_section) {
    s.in_section = false;
    if (!s.section.at_end()) {
      Error error =
          s.section.malformed("section size mismatch: unexpected content after the last item")
              .error();
      return std::unexpected(placed(std::move(error), s.section.offset(), s.section_id));
    }
  }
  return s.sections.at_end() ? end_component() : begin_section(s);
}

Status Decoder::begin_section(Scope& s) {
  u64 offset = s.sections.offset();
  item_offset_ = offset;
  TRY_ASSIGN(u8 id, s.sections.read_u8());
  if (id > kValue) {
    return fail_at(ErrorClass::malformed, offset, strf("malformed section id: %u", id));
  }
  auto at_section = [&](Status status) -> Status {
    return status ? Status() : std::unexpected(placed(std::move(status).error(), offset, id));
  };
  auto size = s.sections.read_var_u32();
  if (!size) {
    return at_section(std::unexpected(std::move(size).error()));
  }
  auto body = s.sections.read_sub(*size);
  if (!body) {
    return at_section(fail_at(ErrorClass::malformed, s.sections.offset(),
                              strf("unexpected end-of-file: section of %u bytes, %zu left", *size,
                                   s.sections.remaining())));
  }
  s.section_id = id;
  switch (static_cast<SectionId>(id)) {
  case kCustom: return at_section(custom_section(s, *body));
  case kCoreModule: return at_section(core_module(*body));
  case kComponent: return at_section(push_component(*body));
  case kStart: return at_section(require(ir::Feature::ComponentValues, "a start definition"));
  case kValue: return at_section(require(ir::Feature::ComponentValues, "a value section"));
  case kCoreInstance:
  case kCoreType:
  case kInstance:
  case kAlias:
  case kType:
  case kCanon:
  case kImport:
  case kExport: break;
  }
  s.section = *body;
  auto count = read_items(s.section, kMaxIndexSpace, 1, "items of a section");
  if (!count) {
    return at_section(std::unexpected(std::move(count).error()));
  }
  s.items_left = *count;
  s.in_section = true;
  return {};
}

Status Decoder::custom_section(Scope& s, ByteReader r) {
  TRY_ASSIGN(std::string_view name, r.read_name());
  if (scopes_.size() == 1) {
    TRY_ASSIGN(Bytes payload, r.read_bytes(r.remaining()));
    out_->customs.emplace_back(name, payload);
  }
  static_cast<void>(s);
  return {};
}

Status Decoder::item(Scope& s) {
  ByteReader& r = s.section;
  switch (static_cast<SectionId>(s.section_id)) {
  case kCoreInstance: return core_instance(r);
  case kCoreType: return core_type(r, false, s.core_types);
  case kInstance: return instance(r);
  case kAlias: return alias(r);
  case kType: return type_definition(r);
  case kCanon: return canon(r);
  case kImport: return import_(r);
  case kExport: return export_(r);
  case kCustom:
  case kCoreModule:
  case kComponent:
  case kStart:
  case kValue: break;
  }
  PETREL_UNREACHABLE();
}

Status Decoder::declarator(Scope& s) {
  --s.items_left;
  ByteReader& r = *s.reader;
  u64 offset = r.offset();
  TRY_ASSIGN(u8 opcode, r.read_u8());
  switch (opcode) {
  case 0x00: return core_type(r, false, s.core_types);
  case 0x01: return type_definition(r);
  case 0x02: return alias(r);
  case 0x03:
    if (s.kind == ScopeKind::component_type) {
      return import_(r);
    }
    break;
  case 0x04: return export_declarator(r);
  default: break;
  }
  return fail_at(
      ErrorClass::malformed, offset,
      strf("invalid leading byte (0x%x) for component or instance type declaration", opcode));
}

namespace {

/// Collects resources that are mentioned but not introduced, visiting each type once.
class FreeResources {
public:
  explicit FreeResources(TypeTable& types) : types_(types) {}
  std::unordered_set<u32> found;

  void visit(TypeId id) {
    if (id.is_none() || !types_[id].has_resources || !seen_.insert(id.index()).second ||
        !types_.spend(1)) {
      return;
    }
    const Type& type = types_[id];
    if (type.kind == TypeKind::resource) {
      add(type.number);
      return;
    }
    if (type.kind == TypeKind::instance) {
      const InstanceType& desc = types_.instance(id);
      introduce(desc.fresh);
      visit_all(desc.exports);
    } else if (type.kind == TypeKind::component) {
      const ComponentType& desc = types_.component(id);
      introduce(desc.bound);
      introduce(desc.fresh);
      visit_all(desc.imports);
      visit_all(desc.exports);
    } else if (type.kind != TypeKind::module) {
      if (type.kind == TypeKind::value &&
          (type.value == DefTypeKind::own || type.value == DefTypeKind::borrow)) {
        add(type.number);
        return;
      }
      visit(type.elem);
      visit(type.second);
      for (const NamedType& f : types_.fields(id)) {
        visit(f.type);
      }
    }
  }

private:
  void add(u32 resource) {
    if (!introduced_.contains(resource)) {
      found.insert(resource);
    }
  }
  void introduce(std::span<const ResourceId> list) {
    for (ResourceId r : list) {
      introduced_.insert(r.index());
    }
  }
  void visit_all(std::span<const NamedEntity> list) {
    for (const NamedEntity& e : list) {
      visit(e.entity.type);
    }
  }

  TypeTable& types_;
  std::unordered_set<u32> seen_;
  std::unordered_set<u32> introduced_;
};

/// Those of `candidates` that the exports mention: only they need fresh copies per instance.
std::vector<ResourceId> mentioned(TypeTable& types, std::span<const NamedEntity> exports,
                                  std::span<const ResourceId> candidates) {
  FreeResources free(types);
  for (const NamedEntity& e : exports) {
    free.visit(e.entity.type);
  }
  std::vector<ResourceId> out;
  for (ResourceId r : candidates) {
    if (free.found.contains(r.index())) {
      out.push_back(r);
    }
  }
  return out;
}

} // namespace

bool has_free_resources(TypeTable& types, TypeId type) {
  FreeResources free(types);
  free.visit(type);
  return !free.found.empty();
}

Status Decoder::end_component() {
  Scope& s = top();
  ComponentType type;
  type.imports = s.imports;
  type.exports = s.exports;
  type.bound = s.bound;
  type.fresh = mentioned(out_->types, s.exports, s.fresh);
  auto made = out_->types.make_component(std::move(type));
  if (!made) {
    return std::unexpected(std::move(made).error().with_offset(s.start_offset));
  }
  s.def->type = *made;
  item_offset_ = s.start_offset;
  out_->components.push_back(std::move(s.def));
  scopes_.pop_back();
  if (scopes_.empty()) {
    return {};
  }
  TRY(grow(top().components, *made, "components"));
  record({.kind = Def::Kind::component, .index = narrow<u32>(out_->components.size() - 1)});
  return {};
}

Status Decoder::end_type_scope() {
  Scope& s = top();
  Result<TypeId> made = fail(ErrorClass::invalid, "");
  if (s.kind == ScopeKind::instance_type) {
    made = out_->types.make_instance({s.exports, mentioned(out_->types, s.exports, s.fresh)});
  } else {
    made = out_->types.make_component(
        {s.imports, s.exports, s.bound, mentioned(out_->types, s.exports, s.fresh)});
  }
  TRY(made);
  scopes_.pop_back();
  --type_scope_depth_;
  return grow(top().types, *made, "types");
}

template <typename T> Status Decoder::grow(std::vector<T>& space, T value, const char* what) {
  if (space.size() >= kMaxIndexSpace) {
    return fail(ErrorClass::limit, strf("%s count exceeds the limit of %u", what, kMaxIndexSpace));
  }
  space.push_back(std::move(value));
  return {};
}

template Status Decoder::grow(std::vector<TypeId>&, TypeId, const char*);
template Status Decoder::grow(std::vector<CoreExtern>&, CoreExtern, const char*);
template Status Decoder::grow(std::vector<CoreTypeEntry>&, CoreTypeEntry, const char*);
template Status Decoder::grow(std::vector<std::shared_ptr<const CoreInstanceType>>&,
                              std::shared_ptr<const CoreInstanceType>, const char*);

} // namespace petrel::frontend::comp
