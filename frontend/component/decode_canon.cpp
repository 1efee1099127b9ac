// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonical definitions (Binary.md, "Canonical Definitions"; validation rules in CanonicalABI.md beside each
// built-in). The built-ins are rows of ir/canon_builtins.def: immediates and signature are read off the row.
#include "base/format.h"
#include "frontend/component/canon_abi.h"
#include "frontend/component/decoder.h"

namespace petrel::frontend::comp {
namespace {

struct CanonRow {
  ir::CanonKind kind;
  u8 opcode;
  const char* text;
  const char* immediates;
  ir::Feature gate;
  std::string_view core_type;
};
constexpr CanonRow kRows[] = {
#define PETREL_CANON(name, text, opcode, immediates, gate, core_type)                              \
  {ir::CanonKind::name, opcode, text, immediates, ir::Feature::gate, core_type},
#include "ir/canon_builtins.def"
};

const CanonRow* row_of(u8 opcode) {
  for (const CanonRow& row : kRows) {
    if (row.opcode == opcode) {
      return &row;
    }
  }
  return nullptr;
}

/// Signature from the table's text; `p` is an address.
CoreSig sig_of(std::string_view text, ValType pointer) {
  CoreSig sig;
  std::vector<ValType>* list = &sig.params;
  for (char c : text) {
    switch (c) {
    case 'i': list->push_back(ValKind::i32); break;
    case 'I': list->push_back(ValKind::i64); break;
    case 'p': list->push_back(pointer); break;
    case '>': list = &sig.results; break;
    default: break;
    }
  }
  return sig;
}

} // namespace

Status Decoder::charge(TypeId type) {
  if (!out_->types.spend(out_->types[type].size)) {
    return fail(ErrorClass::limit, "canonical definitions take too many steps to check");
  }
  return {};
}

Result<const CoreExtern*> Decoder::core_func(u32 index) {
  Scope& s = top();
  if (index >= s.core_funcs.size()) {
    return fail(ErrorClass::invalid,
                strf("unknown core function %u: function index out of bounds", index));
  }
  return &s.core_funcs[index];
}

Result<TypeId> Decoder::func_type_at(u32 index) {
  Scope& s = top();
  if (index >= s.types.size()) {
    return fail(ErrorClass::invalid, strf("unknown type %u: type index out of bounds", index));
  }
  if (out_->types[s.types[index]].kind != TypeKind::func) {
    return fail(ErrorClass::invalid, strf("type index %u is not a function type", index));
  }
  return s.types[index];
}

Status Decoder::canon(ByteReader& r) {
  u64 offset = r.offset();
  TRY_ASSIGN(u8 opcode, r.read_u8());
  if (opcode <= 0x01) {
    TRY_ASSIGN(u8 second, r.read_u8());
    if (second != 0x00) {
      return fail_at(ErrorClass::malformed, offset,
                     strf("invalid leading byte (0x%x) for canonical function %s: expected 0x0",
                          second, opcode == 0x00 ? "lift" : "lower"));
    }
    return opcode == 0x00 ? lift(r) : lower(r);
  }
  return builtin(opcode, r);
}

Result<OptionsDef> Decoder::options(ByteReader& r) {
  TRY_ASSIGN(u32 count, read_items(r, 64, 1, "canonical options"));
  OptionsDef o;
  u32 seen = 0;
  for (u32 i = 0; i < count; ++i) {
    u64 offset = r.offset();
    TRY_ASSIGN(u8 code, r.read_u8());
    if (code > 0x07) {
      return fail_at(ErrorClass::malformed, offset,
                     strf("invalid leading byte (0x%x) for canonical option", code));
    }
    static constexpr const char* kNames[] = {"utf8",    "utf16",       "latin1-utf16", "memory",
                                             "realloc", "post-return", "async",        "callback"};
    u32 bit = code <= 0x02 ? 1u : 1u << code;
    if ((seen & bit) != 0) {
      return code <= 0x02
                 ? fail_at(ErrorClass::invalid, offset,
                           strf("canonical encoding option `%s` conflicts with option `%s`",
                                kNames[static_cast<u32>(o.encoding)], kNames[code]))
                 : fail_at(ErrorClass::invalid, offset,
                           strf("canonical option `%s` is specified more than once", kNames[code]));
    }
    seen |= bit;
    switch (code) {
    case 0x03: {
      TRY_ASSIGN(o.memory, r.read_var_u32());
      break;
    }
    case 0x04: {
      TRY_ASSIGN(o.realloc, r.read_var_u32());
      break;
    }
    case 0x05: {
      TRY_ASSIGN(o.post_return, r.read_var_u32());
      break;
    }
    case 0x06:
      TRY(require(ir::Feature::ComponentAsync, "the canonical option `async`"));
      o.is_async = true;
      break;
    case 0x07: {
      TRY(require(ir::Feature::ComponentAsync, "the canonical option `callback`"));
      TRY_ASSIGN(o.callback, r.read_var_u32());
      break;
    }
    default: o.encoding = static_cast<ir::StringEncoding>(code); break;
    }
  }
  return o;
}

Status Decoder::check_options(const OptionsDef& o, bool is_lift, const Type* func) {
  Scope& s = top();
  ValType address = o.is_memory64 ? ValKind::i64 : ValKind::i32;
  if (o.memory == kNoIndex && o.realloc != kNoIndex) {
    return fail(ErrorClass::invalid, "canonical option `realloc` requires `memory` to also be "
                                     "specified: canonical option `memory` is required");
  }
  if (o.memory != kNoIndex && s.core_memories[o.memory].memory.is_shared != 0) {
    return fail(ErrorClass::invalid, "canonical option `memory` refers to a shared memory: "
                                     "mismatch in the shared flag for memories");
  }
  if (o.realloc != kNoIndex) {
    TRY_ASSIGN(const CoreExtern* realloc, core_func(o.realloc));
    if (realloc->sig.get() != CoreSig{{address, address, address, address}, {address}}) {
      return fail(
          ErrorClass::invalid,
          strf("canonical option `realloc` uses a core function with an incorrect signature: %s",
               to_string(realloc->sig.get()).c_str()));
    }
  }
  if (o.post_return != kNoIndex && !is_lift) {
    return fail(ErrorClass::invalid,
                "canonical option `post-return` cannot be specified for lowerings");
  }
  if (o.post_return != kNoIndex && o.is_async) {
    return fail(ErrorClass::invalid, "cannot specify post-return function in async");
  }
  if (o.callback != kNoIndex) {
    if (!is_lift || !o.is_async) {
      return fail(ErrorClass::invalid, "cannot specify callback without async, or for lowerings");
    }
    TRY_ASSIGN(const CoreExtern* callback, core_func(o.callback));
    if (callback->sig.get() !=
        CoreSig{{ValKind::i32, ValKind::i32, ValKind::i32}, {ValKind::i32}}) {
      return fail(
          ErrorClass::invalid,
          strf("canonical option `callback` uses a core function with an incorrect signature: %s",
               to_string(callback->sig.get()).c_str()));
    }
  }
  if (o.is_async && func != nullptr && !func->is_async) {
    return fail(ErrorClass::invalid,
                "the `async` canonical option requires an async function type");
  }
  if (o.is_async && is_lift && o.callback == kNoIndex) {
    TRY(require(ir::Feature::ComponentAsyncStackful, "an async lift without callback"));
  }
  return {};
}

Status Decoder::check_needed(const OptionsDef& o, bool memory, bool realloc) {
  if (memory && o.memory == kNoIndex) {
    return fail(ErrorClass::invalid, "canonical option `memory` is required");
  }
  if (realloc && o.realloc == kNoIndex) {
    return fail(ErrorClass::invalid, "canonical option `realloc` is required");
  }
  return {};
}

namespace {

bool any_list(const TypeTable& types, std::span<const NamedType> values) {
  for (const NamedType& v : values) {
    if (types[v.type].has_list) {
      return true;
    }
  }
  return false;
}

} // namespace

Status Decoder::lift(ByteReader& r) {
  Scope& s = top();
  TypeTable& types = out_->types;
  TRY_ASSIGN(u32 core_index, r.read_var_u32());
  TRY_ASSIGN(OptionsDef o, options(r));
  TRY_ASSIGN(u32 type_index, r.read_var_u32());
  TRY_ASSIGN(TypeId type, func_type_at(type_index));
  TRY_ASSIGN(const CoreExtern* func, core_func(core_index));
  TRY(charge(type));
  TRY(resolve_memory(o));
  TRY(check_options(o, true, &types[type]));
  FlatSignature flat = flatten_func(types, type,
                                    {.is_lift = true,
                                     .is_async = o.is_async,
                                     .has_callback = o.callback != kNoIndex,
                                     .is_memory64 = o.is_memory64});
  bool list_in = any_list(types, types.fields(type));
  bool list_out = !types[type].elem.is_none() && types[types[type].elem].has_list;
  TRY(check_needed(o, list_in || list_out || flat.params_in_memory || flat.result_in_memory,
                   list_in || flat.params_in_memory));
  if (func->sig->params != flat.sig.params) {
    return fail(ErrorClass::invalid,
                strf("lowered parameter types `%s` do not match parameter types `%s`",
                     list_text(flat.sig.params).c_str(), list_text(func->sig->params).c_str()));
  }
  if (func->sig->results != flat.sig.results) {
    return fail(ErrorClass::invalid,
                strf("lowered result types `%s` do not match result types `%s`",
                     list_text(flat.sig.results).c_str(), list_text(func->sig->results).c_str()));
  }
  if (o.post_return != kNoIndex) {
    TRY_ASSIGN(const CoreExtern* post, core_func(o.post_return));
    if (post->sig.get() != CoreSig{flat.sig.results, {}}) {
      return fail(
          ErrorClass::invalid,
          strf(
              "canonical option `post-return` uses a core function with an incorrect signature: %s",
              to_string(post->sig.get()).c_str()));
    }
  }
  TRY(grow(s.funcs, type, "functions"));
  record({.kind = Def::Kind::lift,
          .index = core_index,
          .type = type,
          .canon = std::make_unique<CanonDef>(o, BuiltinDef{}, func->sig)});
  return {};
}

Status Decoder::lower(ByteReader& r) {
  TypeTable& types = out_->types;
  TRY_ASSIGN(u32 index, r.read_var_u32());
  TRY_ASSIGN(Entity entity, entity_of(Sort::func, index));
  TRY_ASSIGN(OptionsDef o, options(r));
  TRY(charge(entity.type));
  TRY(resolve_memory(o));
  TRY(check_options(o, false, &types[entity.type]));
  FlatSignature flat = flatten_func(types, entity.type,
                                    {.is_lift = false,
                                     .is_async = o.is_async,
                                     .has_callback = false,
                                     .is_memory64 = o.is_memory64});
  bool list_in = any_list(types, types.fields(entity.type));
  bool list_out = !types[entity.type].elem.is_none() && types[types[entity.type].elem].has_list;
  TRY(check_needed(o, list_in || list_out || flat.params_in_memory || flat.result_in_memory,
                   list_out));
  CoreExtern made;
  made.sig = SigRef(std::move(flat.sig));
  TRY(push_core_item(Sort::core_func, made));
  record({.kind = Def::Kind::lower,
          .index = index,
          .type = entity.type,
          .canon = std::make_unique<CanonDef>(o, BuiltinDef{}, made.sig)});
  return {};
}

Status Decoder::resolve_memory(OptionsDef& o) {
  Scope& s = top();
  if (o.memory == kNoIndex) {
    return {};
  }
  if (o.memory >= s.core_memories.size()) {
    return fail(ErrorClass::invalid,
                strf("unknown core memory %u: memory index out of bounds", o.memory));
  }
  o.is_memory64 = s.core_memories[o.memory].memory.is_64 != 0;
  return o.is_memory64
             ? require(ir::Feature::ComponentMemory64, "a 64-bit memory in canonical options")
             : Status();
}

std::string Decoder::list_text(std::span<const ValType> list) {
  std::string out = "[";
  for (usize i = 0; i < list.size(); ++i) {
    std::string name = petrel::to_string(list[i]);
    name[0] = static_cast<char>(name[0] >= 'a' && name[0] <= 'z' ? name[0] - 'a' + 'A' : name[0]);
    out += (i == 0 ? "" : ", ") + name;
  }
  return out + "]";
}

Status Decoder::builtin_type(const CanonInfo& row, BuiltinDef& def, u32 index) {
  Scope& s = top();
  if (index >= s.types.size()) {
    return fail(ErrorClass::invalid, strf("unknown type %u: type index out of bounds", index));
  }
  def.type = s.types[index];
  const Type& type = out_->types[def.type];
  std::string_view text = row.text;
  if (text.starts_with("resource.")) {
    if (type.kind != TypeKind::resource) {
      return fail(ErrorClass::invalid, strf("type index %u is not a resource type", index));
    }
    if (def.kind != ir::CanonKind::resource_drop && !s.local_resources.contains(type.number)) {
      return fail(
          ErrorClass::invalid,
          strf("type index %u is not a local resource: `%s` needs one defined in this component",
               index, row.text));
    }
    return {};
  }
  DefTypeKind want = text.starts_with("stream.") ? DefTypeKind::stream : DefTypeKind::future;
  if (type.kind != TypeKind::value || type.value != want) {
    return fail(ErrorClass::invalid,
                strf("`%s` requires a %s type", row.text, value_kind_name(want).data()));
  }
  return {};
}

Status Decoder::builtin(u8 opcode, ByteReader& r) {
  u64 offset = r.offset() - 1;
  const CanonRow* row = row_of(opcode);
  if (row == nullptr) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("invalid leading byte (0x%x) for canonical function", opcode));
  }
  TRY(require(row->gate, strf("the canonical built-in `%s`", row->text)));
  CanonInfo info{row->text};
  CanonDef def;
  def.builtin.kind = row->kind;
  bool has_options = false;
  for (const char* letter = row->immediates; *letter != 0; ++letter) {
    TRY(builtin_immediate(*letter, info, def, r));
    has_options |= *letter == 'o';
  }
  TRY(resolve_memory(def.options));
  if (has_options) {
    TRY(check_builtin_options(info, def));
  }
  if (def.builtin.is_async) {
    TRY(require(ir::Feature::ComponentMoreAsyncBuiltins, strf("async `%s`", row->text)));
  }
  ValType pointer = def.options.is_memory64 ? ValKind::i64 : ValKind::i32;
  CoreSig sig;
  if (row->core_type != "*") {
    sig = sig_of(row->core_type, pointer);
  } else {
    TRY_ASSIGN(sig, builtin_signature(info, def));
  }
  CoreExtern made;
  made.sig = SigRef(std::move(sig));
  def.sig = made.sig;
  TRY(push_core_item(Sort::core_func, made));
  record({.kind = Def::Kind::builtin, .canon = std::make_unique<CanonDef>(std::move(def))});
  return {};
}

