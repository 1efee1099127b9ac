// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sections and constant expressions (§5.5, §3.4.16, §3.5).
#include "tests/fuzz/slow_validator.h"

#include "base/unicode.h"

namespace petrel::slow {

// ---- bytes ------------------------------------------------------------------------------------------

void Reader::fail(std::string why) {
  if (why_.empty()) {
    why_ = std::move(why);
    at_ = end_;
  }
}

uint8_t Reader::byte() {
  if (at_ == end_) {
    fail("unexpected end");
    return 0;
  }
  return *at_++;
}

uint64_t Reader::unsigned_leb(unsigned bits) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t b = byte();
    if (!ok()) {
      return 0;
    }
    if (shift + 7 > bits) { // the last byte: no continuation, no bits beyond
      const unsigned rest = bits - shift;
      if ((b & 0x80) != 0 || (b >> rest) != 0) {
        fail("integer too long or too large");
        return 0;
      }
    }
    value |= static_cast<uint64_t>(b & 0x7f) << shift;
    if ((b & 0x80) == 0) {
      return value;
    }
  }
}

int64_t Reader::signed_leb(unsigned bits) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t b = byte();
    if (!ok()) {
      return 0;
    }
    const unsigned rest = bits - shift;
    if (rest < 7) { // what lies beyond repeats the sign
      const int top = b >> (rest - 1);
      if ((b & 0x80) != 0 || (top != 0 && top != (0x7f >> (rest - 1)))) {
        fail("integer too long or too large");
        return 0;
      }
    }
    value |= static_cast<uint64_t>(b & 0x7f) << shift;
    if ((b & 0x80) == 0) {
      const unsigned used = shift + 7;
      return used >= 64 ? static_cast<int64_t>(value)
                        : static_cast<int64_t>(value << (64 - used)) >> (64 - used);
    }
  }
}

uint32_t Reader::count() {
  const uint32_t n = u32();
  if (n > left()) {
    fail("count larger than what is left");
    return 0;
  }
  return n;
}

void Reader::skip(size_t size) {
  if (size > left()) {
    fail("unexpected end");
    return;
  }
  at_ += size;
}

void Reader::name() {
  const uint32_t size = u32();
  const uint8_t* start = at_;
  skip(size);
  if (ok() && !is_utf8({start, size})) {
    fail("malformed UTF-8");
  }
}

Reader Reader::part(size_t size) {
  const uint8_t* start = at_;
  skip(size);
  return ok() ? Reader(start, size) : Reader(start, 0);
}

// ---- types ------------------------------------------------------------------------------------------

int64_t read_heap_type(Reader& r, uint64_t type_limit) {
  const int64_t code = r.signed_leb(33);
  if (code >= 0) {
    if (static_cast<uint64_t>(code) >= type_limit) {
      r.fail("unknown type");
      return Heap::any;
    }
    return code;
  }
  if (code > Heap::noexn || code < Heap::exn) {
    r.fail("malformed heap type");
    return Heap::any;
  }
  return code;
}

Type read_ref_type(Reader& r, uint64_t type_limit) {
  const uint8_t b = r.byte();
  if (b == 0x63 || b == 0x64) {
    return ref_to(read_heap_type(r, type_limit), b == 0x63);
  }
  const int64_t heap = static_cast<int64_t>(b) - 0x80;
  if (heap > Heap::noexn || heap < Heap::exn) {
    r.fail("malformed reference type");
    return ref_to(Heap::any);
  }
  return ref_to(heap, true);
}

Type read_value_type(Reader& r, uint64_t type_limit) {
  Reader ahead = r;
  switch (ahead.byte()) {
  case 0x7f: r = ahead; return {Type::i32};
  case 0x7e: r = ahead; return {Type::i64};
  case 0x7d: r = ahead; return {Type::f32};
  case 0x7c: r = ahead; return {Type::f64};
  case 0x7b: r = ahead; return {Type::v128};
  default: return read_ref_type(r, type_limit);
  }
}

const SubType* composite(Reader& r, const Context& c, uint32_t index, SubType::Form form) {
  static const SubType nothing;
  if (index >= c.space.types.size()) {
    r.fail("unknown type");
    return &nothing;
  }
  if (c.space.types[index].form != form) {
    r.fail("type of another form");
  }
  return &c.space.types[index];
}

