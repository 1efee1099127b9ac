// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/http_fields.h"

#include <algorithm>

namespace petrel::wasi {

namespace {

/// Charged for an entry, however short.
constexpr u64 kEntryBytes = 64;

constexpr bool is_token_char(char c) {
  const bool alphanumeric =
      (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// No control characters but tab: neither line breaks nor NUL get into a message.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c == '\t' || (static_cast<u8>(c) >= 0x20 && c != 0x7f); });
}

std::optional<HeaderError> check(std::string_view name, std::string_view value) {
  if (!is_http_token(name) || !is_field_value(value)) {
    return HeaderError::invalid_syntax;
  }
  return is_forbidden_field(name) ? std::optional(HeaderError::forbidden) : std::nullopt;
}

/// WIT of 0.2 has no error for it.
bool too_large(HostCall& call) {
  return call.trap(ir::TrapCode::allocation_too_large,
                   "http fields exceed 256 fields, 16 KiB in one or 64 KiB in all");
}

bool push_fields(HostCall& call, std::shared_ptr<FieldList> list, u32& result) {
  return list == nullptr
             ? too_large(call)
             : push_resource(call, std::make_unique<Fields>(std::move(list), false), result);
}

bool answer(std::optional<HeaderError> error, HeaderResult& result) {
  if (error) {
    result.set_err(*error);
  } else {
    result.set_ok({});
  }
  return true;
}

} // namespace

bool is_http_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_forbidden_field(std::string_view name) {
  static constexpr std::string_view kForbidden[] = {
      "connection",         "host",
      "http2-settings",     "keep-alive",
      "proxy-authenticate", "proxy-authorization",
      "proxy-connection",   "upgrade",
      "transfer-encoding",
  };
  return std::ranges::any_of(
      kForbidden, [&](std::string_view each) { return equal_ignoring_case(each, name); });
}

bool FieldList::has(std::string_view name) const {
  return std::ranges::any_of(
      fields_, [&](const Field& field) { return equal_ignoring_case(field.name, name); });
}

bool FieldList::append(std::string_view name, std::string_view value) {
  const u64 line_bytes = name.size() + value.size();
  if (fields_.size() >= kMaxFields || line_bytes > kMaxFieldLineBytes ||
      size_bytes_ + line_bytes > kMaxFieldsBytes ||
      !charge_.set(size_bytes_ + line_bytes + (fields_.size() + 1) * kEntryBytes)) {
    return false;
  }
  size_bytes_ += line_bytes;
  fields_.push_back({std::string(name), std::string(value)});
  return true;
}

void FieldList::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return equal_ignoring_case(field.name, name); });
  size_bytes_ = 0;
  for (const Field& field : fields_) {
    size_bytes_ += field.name.size() + field.value.size();
  }
  charge_.set(size_bytes_ + fields_.size() * kEntryBytes); // never more than before
}

std::shared_ptr<FieldList> FieldList::copy() const {
  auto twin = std::make_shared<FieldList>(charge_.budget());
  for (const Field& field : fields_) {
    if (!twin->append(field.name, field.value)) {
      return nullptr;
    }
  }
  return twin;
}

bool new_fields(HostCall& call, const Nothing&, u32& result) {
  return push_fields(call, std::make_shared<FieldList>(Preview2::of(call).budget()), result);
}

bool fields_from_list(HostCall& call, const FromListParams& params,
                      ResultOf<u32, HeaderError>& result) {
  auto list = std::make_shared<FieldList>(Preview2::of(call).budget());
  for (const NameValue& entry : params.entries.span()) {
    const std::string_view value = as_text(entry.second.span());
    if (auto error = check(entry.first.view(), value)) {
      result.set_err(*error);
      return true;
    }
    if (!list->append(entry.first.view(), value)) {
      return too_large(call);
    }
  }
  u32 id = 0;
  if (!push_fields(call, std::move(list), id)) {
    return false;
  }
  result.set_ok(id);
  return true;
}

bool fields_get(HostCall& call, const NameParams& params, List<List<u8>>& result) {
  Fields* self = find_resource<Fields>(call, params.self);
  auto* const values =
      self != nullptr ? result_array<List<u8>>(call, self->list().fields().size()) : nullptr;
  if (values == nullptr) {
    return false;
  }
  result = {values, 0};
  for (const FieldList::Field& field : self->list().fields()) {
    if (equal_ignoring_case(field.name, params.name.view())) {
      const Bytes value = as_bytes(field.value);
      values[result.count++] = {value.data(), value.size()};
    }
  }
  return true;
}

bool fields_has(HostCall& call, const NameParams& params, u8& result) {
  Fields* self = find_resource<Fields>(call, params.self);
  result = self != nullptr && self->list().has(params.name.view());
  return self != nullptr;
}

bool fields_set(HostCall& call, const SetParams& params, HeaderResult& result) {
  Fields* self = find_resource<Fields>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  if (self->is_immutable()) {
    return answer(HeaderError::immutable, result);
  }
  const std::string_view name = params.name.view();
  std::optional<HeaderError> error = check(name, {});
  for (const List<u8>& value : params.value.span()) {
    error = error ? error : check(name, as_text(value.span()));
  }
  if (error) {
    return answer(error, result);
  }
  self->list().remove(name);
  for (const List<u8>& value : params.value.span()) {
    if (!self->list().append(name, as_text(value.span()))) {
      return too_large(call);
    }
  }
  return answer({}, result);
}

bool fields_delete(HostCall& call, const NameParams& params, HeaderResult& result) {
  Fields* self = find_resource<Fields>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  std::optional<HeaderError> error = check(params.name.view(), {});
  error = self->is_immutable() ? HeaderError::immutable : error;
  if (!error) {
    self->list().remove(params.name.view());
  }
  return answer(error, result);
}

bool fields_append(HostCall& call, const AppendParams& params, HeaderResult& result) {
  Fields* self = find_resource<Fields>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  const std::string_view value = as_text(params.value.span());
  const auto error =
      self->is_immutable() ? HeaderError::immutable : check(params.name.view(), value);
  if (!error && !self->list().append(params.name.view(), value)) {
    return too_large(call);
  }
  return answer(error, result);
}

bool fields_entries(HostCall& call, const SelfParams& params, List<NameValue>& result) {
  Fields* self = find_resource<Fields>(call, params.self);
  auto* const entries =
      self != nullptr ? result_array<NameValue>(call, self->list().fields().size()) : nullptr;
  if (entries == nullptr) {
    return false;
  }
  result = {entries, 0};
  for (const FieldList::Field& field : self->list().fields()) {
    const Bytes value = as_bytes(field.value);
    entries[result.count++] = {String(field.name), {value.data(), value.size()}};
  }
  return true;
}

bool fields_clone(HostCall& call, const SelfParams& params, u32& result) {
  Fields* self = find_resource<Fields>(call, params.self);
  return self != nullptr && push_fields(call, self->list().copy(), result);
}

} // namespace petrel::wasi