Status Decoder::builtin_immediate(char letter, const CanonInfo& info, CanonDef& def,
                                  ByteReader& r) {
  u64 offset = r.offset();
  Scope& s = top();
  switch (letter) {
  case 't': {
    TRY_ASSIGN(u32 index, r.read_var_u32());
    return builtin_type(info, def.builtin, index);
  }
  case 'a':
  case 'c':
  case 's': {
    TRY_ASSIGN(u8 flag, r.read_u8());
    if (flag > 1 || (letter == 'c' && flag != 0)) {
      return fail_at(ErrorClass::malformed, offset,
                     strf("%s in `%s`: 0x%x",
                          flag > 1 ? "invalid boolean value" : "invalid leading byte for zero byte",
                          info.text, flag));
    }
    def.builtin.is_async = letter == 'a' && flag == 1;
    return {};
  }
  case 'r': {
    TRY_ASSIGN(def.builtin.type, result_list(r));
    if (!def.builtin.type.is_none() && out_->types[def.builtin.type].has_borrow) {
      return fail_at(ErrorClass::invalid, offset, "function result cannot contain a `borrow` type");
    }
    return {};
  }
  case 'o': {
    TRY_ASSIGN(def.options, options(r));
    return {};
  }
  case 'v': {
    TRY_ASSIGN(ValType type, core_val_type(r));
    bool fits =
        type == ValType(ValKind::i32) ||
        (type == ValType(ValKind::i64) && options_.features.has(ir::Feature::ComponentMemory64));
    if (!fits) {
      return fail_at(ErrorClass::invalid, offset, strf("`%s` must have type i32", info.text));
    }
    if (s.context_type != 0 && s.context_type != type.bits()) {
      return fail_at(ErrorClass::invalid, offset,
                     "context slots of one component must have one type");
    }
    s.context_type = type.bits();
    return {};
  }
  case 'i': {
    TRY_ASSIGN(def.builtin.number, r.read_var_u32());
    if (def.builtin.number > 1) {
      return fail_at(
          ErrorClass::invalid, offset,
          strf("immediate of `%s` must be less than 2, found %u", info.text, def.builtin.number));
    }
    return {};
  }
  case 'm': {
    TRY_ASSIGN(def.options.memory, r.read_var_u32());
    return {};
  }
  case 'T': {
    TRY_ASSIGN(u32 index, r.read_var_u32());
    if (index >= s.core_types.size() || s.core_types[index].is_module) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("unknown type %u: core type index out of bounds", index));
    }
    if (s.core_types[index].sig.get() != CoreSig{{ValKind::i32}, {}}) {
      return fail_at(ErrorClass::invalid, offset,
                     "start function must take a single `i32` argument and return nothing");
    }
    return {};
  }
  case 'b': {
    TRY_ASSIGN(def.builtin.number, r.read_var_u32());
    if (def.builtin.number >= s.core_tables.size()) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("unknown table %u: table index out of bounds", def.builtin.number));
    }
    if (s.core_tables[def.builtin.number].table.element != ValType::funcref()) {
      return fail_at(ErrorClass::invalid, offset,
                     strf("expected a table of funcref in `%s`", info.text));
    }
    return {};
  }
  default: PETREL_UNREACHABLE();
  }
}