ir::Op read_op(Reader& r) {
  const uint8_t b = r.byte();
  const ir::Op op = ir::is_op_prefix(b) ? ir::op_from_prefixed(b, r.u32()) : ir::op_from_byte(b);
  if (op == ir::Op::Invalid) {
    r.fail("illegal opcode");
  }
  return op;
}

namespace {

Field read_field(Reader& r, uint64_t limit) {
  Field field;
  Reader ahead = r;
  const uint8_t b = ahead.byte();
  if (b == 0x78 || b == 0x77) {
    r = ahead;
    field.storage = {b == 0x78 ? Type::i8 : Type::i16};
  } else {
    field.storage = read_value_type(r, limit);
  }
  const uint8_t mut = r.byte();
  if (mut > 1) {
    r.fail("malformed mutability");
  }
  field.is_mutable = mut == 1;
  return field;
}

Types read_types(Reader& r, uint64_t limit) {
  Types types;
  for (uint32_t n = r.count(); n > 0 && r.ok(); --n) {
    types.push_back(read_value_type(r, limit));
  }
  return types;
}

SubType read_subtype(Reader& r, uint32_t own_index, uint64_t limit) {
  SubType type;
  uint8_t b = r.byte();
  if (b == 0x50 || b == 0x4f) {
    type.is_final = b == 0x4f;
    const uint32_t supers = r.count();
    if (supers > 1) {
      r.fail("more than one supertype");
    }
    if (supers == 1) {
      type.super = r.u32();
      if (type.super >= own_index) {
        r.fail("unknown supertype");
      }
    }
    b = r.byte();
  }
  if (b == 0x60) {
    type.form = SubType::function;
    type.params = read_types(r, limit);
    type.results = read_types(r, limit);
  } else if (b == 0x5f) {
    type.form = SubType::structure;
    for (uint32_t n = r.count(); n > 0 && r.ok(); --n) {
      type.fields.push_back(read_field(r, limit));
    }
  } else if (b == 0x5e) {
    type.form = SubType::array;
    type.fields.push_back(read_field(r, limit));
  } else {
    r.fail("malformed composite type");
  }
  return type;
}

/// The longest chain of supertypes that Petrel takes (an implementation limit of the JS API, too).
constexpr unsigned kMaxDepth = 63;

void read_group(Reader& r, Context& c) {
  auto& types = c.space.types;
  const auto start = static_cast<uint32_t>(types.size());
  Reader ahead = r;
  uint32_t size = 1;
  if (ahead.byte() == 0x4e) {
    r = ahead;
    size = r.count();
  }
  for (uint32_t i = 0; i < size && r.ok(); ++i) {
    types.push_back(read_subtype(r, start + i, uint64_t{start} + size));
  }
  if (!r.ok()) {
    return;
  }
  c.space.close_group(start, start + size);
  for (uint32_t i = start; i < start + size; ++i) {
    const SubType& type = types[i];
    if (type.super < 0) {
      continue;
    }
    const SubType& super = types[static_cast<size_t>(type.super)];
    if (super.is_final || !c.space.composite_matches(type, super)) {
      r.fail("sub type does not match its supertype");
    }
    unsigned depth = 0;
    for (int64_t at = type.super; at >= 0; at = types[static_cast<size_t>(at)].super) {
      ++depth;
    }
    if (depth > kMaxDepth) {
      r.fail("limit: depth of supertypes");
    }
  }
}

/// Limits behind their flags, of which `allowed` may be set; `bound_32` and `bound_64` are the most pages or elements.
LimitsType read_limits(Reader& r, uint8_t allowed, uint64_t bound_32, uint64_t bound_64) {
  LimitsType limits;
  const uint8_t flags = r.byte();
  if ((flags & ~allowed) != 0) {
    r.fail("malformed limits");
  }
  limits.is_shared = (flags & 2) != 0;
  limits.is_64 = (flags & 4) != 0;
  limits.min = r.unsigned_leb(64); // of either address type (§5.3.12)
  if ((flags & 1) != 0) {
    limits.max = r.unsigned_leb(64);
    if (*limits.max < limits.min) {
      r.fail("minimum above maximum");
    }
  } else if (limits.is_shared) {
    r.fail("shared memory without maximum");
  }
  if ((flags & 8) != 0) { // a page size of its own: 1 or 64 Ki
    const uint32_t log2 = r.u32();
    if (log2 != 0 && log2 != 16) {
      r.fail("page size");
    }
    if (log2 == 0) {
      bound_32 = UINT32_MAX;
      bound_64 = UINT64_MAX;
    }
  }
  const uint64_t bound = limits.is_64 ? bound_64 : bound_32;
  if (limits.min > bound || limits.max.value_or(0) > bound) {
    r.fail("size out of range");
  }
  return limits;
}

LimitsType read_memory(Reader& r, const Context& c) {
  const bool has_page_size = c.features.has(ir::Feature::CustomPageSizes);
  return read_limits(r, has_page_size ? 15 : 7, uint64_t{1} << 16, uint64_t{1} << 48);
}
TableType read_table(Reader& r, const Context& c) {
  TableType table;
  table.element = read_ref_type(r, c.space.types.size());
  table.limits = read_limits(r, 5, UINT32_MAX, UINT64_MAX);
  return table;
}
GlobalType read_global(Reader& r, const Context& c) {
  GlobalType global;
  global.type = read_value_type(r, c.space.types.size());
  const uint8_t mut = r.byte();
  if (mut > 1) {
    r.fail("malformed mutability");
  }
  global.is_mutable = mut == 1;
  return global;
}
void add_func(Reader& r, Context& c) {
  const uint32_t index = r.u32();
  composite(r, c, index, SubType::function);
  c.funcs.push_back(index);
}
void add_tag(Reader& r, Context& c) {
  if (r.byte() != 0) {
    r.fail("malformed tag");
  }
  const uint32_t index = r.u32();
  if (!composite(r, c, index, SubType::function)->results.empty()) {
    r.fail("tag with results");
  }
  c.tags.push_back(index);
}

class Module {
public:
  Module(const uint8_t* data, size_t size, ir::FeatureSet features) : r_(data, size) {
    c_.features = features;
  }

