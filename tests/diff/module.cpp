// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The frame of a generated module: declarations, function bodies' locals, and the two helper functions.
#include "tests/diff/generator.h"

#include "base/format.h"

namespace petrel::diff {

using ir::Op;

u64 Random::edge() {
  static constexpr u64 kEdges[] = {0,
                                   1,
                                   2,
                                   ~u64{0},
                                   0x7f,
                                   0x80,
                                   0xff,
                                   0x7fff,
                                   0x8000,
                                   0xffff,
                                   0x10000,
                                   0x7fffffff,
                                   31,
                                   0x80000000,
                                   0xffffffff,
                                   0x3f800000,
                                   0x7f800000,
                                   u64{1} << 32,
                                   63,
                                   0x3ff0000000000000,
                                   0x7ff0000000000000,
                                   u64{1} << 63,
                                   0x7fffffffffffffff,
                                   0xfffffffffffffffe};
  return one_in(3) ? next() >> below(64) : kEdges[below(std::size(kEdges))];
}

Generator::Generator(u64 seed) : random_(seed) {
  const auto choose = [&](ir::Feature feature, u32 one_in) {
    const bool chosen = random_.one_in(one_in); // asked in any case: seeds keep their meaning
    return chosen && ir::is_implemented(feature);
  };
  has_simd_ = choose(ir::Feature::Simd, 2);
  has_gc_ = choose(ir::Feature::Gc, 2);
  has_exceptions_ = choose(ir::Feature::Exceptions, 2);
  has_tail_calls_ = choose(ir::Feature::TailCall, 2);
  has_memory64_ = choose(ir::Feature::Memory64, 2);
  has_legacy_ =
      choose(ir::Feature::LegacyExceptions, 1) && !has_gc_ && !has_exceptions_ && !has_memory64_;
  for (u32 i = 0; i < kTypeCount; ++i) {
    const auto type = static_cast<T>(i);
    const bool exists = type == T::exn    ? has_exceptions_
                        : type > T::v128  ? has_gc_
                        : type == T::v128 ? has_simd_ || has_gc_
                                          : true;
    if (exists) {
      types_.push_back(type);
    }
  }
}

void Generator::op(Op op) {
  const ir::OpInfo& info = ir::op_info(op);
  if (info.prefix != 0) {
    body_.write_u8(info.prefix);
    body_.write_var_u32(info.code);
  } else {
    body_.write_u8(static_cast<u8>(info.code));
  }
}

void Generator::i32_const(u32 value) {
  op(Op::I32Const);
  body_.write_var_s64(static_cast<i32>(value));
}

void Generator::write_type(text::ByteWriter& out, T type) {
  static constexpr u8 kCodes[] = {0x7f,   0x7e,   0x7d, 0x7c, 0x7b, kNode, kInts,
                                  kBytes, kNodes, 0x6e, 0x6f, 0x69, 0x40};
  const bool is_defined = type >= T::node && type <= T::nodes;
  if (is_defined) {
    out.write_u8(0x63);
  }
  out.write_u8(kCodes[static_cast<usize>(type)]);
}

void Generator::section(u8 id, u32 count, text::ByteWriter& content) {
  out_.write_u8(id);
  out_.write_var_u32(static_cast<u32>(content.size()) + text::var_u64_size(count));
  out_.write_var_u32(count);
  out_.write_bytes(content.bytes());
}

namespace {

text::ByteWriter bytes(std::initializer_list<u8> list) {
  text::ByteWriter out;
  for (u8 byte : list) {
    out.write_u8(byte);
  }
  return out;
}

} // namespace

void Generator::type_section() {
  // Without the GC its types are empty functions, so that indices stay.
  text::ByteWriter out =
      has_gc_
          ? bytes({0x60, 0,    0,    0x60, 1,    0x7f, 1,    0x7f, 0x50,  0,    0x5f,  5,     0x7f,
                   1,    0x7e, 1,    0x7c, 0,    0x78, 1,    0x63, kNode, 1,    0x4f,  1,     kNode,
                   0x5f, 6,    0x7f, 1,    0x7e, 1,    0x7c, 0,    0x78,  1,    0x63,  kNode, 1,
                   0x7f, 1,    0x5e, 0x7f, 1,    0x5e, 0x78, 1,    0x5e,  0x63, kNode, 1})
          : bytes({0x60, 0, 0,    0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 0, 0x60,
                   0,    0, 0x60, 0,    0, 0x60, 0, 0,    0x60, 0, 0});
  for (const Function& function : functions_) {
    out.write_u8(0x60);
    for (const auto* list : {&function.params, &function.results}) {
      out.write_var_u32(static_cast<u32>(list->size()));
      for (T type : *list) {
        write_type(out, type);
      }
    }
  }
  text::ByteWriter hash = bytes({0x60, 0, 1, 0x7e});
  out.write_bytes(hash.bytes());
  tag_types(out);
  section(1, kFirstSignature + static_cast<u32>(functions_.size() + 1 + tags_.size() * 3), out);
}

void Generator::declarations() {
  const auto count = static_cast<u32>(functions_.size());
  text::ByteWriter out;
  for (u32 i = 0; i < count; ++i) {
    out.write_var_u32(kFirstSignature + i);
  }
  out.write_u8(kVoid);
  out.write_var_u32(kFirstSignature + count);
  section(3, count + 2, out);

  out = has_gc_ ? bytes({0x70, 1, 8, 20, 0x63, kNode, 5, 4, 9})
                : bytes({0x70, 1, 8, 20, 0x6f, 1, 4, 9});
  section(4, kTables, out);
  out = has_memory64_ ? bytes({1, 1, 3, 5, 1, 2}) : bytes({1, 1, 3});
  section(5, has_memory64_ ? 2 : 1, out);
  tag_section();
  // fuel, then one variable of each type
  out = bytes({0x7f, 1,    0x41, 0,    0x0b, 0x7f, 1, 0x41, 5,    0x0b, 0x7e, 1,
               0x42, 9,    0x0b, 0x7d, 1,    0x43, 0, 0,    0x80, 0x3f, 0x0b, 0x7c,
               1,    0x44, 0,    0,    0,    0,    0, 0,    0xf0, 0xbf, 0x0b});
  if (has_simd_ || has_gc_) {
    out.write_bytes(
        bytes({0x7b, 1, 0xfd, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x0b})
            .bytes());
  }
  if (has_gc_) {
    out.write_bytes(
        bytes({0x63,   kNode, 1,     0xd0, kNode, 0x0b,   0x63,   kInts, 1,      0x41, 3,
               0xfb,   7,     kInts, 0x0b, 0x63,  kBytes, 1,      0xd0,  kBytes, 0x0b, 0x63,
               kNodes, 1,     0x41,  2,    0xfb,  7,      kNodes, 0x0b,  0x6e,   1,    0x41,
               7,      0xfb,  0x1c,  0x0b, 0x6f,  1,      0xd0,   0x6f,  0x0b})
            .bytes());
  }
  if (has_exceptions_) {
    out.write_bytes(bytes({0x69, 1, 0xd0, 0x69, 0x0b}).bytes());
  }
  section(6, kFirstGlobal + static_cast<u32>(types_.size()), out);

  out = {};
  auto export_as = [&](std::string_view name, u8 kind, u32 index) {
    out.write_name(name);
    out.write_u8(kind);
    out.write_var_u32(index);
  };
  for (u32 i = 0; i < count; ++i) {
    export_as(functions_[i].name, 0, i);
  }
  export_as("reset", 0, count);
  export_as("hash", 0, count + 1);
  if (!tags_.empty()) {
    export_as("table", 1, 0);
    export_as("tag", 4, 0);
  }
  section(7, count + (tags_.empty() ? 2 : 4), out);
}

void Generator::elements_and_data() {
  const auto count = static_cast<u32>(functions_.size());
  text::ByteWriter out;
  for (u8 flags : {u8{0}, u8{1}}) { // active in table 0 from 1 on; passive
    out.write_u8(flags);
    if (flags == 0) {
      out.write_bytes(bytes({0x41, 1, 0x0b}).bytes());
    } else {
      out.write_u8(0);
    }
    out.write_var_u32(count);
    for (u32 i = 0; i < count; ++i) {
      out.write_var_u32(i);
    }
  }
  section(9, 2, out);
  out_.write_bytes(bytes({12, 1, 2}).bytes());
}

void Generator::hash_body() {
  // for (p = 0; p < 65536; p += 8) h = rotl(h ^ load(p), 13) * 0x9e3779b1, over each memory, then globals
  body_ = bytes({2, 1, 0x7f, 1, 0x7e});
  for (u32 memory = 0; memory < (has_memory64_ ? 2U : 1U); ++memory) {
    i32_const(0);
    op(Op::LocalSet, 0);
    op(Op::Loop);
    body_.write_u8(0x40);
    op(Op::LocalGet, 1);
    op(Op::LocalGet, 0);
    if (memory == 1) {
      op(Op::I64ExtendI32U);
    }
    op(Op::I64Load);
    body_.write_u8(memory == 1 ? 0x43 : 3);
    if (memory == 1) {
      body_.write_u8(1);
    }
    body_.write_u8(0);
    op(Op::I64Xor);
    op(Op::I64Const);
    body_.write_u8(13);
    op(Op::I64Rotl);
    op(Op::I64Const);
    body_.write_var_s64(0x9e3779b1);
    op(Op::I64Mul);
    op(Op::LocalSet, 1);
    op(Op::LocalGet, 0);
    i32_const(8);
    op(Op::I32Add);
    op(Op::LocalTee, 0);
    i32_const(65536);
    op(Op::I32LtU);
    op(Op::BrIf, 0);
    op(Op::End);
  }
  op(Op::LocalGet, 1);
  op(Op::GlobalGet, kFirstGlobal + 1);
  op(Op::I64Add);
  op(Op::GlobalGet, kFirstGlobal);
  op(Op::I64ExtendI32U);
  op(Op::I64Xor);
  op(Op::GlobalGet, kFirstGlobal + 3);
  op(Op::I64ReinterpretF64);
  op(Op::I64Add);
  op(Op::End);
}

void Generator::function_body(const Function& function) {
  current_ = &function;
  locals_.assign(kTypeCount, {});
  labels_.clear();
  budget_ = 120;
  u32 next = 0;
  for (T type : function.params) {
    locals_[static_cast<usize>(type)].push_back(next++);
  }
  body_ = {};
  body_.write_var_u32(static_cast<u32>(types_.size()));
  for (T type : types_) { // two variables and, last, the temporary of `canonical`
    body_.write_u8(3);
    write_type(body_, type);
    for (u32 k = 0; k < 3; ++k) {
      locals_[static_cast<usize>(type)].push_back(next++);
    }
  }
  take_fuel();
  statements(3);
  for (T type : function.results) {
    expr(type, 4);
  }
  op(Op::End);
}

void Generator::code() {
  text::ByteWriter out;
  auto add = [&] {
    out.write_var_u32(static_cast<u32>(body_.size()));
    out.write_bytes(body_.bytes());
  };
  for (const Function& function : functions_) {
    function_body(function);
    add();
  }
  body_ = {};
  body_.write_u8(0);
  i32_const(kFuelAmount);
  op(Op::GlobalSet, kFuel);
  op(Op::End);
  add();
  hash_body();
  add();
  section(10, static_cast<u32>(functions_.size()) + 2, out);
  out = bytes({0,    0x41, 16, 0x0b, 12,   'p', 'e', 't', 'r', 'e', 'l', 0xff,
               0xfe, 0,    1,  0x80, 0x7f, 1,   16,  0,   1,   2,   3,   4,
               5,    6,    7,  8,    9,    10,  11,  12,  13,  14,  15});
  section(11, 2, out);
}

GeneratedModule Generator::run() {
  const u32 count = 2 + random_.below(5);
  for (u32 i = 0; i < count; ++i) {
    Function function{strf("f%u", i), {}, {}};
    const u32 numbers = has_simd_ && !has_legacy_ ? 5 : 4; // no vectors between V8 and its script
    for (u32 k = random_.below(4); k > 0; --k) {
      function.params.push_back(static_cast<T>(random_.below(numbers)));
    }
    for (u32 k = random_.below(3); k > 0; --k) {
      function.results.push_back(static_cast<T>(random_.below(numbers)));
    }
    functions_.push_back(function);
  }
  choose_tags();
  out_ = bytes({0, 'a', 's', 'm', 1, 0, 0, 0});
  type_section();
  declarations();
  elements_and_data();
  code();
  return {out_.take(), functions_, !tags_.empty(), has_legacy_};
}

GeneratedModule generate(u64 seed) { return Generator(seed).run(); }

} // namespace petrel::diff
