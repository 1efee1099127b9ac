// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/tag.h"

#include <vector>

#include "base/byte_reader.h"
#include "base/format.h"
#include "base/unicode.h"
#include "ir/value_text.h"
#include "runtime/instance.h"
#include "runtime/type_registry.h"

namespace petrel::runtime {

namespace {

constexpr u8 kTagNames = 11; ///< subsection of the name section

GcHeap& heap_of(Store& store) {
  CHECK(store.gc() != nullptr); // there since the first instance with tags
  return *store.gc();
}

bool is_func_ref(ValType type) { return type.is_ref() && is_func_heap(type.heap()); }

/// The name of tag `index` in a name section's payload; empty when it has none. Name sections are not validated.
Result<std::string_view> find_tag_name(Bytes section, u32 index) {
  ByteReader reader(section);
  while (!reader.at_end()) {
    TRY_ASSIGN(const u8 id, reader.read_u8());
    TRY_ASSIGN(const u32 size, reader.read_var_u32());
    TRY_ASSIGN(ByteReader part, reader.read_sub(size));
    if (id != kTagNames) {
      continue;
    }
    TRY_ASSIGN(u32 count, part.read_var_u32());
    for (; count != 0; --count) {
      TRY_ASSIGN(const u32 named, part.read_var_u32());
      TRY_ASSIGN(const std::string_view name, part.read_name());
      if (named == index) {
        return name;
      }
    }
  }
  return std::string_view();
}

/// What its definer calls a tag: the name section, or an export.
std::string tag_name(const Tag& tag) {
  if (tag.definer == nullptr) {
    return {};
  }
  const CoreModule& module = tag.definer->module();
  for (const ir::CustomSection& section : module.ir.customs()) {
    if (module.file != nullptr && module.ir.str(section.name) == "name") {
      const Bytes payload(module.file + section.payload_offset, section.payload_size);
      if (auto name = find_tag_name(payload, tag.definer_index); name && !name->empty()) {
        return std::string(*name);
      }
    }
  }
  for (const ir::Export& exported : module.ir.exports()) {
    if (exported.kind == ir::ExternKind::tag && exported.index == tag.definer_index) {
      return std::string(module.ir.str(exported.name));
    }
  }
  return {};
}

} // namespace

bool throw_exception(Store& store, const Tag& tag, const RawVal* values) {
  GcHeap& heap = heap_of(store);
  const auto types = func_signature(tag.type_id).params;
  const u32 exception = heap.allocate_exception(tag.index, narrow<u32>(types.size()));
  if (exception == 0) {
    return store.raise(ir::TrapCode::allocation_too_large);
  }
  for (u32 i = 0; i < types.size(); ++i) {
    if (is_func_ref(types[i])) {
      // SAFETY: validation makes it a function reference.
      auto* const func = reinterpret_cast<ir::FuncRef*>(values[i].i64);
      heap.set_exception_value(exception, i, RawVal::of_i64(heap.func_index(func)));
    } else {
      heap.set_exception_value(exception, i, values[i]);
    }
  }
  return store.raise_exception(exception);
}

void read_exception(Store& store, u64 exception, RawVal* values) {
  GcHeap& heap = heap_of(store);
  const auto types = func_signature(store.tag(heap.exception_tag(exception)).type_id).params;
  for (u32 i = 0; i < types.size(); ++i) {
    values[i] = heap.exception_value(exception, i);
    if (is_func_ref(types[i])) {
      values[i] = RawVal::of_i64(reinterpret_cast<u64>(heap.func_at(values[i].i32)));
    }
  }
}

std::string describe_exception(Store& store, u64 exception) {
  const Tag& tag = store.tag(heap_of(store).exception_tag(exception));
  const auto types = func_signature(tag.type_id).params;
  std::vector<RawVal> values(types.size());
  read_exception(store, exception, values.data());
  std::string text = strf("tag %u", tag.definer_index);
  if (const std::string name = tag_name(tag); !name.empty()) {
    text += strf(" \"%s\"", escaped(name).c_str());
  }
  text += " (";
  for (usize i = 0; i < types.size(); ++i) {
    text += (i != 0 ? ", " : "") + to_string(types[i]) + " " + ir::value_text(values[i], types[i]);
  }
  return text + ")";
}

} // namespace petrel::runtime
