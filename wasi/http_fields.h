// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Header fields of wasi:http (RFC 9110 §5): an ordered list of names and values with documented limits, checked on
// every way in. Fields of a message are immutable views that share its list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wasi/host_types.h"
#include "wasi/preview2.h"

namespace petrel::wasi {

constexpr usize kMaxFields = 256;
constexpr u64 kMaxFieldsBytes = u64{64} << 10;
constexpr u64 kMaxFieldLineBytes = u64{16} << 10;

/// variant header-error
enum class HeaderError : u8 { invalid_syntax, forbidden, immutable };

/// RFC 9110 token: names of fields, methods.
bool is_http_token(std::string_view text);
/// The names that only the host may write: in headers and trailers, from the guest and on the way in.
bool is_forbidden_field(std::string_view name);
bool equal_ignoring_case(std::string_view a, std::string_view b);

class FieldList {
public:
  struct Field {
    std::string name;
    std::string value;
  };
  explicit FieldList(std::shared_ptr<HostBudget> budget) : charge_(std::move(budget)) {}

  const std::vector<Field>& fields() const { return fields_; }
  bool has(std::string_view name) const;
  /// False: over one of the limits; nothing was added.
  bool append(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// A copy with its own charge; nullptr: over the Store's limit.
  std::shared_ptr<FieldList> copy() const;

private:
  std::vector<Field> fields_;
  u64 size_bytes_ = 0;
  HostCharge charge_;
};

/// resource fields
class Fields final : public component::HostResourceOf<Fields> {
public:
  Fields(std::shared_ptr<FieldList> list, bool is_immutable)
      : list_(std::move(list)), is_immutable_(is_immutable) {}
  FieldList& list() { return *list_; }
  bool is_immutable() const { return is_immutable_; }
  /// The list as that of a message: no later change through this object shows.
  const std::shared_ptr<FieldList>& share() const { return list_; }

private:
  std::shared_ptr<FieldList> list_;
  bool is_immutable_;
};

// Handlers of wasi/http.def.
using HeaderResult = ResultOf<Nothing, HeaderError>;
using NameValue = PairOf<String, List<u8>>;
struct NameParams {
  u32 self;
  String name;
};
struct AppendParams {
  u32 self;
  String name;
  List<u8> value;
};
struct SetParams {
  u32 self;
  String name;
  List<List<u8>> value;
};
struct FromListParams {
  List<NameValue> entries;
};

bool new_fields(HostCall& call, const Nothing& params, u32& result);
bool fields_from_list(HostCall& call, const FromListParams& params,
                      ResultOf<u32, HeaderError>& result);
bool fields_get(HostCall& call, const NameParams& params, List<List<u8>>& result);
bool fields_has(HostCall& call, const NameParams& params, u8& result);
bool fields_set(HostCall& call, const SetParams& params, HeaderResult& result);
bool fields_delete(HostCall& call, const NameParams& params, HeaderResult& result);
bool fields_append(HostCall& call, const AppendParams& params, HeaderResult& result);
bool fields_entries(HostCall& call, const SelfParams& params, List<NameValue>& result);
bool fields_clone(HostCall& call, const SelfParams& params, u32& result);

} // namespace petrel::wasi
