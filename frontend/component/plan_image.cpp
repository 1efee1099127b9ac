// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/plan_image.h"

#include <cstring>

namespace petrel::frontend::comp {

using ir::DefTypeKind;

PlanImage::PlanImage() { bytes_.resize(sizeof(ir::PlanHeader)); }

ir::Str PlanImage::name(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  auto [found, is_new] = names_.try_emplace(std::string(text));
  if (is_new) {
    found->second = put(std::span<const char>(text.data(), text.size()));
  }
  return found->second;
}

namespace {

void add_fields(std::vector<u32>& key, const std::vector<ir::Field>& fields) {
  for (const ir::Field& f : fields) {
    key.push_back(f.name.offset); // names are shared, so equal text has one offset
    key.push_back(f.name.count);
    key.push_back(f.type.index());
  }
}

} // namespace

ir::DefTypeIdx PlanImage::intern(ir::DefType row, const std::vector<ir::Field>& fields) {
  std::vector<u32> key = {static_cast<u32>(row.kind), row.elem.index(), row.second.index(),
                          row.number};
  add_fields(key, fields);
  auto [found, is_new] = type_keys_.try_emplace(std::move(key), narrow<u32>(types.size()));
  if (is_new) {
    row.fields = fields.empty() ? ir::Array<ir::Field>{} : put(fields);
    types.push_back(row);
  }
  return ir::DefTypeIdx(found->second);
}

ir::CompFuncTypeIdx PlanImage::intern_func(const std::vector<ir::Field>& params,
                                           ir::DefTypeIdx result, bool is_async) {
  std::vector<u32> key = {result.index(), is_async ? 1u : 0u};
  add_fields(key, params);
  auto [found, is_new] = func_keys_.try_emplace(std::move(key), narrow<u32>(func_types.size()));
  if (is_new) {
    func_types.push_back({.params = params.empty() ? ir::Array<ir::Field>{} : put(params),
                          .result = result,
                          .is_async = is_async ? 1u : 0u,
                          .key = {}});
  }
  return ir::CompFuncTypeIdx(found->second);
}

ir::TransferPlanIdx PlanImage::intern_plan(const ir::PlanEnd& src, const ir::PlanEnd& dst,
                                           const std::vector<u32>& code) {
  std::vector<u32> key;
  key.reserve(code.size() + 12);
  for (const ir::PlanEnd* end : {&src, &dst}) {
    key.insert(key.end(), {static_cast<u32>(end->kind) | static_cast<u32>(end->shape) << 8 |
                               u32{end->pointer_size} << 16 | static_cast<u32>(end->encoding) << 24,
                           end->size_bytes, end->align_bytes, end->slot_count, end->options});
  }
  key.insert(key.end(), code.begin(), code.end());
  auto [found, is_new] = plan_keys_.try_emplace(std::move(key), narrow<u32>(plans.size()));
  if (is_new) {
    plans.push_back({.src = src, .dst = dst, .code = put(code)});
  }
  return ir::TransferPlanIdx(found->second);
}

std::vector<u8> PlanImage::finish() {
  ir::PlanHeader h;
  h.func_slots = func_slots;
  h.memory_slots = memory_slots;
  h.table_slots = table_slots;
  h.core_instances = core_instances;
  h.modules = put(modules);
  h.initialisers = put(initialisers);
  h.components = put(components);
  h.instantiates = put(instantiates);
  h.extracts = put(extracts);
  h.resources = put(resources);
  h.options = put(options);
  h.imports = put(imports);
  h.interfaces = put(interfaces);
  h.lowers = put(lowers);
  h.lifts = put(lifts);
  h.fused = put(fused);
  h.builtins = put(builtins);
  h.exports = put(exports);
  h.types = put(types);
  h.func_types = put(func_types);
  h.plans = put(plans);
  align(8);
  h.image_size = offset();
  std::memcpy(bytes_.data(), &h, sizeof h);
  return std::move(bytes_);
}

namespace {

/// Writes type keys. Recursion: types nest at most kMaxTypeDepth deep; the text stops at the limit.
class KeyWriter {
public:
  explicit KeyWriter(const PlanImage& image) : image_(image) {}
  std::string out;
  bool full() const { return out.size() > kMaxKeyBytes; }

