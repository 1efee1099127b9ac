// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The type section (§5.5.4): recursion groups of sub types. A group may refer to all its types; a supertype must be
// declared before. Equal groups are found here (TypeDef::canonical).
#include "base/format.h"
#include "frontend/body_errors.h"
#include "frontend/module_state.h"
#include "frontend/type_codes.h"

namespace petrel::frontend {

namespace {

constexpr u32 kMaxSubtypeDepth = 63;

enum TypeForm : u8 {
  kRec = 0x4e,
  kSubFinal = 0x4f,
  kSub = 0x50,
  kArray = 0x5e,
  kStruct = 0x5f,
  kFunc = 0x60,
};

std::unexpected<Error> invalid(u64 offset, std::string text) {
  return fail_at(ErrorClass::invalid, offset, std::move(text));
}

} // namespace

/// A type of the group in the making; its arrays are not in the image yet.
struct ModuleDecoder::PendingType {
  ir::TypeDef def;
  u64 offset = 0;
  std::vector<ValType> params;
  std::vector<ValType> results;
  std::vector<u8> mutabilities;
  CompositeView view() const { return {def.kind, params, results, mutabilities}; }
};

Result<std::vector<ValType>> ModuleDecoder::result_type(ByteReader& r, u32 limit,
                                                        const char* what) {
  TRY_ASSIGN(u32 count, r.read_count(limit, 1, what));
  std::vector<ValType> types;
  types.reserve(count);
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(ValType type, val_type(r));
    types.push_back(type);
  }
  return types;
}

Status ModuleDecoder::field_type(ByteReader& r, PendingType& type) {
  const auto byte = r.peek();
  if (byte == u8{0x78} || byte == u8{0x77}) {
    TRY(r.read_u8());
    type.params.push_back(*byte == 0x78 ? ValKind::i8 : ValKind::i16);
  } else {
    TRY_ASSIGN(ValType field, val_type(r));
    type.params.push_back(field);
  }
  const u64 offset = r.offset();
  TRY_ASSIGN(u8 is_mutable, r.read_u8());
  if (is_mutable > 1) {
    return fail_at(ErrorClass::malformed, offset, strf("malformed mutability 0x%02x", is_mutable));
  }
  type.mutabilities.push_back(is_mutable);
  return {};
}

Status ModuleDecoder::composite_type(ByteReader& r, u8 form, PendingType& type) {
  if (form == kFunc) {
    TRY_ASSIGN(type.params, result_type(r, limits_.params, "params"));
    TRY_ASSIGN(type.results, result_type(r, limits_.results, "results"));
    if (type.results.size() > 1 && !features_.has(ir::Feature::MultiValue)) {
      return std::unexpected(
          ir::fail_feature(ir::Feature::MultiValue, features_, "function type with several results")
              .error()
              .with_offset(type.offset));
    }
    return {};
  }
  if (form == kStruct) {
    type.def.kind = ir::CompositeKind::struct_;
    TRY_ASSIGN(u32 count, r.read_count(limits_.struct_fields, 2, "struct-fields"));
    for (u32 i = 0; i < count; ++i) {
      TRY(field_type(r, type));
    }
    return {};
  }
  if (form == kArray) {
    type.def.kind = ir::CompositeKind::array;
    return field_type(r, type);
  }
  return fail_at(ErrorClass::malformed, type.offset,
                 form >= 0x80 ? std::string("integer representation too long")
                              : strf("malformed type form 0x%02x, expected 0x60 (func)", form));
}

/// One sub type, its form read already.
Status ModuleDecoder::sub_type(ByteReader& r, u8 form, u32 index, PendingType& type) {
  if (form != kFunc && (form == kSub || form == kSubFinal || form == kStruct || form == kArray) &&
      !has(ir::Feature::Gc)) {
    return std::unexpected(
        ir::fail_feature(ir::Feature::Gc, features_, strf("type form 0x%02x", form))
            .error()
            .with_offset(type.offset));
  }
  if (form != kSub && form != kSubFinal) {
    return composite_type(r, form, type);
  }
  type.def.is_final = form == kSubFinal ? 1 : 0;
  const u64 offset = r.offset();
  TRY_ASSIGN(u32 supers, r.read_count(limits_.types, 1, "types"));
  if (supers > 1) {
    return invalid(offset, strf("sub type: expected at most one supertype, found %u", supers));
  }
  if (supers == 1) {
    TRY_ASSIGN(u32 super, r.read_var_u32());
    if (super >= index) {
      return invalid(offset, unknown_index("type", super));
    }
    type.def.supertype = TypeIdx(super);
  }
  TRY_ASSIGN(u8 inner, r.read_u8());
  return composite_type(r, inner, type);
}

