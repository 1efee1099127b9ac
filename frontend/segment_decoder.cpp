// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element and data segments (§5.5.12, §5.5.14). Elements that are function indices stay a list of indices; others become
// constant expressions. Data stays in the file.
#include "base/format.h"
#include "frontend/body_errors.h"
#include "frontend/module_state.h"

namespace petrel::frontend {

namespace {

std::unexpected<Error> invalid(u64 offset, std::string text) {
  return fail_at(ErrorClass::invalid, offset, std::move(text));
}

} // namespace

Result<ir::ConstExpr> ModuleDecoder::const_expr(ByteReader& r, ValType type) {
  const ConstScope scope{features_, globals_, funcs_, types_, &image_, &referenced_};
  return decode_const_expr(r, type, scope);
}

Status ModuleDecoder::element_section(ByteReader& r) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.segments, 1, "segments"));
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(ir::Elem elem, element_segment(r));
    elems_.push_back(elem);
  }
  return {};
}

Result<ir::Elem> ModuleDecoder::element_segment(ByteReader& r) {
  const u64 offset = r.offset();
  TRY_ASSIGN(u32 flags, r.read_var_u32());
  if (flags > 7) {
    return fail_at(ErrorClass::malformed, offset,
                   strf("malformed elements segment kind %u", flags));
  }
  if (flags != 0 && !features_.has(ir::Feature::BulkMemory)) {
    return std::unexpected(
        ir::fail_feature(ir::Feature::BulkMemory, features_, "element segment kind")
            .error()
            .with_offset(offset));
  }
  const bool has_exprs = (flags & 4) != 0;
  ir::Elem elem;
  // Function indices give references that are never null (§5.5.12).
  elem.type = ValType::ref(AbsHeapType::func, has_exprs);
  elem.mode = (flags & 1) == 0   ? ir::SegmentMode::active
              : (flags & 2) != 0 ? ir::SegmentMode::declarative
                                 : ir::SegmentMode::passive;
  if (elem.mode == ir::SegmentMode::active) {
    u32 table = 0;
    if ((flags & 2) != 0) {
      TRY_ASSIGN(table, r.read_var_u32());
    }
    elem.table = TableIdx(table);
    if (table >= tables_.size()) {
      return invalid(offset, unknown_index("table", table));
    }
    const bool is_64 = tables_[table].type.limits.is_64 != 0;
    TRY_ASSIGN(elem.offset, const_expr(r, is_64 ? ValKind::i64 : ValKind::i32));
  }
  if ((flags & 3) != 0) { // everything but the two oldest forms names its kind or type
    const u64 at = r.offset();
    if (has_exprs) {
      TRY_ASSIGN(elem.type, ref_type(r));
    } else {
      TRY_ASSIGN(u8 kind, r.read_u8());
      if (kind != 0x00) {
        return fail_at(ErrorClass::malformed, at,
                       strf("malformed element kind 0x%02x, expected 0x00 (funcref)", kind));
      }
    }
  }
  if (elem.mode == ir::SegmentMode::active &&
      !matches(types_, elem.type, tables_[elem.table.index()].type.element)) {
    return invalid(offset, strf("type mismatch: element segment of %s for a table of %s",
                                to_string(elem.type).c_str(),
                                to_string(tables_[elem.table.index()].type.element).c_str()));
  }
  TRY(element_items(r, elem, has_exprs));
  return elem;
}

Status ModuleDecoder::element_items(ByteReader& r, ir::Elem& elem, bool has_exprs) {
  TRY_ASSIGN(u32 count, r.read_count(limits_.segment_elements, 1, "segment-elements"));
  std::vector<u32> funcs;
  std::vector<ir::ConstExpr> exprs;
  for (u32 i = 0; i < count; ++i) {
    if (has_exprs) {
      TRY_ASSIGN(ir::ConstExpr expr, const_expr(r, elem.type));
      exprs.push_back(expr);
      continue;
    }
    const u64 offset = r.offset();
    TRY_ASSIGN(u32 func, r.read_var_u32());
    if (func >= func_count()) {
      return invalid(offset, unknown_index("function", func));
    }
    referenced_[func] = true;
    funcs.push_back(func);
  }
  elem.funcs = image_.append(funcs);
  elem.exprs = image_.append(exprs);
  return {};
}

Status ModuleDecoder::data_section(ByteReader& r) {
  header_.data_offset = static_cast<u32>(r.offset());
  header_.data_size = static_cast<u32>(r.remaining());
  TRY_ASSIGN(u32 count, r.read_count(limits_.segments, 1, "segments"));
  if (header_.has_data_count != 0 && header_.data_count != count) {
    return r.malformed(
        strf("data count and data section have inconsistent lengths: %u announced, %u found",
             header_.data_count, count));
  }
  header_.datas = image_.append_blank<ir::Data>(count);
  if (!image_.fits()) {
    return fail(ErrorClass::limit, "module image exceeds 4 GiB");
  }
  for (u32 i = 0; i < count; ++i) {
    TRY_ASSIGN(const ir::Data data, data_segment(r));
    image_.items(header_.datas)[i] = data;
  }
  return {};
}

Result<ir::Data> ModuleDecoder::data_segment(ByteReader& r) {
  const u64 offset = r.offset();
  TRY_ASSIGN(u32 flags, r.read_var_u32());
  if (flags > 2) {
    return fail_at(ErrorClass::malformed, offset, strf("malformed data segment kind %u", flags));
  }
  ir::Data data;
  data.mode = flags == 1 ? ir::SegmentMode::passive : ir::SegmentMode::active;
  if (flags != 0 && !features_.has(ir::Feature::BulkMemory)) {
    return std::unexpected(ir::fail_feature(ir::Feature::BulkMemory, features_, "data segment kind")
                               .error()
                               .with_offset(offset));
  }
  if (data.mode == ir::SegmentMode::active) {
    u32 memory = 0;
    if (flags == 2) {
      TRY_ASSIGN(memory, r.read_var_u32());
    }
    if (memory >= memories_.size()) {
      return invalid(offset, unknown_index("memory", memory));
    }
    data.memory = MemIdx(memory);
    const bool is_64 = memories_[memory].is_64 != 0;
    TRY_ASSIGN(const ir::ConstExpr expr, const_expr(r, is_64 ? ValKind::i64 : ValKind::i32));
    const u64 address = is_64 ? expr.value.i64 : u64{expr.value.i32};
    if (expr.kind == ir::ConstExpr::Kind::value && address <= 0xffffffff) {
      data.address = static_cast<u32>(address);
    } else {
      data.offset_expr = image_.append(std::span(&expr, 1)).offset;
    }
  }
  TRY_ASSIGN(u32 size, r.read_var_u32());
  data.bytes_offset = static_cast<u32>(r.offset());
  data.bytes_size = size;
  TRY(r.read_bytes(size));
  return data;
}

} // namespace petrel::frontend