  std::string run() {
    static constexpr uint8_t kPreamble[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    for (uint8_t expected : kPreamble) {
      if (r_.byte() != expected) {
        r_.fail("no preamble");
      }
    }
    unsigned last = 0;
    while (r_.ok() && !r_.at_end()) {
      const uint8_t id = r_.byte();
      const uint32_t size = r_.u32();
      Reader part = r_.part(size);
      if (!r_.ok()) {
        break;
      }
      if (id != 0) {
        // 12 (data count) stands before 10 (code), 13 (tag) between 5 (memory) and 6 (global).
        static constexpr unsigned kOrder[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6};
        if (id >= std::size(kOrder) || kOrder[id] <= last) {
          return "unexpected section";
        }
        last = kOrder[id];
      }
      section(id, part);
      if (part.ok() && !part.at_end() && id != 0) {
        part.fail("section size mismatch");
      }
      if (!part.ok()) {
        return part.why();
      }
    }
    return finish();
  }

private:
  std::string finish() {
    if (!r_.ok()) {
      return r_.why();
    }
    if (bodies_ != defined_funcs_) {
      return "function and code section disagree";
    }
    if (c_.has_data_count && data_segments_ != c_.datas) {
      return "data count and data section disagree";
    }
    return {};
  }

  void section(uint8_t id, Reader& r) {
    if (id == 0) {
      r.name();
      return;
    }
    if (id == 8) {
      start(r);
      return;
    }
    uint32_t n = id == 12 ? r.u32() : r.count();
    if (id == 12) {
      c_.has_data_count = true;
      c_.datas = n;
      return;
    }
    if (id == 10) {
      bodies_ = n;
      if (n != defined_funcs_) {
        r.fail("function and code section disagree");
      }
    }
    for (uint32_t i = 0; i < n && r.ok(); ++i) {
      item(id, r, i);
    }
    if (id == 11) {
      data_segments_ = n;
    }
  }

  void item(uint8_t id, Reader& r, uint32_t i) {
    switch (id) {
    case 1: read_group(r, c_); break;
    case 2: import(r); break;
    case 3:
      add_func(r, c_);
      ++defined_funcs_;
      break;
    case 4: table(r); break;
    case 5: c_.memories.push_back(read_memory(r, c_)); break;
    case 6: {
      GlobalType global = read_global(r, c_);
      check_const_expr(r, c_, global.type);
      c_.globals.push_back(global);
      break;
    }
    case 7: export_(r); break;
    case 9: element(r); break;
    case 10: {
      const uint32_t size = r.u32();
      Reader body = r.part(size);
      if (r.ok()) {
        check_body(body, c_, c_.funcs[c_.funcs.size() - defined_funcs_ + i]);
        if (!body.ok()) {
          r.fail(body.why());
        }
      }
      break;
    }
    case 11: data(r); break;
    case 13: add_tag(r, c_); break;
    default: r.fail("unknown section");
    }
  }

  void import(Reader& r) {
    r.name();
    r.name();
    switch (r.byte()) {
    case 0: add_func(r, c_); break;
    case 1: c_.tables.push_back(read_table(r, c_)); break;
    case 2: c_.memories.push_back(read_memory(r, c_)); break;
    case 3: c_.globals.push_back(read_global(r, c_)); break;
    case 4: add_tag(r, c_); break;
    default: r.fail("malformed import kind");
    }
  }

  void table(Reader& r) {
    Reader ahead = r;
    if (ahead.byte() == 0x40 && ahead.byte() == 0) {
      r = ahead;
      const TableType type = read_table(r, c_);
      check_const_expr(r, c_, type.element);
      c_.tables.push_back(type);
      return;
    }
    const TableType type = read_table(r, c_);
    if (!type.element.is_defaultable()) {
      r.fail("table without a value for its elements");
    }
    c_.tables.push_back(type);
  }

  void export_(Reader& r) {
    Reader before = r;
    r.name();
    std::string name;
    for (uint32_t n = before.u32(); n > 0 && before.ok(); --n) {
      name.push_back(static_cast<char>(before.byte()));
    }
    if (!names_.insert(name).second) {
      r.fail("duplicate export");
    }
    const uint8_t kind = r.byte();
    const uint32_t index = r.u32();
    const size_t sizes[] = {c_.funcs.size(), c_.tables.size(), c_.memories.size(),
                            c_.globals.size(), c_.tags.size()};
    if (kind >= std::size(sizes) || index >= sizes[kind]) {
      r.fail("unknown export");
    }
    if (kind == 0) {
      c_.refs.insert(index);
    }
  }

  void start(Reader& r) {
    const uint32_t index = r.u32();
    if (index >= c_.funcs.size()) {
      r.fail("unknown function");
      return;
    }
    const SubType& type = c_.space.types[c_.funcs[index]];
    if (!type.params.empty() || !type.results.empty()) {
      r.fail("start function");
    }
  }

  void element(Reader& r) {
    const uint32_t flags = r.u32();
    if (flags > 7) {
      r.fail("malformed element segment");
      return;
    }
    const bool is_active = (flags & 1) == 0;
    const bool has_index_or_declares = (flags & 2) != 0;
    const bool has_exprs = (flags & 4) != 0;
    const uint32_t table = is_active && has_index_or_declares ? r.u32() : 0;
    if (is_active) {
      if (table >= c_.tables.size()) {
        r.fail("unknown table");
        return;
      }
      check_const_expr(r, c_, {c_.tables[table].limits.is_64 ? Type::i64 : Type::i32});
    }
    Type type = ref_to(Heap::func, has_exprs);
    if (flags & 3) {
      if (has_exprs) {
        type = read_ref_type(r, c_.space.types.size());
      } else if (r.byte() != 0) {
        r.fail("malformed element kind");
      }
    }
    if (is_active && !c_.space.matches(type, c_.tables[table].element)) {
      r.fail("segment does not match table");
    }
    for (uint32_t n = r.count(); n > 0 && r.ok(); --n) {
      if (has_exprs) {
        check_const_expr(r, c_, type);
        continue;
      }
      const uint32_t func = r.u32();
      if (func >= c_.funcs.size()) {
        r.fail("unknown function");
      }
      c_.refs.insert(func);
    }
    c_.elems.push_back(type);
  }

  void data(Reader& r) {
    const uint32_t flags = r.u32();
    if (flags > 2) {
      r.fail("malformed data segment");
      return;
    }
    if (flags != 1) {
      const uint32_t memory = flags == 2 ? r.u32() : 0;
      if (memory >= c_.memories.size()) {
        r.fail("unknown memory");
        return;
      }
      check_const_expr(r, c_, {c_.memories[memory].is_64 ? Type::i64 : Type::i32});
    }
    r.skip(r.u32());
  }

  Reader r_;
  Context c_;
  uint32_t defined_funcs_ = 0;
  uint32_t bodies_ = 0;
  uint32_t data_segments_ = 0;
  std::set<std::string> names_;
};

} // namespace

std::string validate(const uint8_t* data, size_t size, ir::FeatureSet features) {
  return Module(data, size, features).run();
}

} // namespace petrel::slow