/// Checks a declared supertype (§3.2.13).
Status ModuleDecoder::check_supertype(u32 index, const PendingType& type) {
  const ir::TypeDef& super = types_[type.def.supertype.index()];
  auto refuse = [&](const char* why) {
    return invalid(type.offset, strf("sub type %u does not match super type %u: %s", index,
                                     type.def.supertype.index(), why));
  };
  if (super.is_final != 0) {
    return refuse("the super type is final");
  }
  const CompositeView declared{super.kind, image_.items(super.params), image_.items(super.results),
                               image_.items(super.mutabilities)};
  if (!matches(types_, type.view(), declared)) {
    return refuse("its definition is no extension");
  }
  if (super.depth + 1 > kMaxSubtypeDepth) {
    return fail_at(ErrorClass::limit, type.offset,
                   strf("type %u has more than %u supertypes", index, kMaxSubtypeDepth));
  }
  types_[index].depth = static_cast<u16>(super.depth + 1);
  return {};
}

/// Index of the first type of an equal group before this one, or `first`.
u32 ModuleDecoder::equal_group(std::span<const PendingType> group, u32 first) {
  std::vector<ir::GroupMember> members;
  for (const PendingType& type : group) {
    members.push_back({type.def.kind, type.def.is_final != 0, type.def.supertype, type.params,
                       type.results, type.mutabilities});
  }
  std::vector<u64> words;
  ir::append_group_words(words, members, first,
                         [&](TypeIdx type) { return types_[type.index()].canonical.index(); });
  if (auto found = groups_.find(words)) {
    return group_starts_[*found];
  }
  groups_.add(words);
  group_starts_.push_back(first);
  return first;
}

/// `count` types; the first one's form is read already unless they are behind `rec`.
Status ModuleDecoder::rec_group(ByteReader& r, u32 count, std::optional<u8> form) {
  const u32 first = narrow<u32>(types_.size());
  type_count_ = first + count;
  std::vector<PendingType> group(count);
  for (u32 i = 0; i < count; ++i) {
    group[i].offset = r.offset() - (form ? 1 : 0);
    if (!form) {
      TRY_ASSIGN(form, r.read_u8());
    }
    TRY(sub_type(r, *form, first + i, group[i]));
    form.reset();
  }
  const u32 equal = equal_group(group, first);
  for (u32 i = 0; i < count; ++i) {
    ir::TypeDef& def = group[i].def;
    def.canonical = TypeIdx(equal + i);
    def.rec_group_start = first;
    def.rec_group_size = count;
    def.params = image_.append(group[i].params);
    def.results = image_.append(group[i].results);
    def.mutabilities = image_.append(group[i].mutabilities);
    types_.push_back(def);
  }
  for (u32 i = 0; i < count; ++i) {
    if (!group[i].def.supertype.is_none()) {
      TRY(check_supertype(first + i, group[i]));
    }
  }
  return {};
}

Status ModuleDecoder::type_section(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.types, 1, "types"));
  types_.reserve(count);
  for (u32 i = 0; i < count; ++i) {
    const u64 offset = r.offset();
    TRY_ASSIGN(u8 form, r.read_u8());
    if (form != kRec) {
      if (types_.size() >= limits_.types) {
        return fail_at(ErrorClass::limit, offset,
                       over_limit(types_.size() + 1, "types", limits_.types, "types"));
      }
      TRY(rec_group(r, 1, form));
      continue;
    }
    if (!has(ir::Feature::Gc)) {
      return std::unexpected(ir::fail_feature(ir::Feature::Gc, features_, "type form 0x4e")
                                 .error()
                                 .with_offset(offset));
    }
    TRY_ASSIGN(u32 size, r.read_count(limits_.types - narrow<u32>(types_.size()), 1, "types"));
    TRY(rec_group(r, size, std::nullopt));
  }
  return {};
}

} // namespace petrel::frontend