Status Decoder::check_builtin_options(const CanonInfo& info, const CanonDef& def) {
  const OptionsDef& o = def.options;
  const TypeTable& types = out_->types;
  TRY(check_options({.encoding = o.encoding,
                     .is_async = false,
                     .is_memory64 = o.is_memory64,
                     .memory = o.memory,
                     .realloc = o.realloc},
                    false, nullptr));
  if (o.post_return != kNoIndex || o.callback != kNoIndex) {
    return fail(ErrorClass::invalid,
                strf("cannot specify post-return or callback in `%s`", info.text));
  }
  ir::CanonKind kind = def.builtin.kind;
  if (kind == ir::CanonKind::task_return) {
    if (o.is_async || o.realloc != kNoIndex) {
      return fail(ErrorClass::invalid,
                  "`task.return` may only have the options `memory` and `string-encoding`");
    }
    if (def.builtin.type.is_none()) {
      return {};
    }
    const Type& type = types[def.builtin.type];
    return check_needed(o, type.has_list || type.flat_count > kMaxFlatParams, false);
  }
  if (kind == ir::CanonKind::error_context_new ||
      kind == ir::CanonKind::error_context_debug_message) {
    if (o.is_async) {
      return fail(ErrorClass::invalid, strf("cannot specify async in `%s`", info.text));
    }
    return check_needed(o, true, kind == ir::CanonKind::error_context_debug_message);
  }
  // The four stream and future copies.
  if (!o.is_async) {
    TRY(require(ir::Feature::ComponentMoreAsyncBuiltins, strf("`%s` without `async`", info.text)));
  }
  TypeId elem = types[def.builtin.type].elem;
  bool reads = kind == ir::CanonKind::stream_read || kind == ir::CanonKind::future_read;
  bool lists = !elem.is_none() && types[elem].has_list;
  return check_needed(o, !elem.is_none(), reads && lists);
}

Result<CoreSig> Decoder::builtin_signature(const CanonInfo& info, const CanonDef& def) {
  CoreSig sig;
  ValType pointer = def.options.is_memory64 ? ValKind::i64 : ValKind::i32;
  ValType context(static_cast<ValKind>(top().context_type & 0xff));
  if (def.builtin.kind == ir::CanonKind::context_get) {
    sig.results.push_back(context);
    return sig;
  }
  if (def.builtin.kind == ir::CanonKind::context_set) {
    sig.params.push_back(context);
    return sig;
  }
  if (def.builtin.kind != ir::CanonKind::task_return) {
    return fail(ErrorClass::unsupported,
                strf("component-model-threading: the canonical built-in `%s`", info.text));
  }
  if (def.builtin.type.is_none()) {
    return sig;
  }
  if (out_->types[def.builtin.type].flat_count > kMaxFlatParams) {
    sig.params.push_back(pointer);
  } else {
    flatten(out_->types, def.builtin.type, pointer, sig.params);
  }
  return sig;
}

} // namespace petrel::frontend::comp