  void list(std::string_view open, ir::Array<ir::Field> fields, std::string_view close) {
    out += open;
    bool first = true;
    for (const ir::Field& f : image_.fields(fields)) {
      if (full()) {
        return;
      }
      out += first ? "" : ",";
      first = false;
      out += image_.text(f.name);
      if (!f.type.is_none()) {
        out += f.name.count == 0 ? "" : ":";
        type(f.type);
      }
    }
    out += close;
  }

  void type(ir::DefTypeIdx idx) {
    if (full()) {
      return;
    }
    const ir::DefType& t = image_.types[idx.index()];
    switch (t.kind) {
    case DefTypeKind::bool_: out += "bool"; return;
    case DefTypeKind::s8: out += "s8"; return;
    case DefTypeKind::u8: out += "u8"; return;
    case DefTypeKind::s16: out += "s16"; return;
    case DefTypeKind::u16: out += "u16"; return;
    case DefTypeKind::s32: out += "s32"; return;
    case DefTypeKind::u32: out += "u32"; return;
    case DefTypeKind::s64: out += "s64"; return;
    case DefTypeKind::u64: out += "u64"; return;
    case DefTypeKind::f32: out += "f32"; return;
    case DefTypeKind::f64: out += "f64"; return;
    case DefTypeKind::char_: out += "char"; return;
    case DefTypeKind::string: out += "string"; return;
    case DefTypeKind::error_context: out += "error-context"; return;
    case DefTypeKind::record: list("record{", t.fields, "}"); return;
    case DefTypeKind::variant: list("variant{", t.fields, "}"); return;
    case DefTypeKind::enum_: list("enum{", t.fields, "}"); return;
    case DefTypeKind::flags: list("flags{", t.fields, "}"); return;
    case DefTypeKind::tuple: list("tuple<", t.fields, ">"); return;
    case DefTypeKind::list: angle("list<", t.elem, {}); return;
    case DefTypeKind::option: angle("option<", t.elem, {}); return;
    case DefTypeKind::map: angle("map<", t.elem, t.second); return;
    case DefTypeKind::fixed_list:
      out += "list<";
      type(t.elem);
      out += "," + std::to_string(t.number) + ">";
      return;
    case DefTypeKind::result: result(t); return;
    case DefTypeKind::own: handle("own<", t.number); return;
    case DefTypeKind::borrow: handle("borrow<", t.number); return;
    case DefTypeKind::stream: optional("stream", t.elem); return;
    case DefTypeKind::future: optional("future", t.elem); return;
    }
    PETREL_UNREACHABLE();
  }

private:
  void angle(std::string_view open, ir::DefTypeIdx first, ir::DefTypeIdx second) {
    out += open;
    type(first);
    if (!second.is_none()) {
      out += ",";
      type(second);
    }
    out += ">";
  }
  void optional(std::string_view word, ir::DefTypeIdx elem) {
    out += word;
    if (!elem.is_none()) {
      angle("<", elem, {});
    }
  }
  void result(const ir::DefType& t) {
    if (t.elem.is_none() && t.second.is_none()) {
      out += "result";
    } else if (t.elem.is_none()) {
      angle("result<_,", t.second, {});
    } else {
      angle("result<", t.elem, t.second);
    }
  }
  void handle(std::string_view open, u32 resource) {
    const ir::Resource& r = image_.resources[resource];
    out += open;
    if (r.name.count == 0) {
      out += "local." + std::to_string(resource) + ">";
      return;
    }
    std::string_view interface = image_.text(r.interface);
    out += interface.substr(0, interface.find('@'));
    out += ".";
    out += image_.text(r.name);
    out += ">";
  }

  const PlanImage& image_;
};

} // namespace

Result<std::string> type_key(const PlanImage& image, const ir::CompFuncType& func) {
  KeyWriter writer(image);
  writer.list(func.is_async != 0 ? "async(" : "(", func.params, ")");
  if (!func.result.is_none()) {
    writer.out += "->";
    writer.type(func.result);
  }
  if (writer.full()) {
    return fail(
        ErrorClass::limit,
        "the type of an imported or exported function is longer than 1 MiB when written out");
  }
  return std::move(writer.out);
}

} // namespace petrel::frontend::comp
