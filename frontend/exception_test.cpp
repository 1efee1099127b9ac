// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exceptions, standard and legacy: what is refused and how, and the handler table (ir/handler_table.h). Modules are written
// as text; instructions are found by their opcode's position among the equal ones of the body.
#include "frontend/test_module.h"
#include "frontend/text/encode.h"
#include "ir/side_table.h"

namespace petrel::frontend::test {

namespace {

/// Until there is an engine for them.
const auto kNeedsEngine = doctest::skip(!ir::is_implemented(ir::Feature::LegacyExceptions));

using ir::Handler;
using ir::HandlerKind;
using ir::Op;

/// The module with what the decoder says of the first function's instructions.
class Decoded {
public:
  explicit Decoded(std::string_view fields) {
    auto encoded = text::encode_module(fields, {}, "");
    if (!encoded) {
      FAIL(encoded.error().to_string());
      return;
    }
    bytes_ = std::move(encoded->bytes);
    auto image = decode(bytes_);
    if (!image) {
      FAIL(image.error().to_string());
      return;
    }
    image_.emplace(std::move(*image));
    BodyScratch scratch;
    const ir::DecodeLimits limits;
    REQUIRE(decode_body<Mode::Validate>(module(), func_idx(), bytes_, ir::kDefaultFeatures, limits,
                                        scratch, *this)
                .has_value());
  }
  template <Op kOp, typename Decoder> void op(Decoder&, const Instr& in) {
    places_.push_back({kOp, in.offset, in.size_bytes});
  }

  ir::Module module() const { return image_->module(); }
  FuncIdx func_idx() const { return FuncIdx(module().header().imported_funcs); }
  const ir::Func& func() const { return module().func(func_idx()); }
  std::span<const Handler> handlers() const { return module().handlers(func()); }
  const u32* words() const { return module().side_table().data() + func().side_table; }
  /// File offset of the n-th such instruction, and of what follows it.
  u32 at(Op op, u32 n = 0) const { return place(op, n).offset; }
  u32 behind(Op op, u32 n = 0) const { return place(op, n).offset + place(op, n).size; }

private:
  struct Place {
    Op op;
    u32 offset;
    u32 size;
  };
  Place place(Op op, u32 n) const {
    for (const Place& p : places_) {
      if (p.op == op && n-- == 0) {
        return p;
      }
    }
    FAIL("no such instruction");
    return {};
  }
  ByteVec bytes_;
  std::optional<ModuleImage> image_;
  std::vector<Place> places_;
};

/// The verdict on a module in text; features are keys of -W.
std::string judge(std::string_view fields, std::string_view features = "",
                  std::string_view limit = "") {
  auto encoded = text::encode_module(fields, {}, "");
  if (!encoded) {
    return encoded.error().to_string();
  }
  DecodeOptions options;
  options.features = *ir::parse_features(features, options.features);
  if (!limit.empty()) {
    REQUIRE(ir::apply_limit_option(limit, options.limits).has_value());
  }
  const std::string found = verdict(encoded->bytes, options);
  const usize place = found.find("offset 0x");
  const usize colon = found.find(": ", place);
  return place == std::string::npos ? found : found.substr(0, place) + found.substr(colon + 2);
}

void check_handler(const Handler& found, const Handler& expected) {
  CHECK_EQ(found.start, expected.start);
  CHECK_EQ(found.end, expected.end);
  CHECK_EQ(static_cast<u32>(found.kind), static_cast<u32>(expected.kind));
  CHECK_EQ(found.clause, expected.clause);
  CHECK_EQ(found.tag, expected.tag);
  CHECK_EQ(found.height, expected.height);
  CHECK_EQ(found.target, expected.target);
  CHECK_EQ(found.target_position, expected.target_position);
  CHECK_EQ(found.exception_local, expected.exception_local);
}

} // namespace

TEST_CASE("exceptions: tags" * kNeedsEngine) {
  CHECK_EQ(judge("(tag) (tag (param i32 f64)) (tag (export \"e\") (import \"m\" \"t\"))"),
           "error[malformed]: 1:34: import after tag");
  const Decoded d("(tag (export \"i\") (import \"m\" \"t\") (param i32)) (tag) (tag $e (param f64))"
                  "(export \"e\" (tag $e)) (func)");
  CHECK_EQ(d.module().header().imported_tags, 1);
  CHECK_EQ(d.module().tags().size(), 3);
  CHECK_EQ(d.module().find_export("e")->index, 2);
  CHECK_EQ(d.module().find_export("e")->kind, ir::ExternKind::tag);
  CHECK_EQ(d.handlers().size(), 0);
  CHECK_EQ(judge("(tag (result i32))"),
           "error[invalid]: section tag (id 13), non-empty tag result type: type 0 has 1 result");
  CHECK_EQ(
      judge("(tag (import \"m\" \"t\") (result i32 i32))"),
      "error[invalid]: section import (id 2), non-empty tag result type: type 0 has 2 results");
  CHECK_EQ(judge("(type (struct)) (tag (type 0))"),
           "error[invalid]: section tag (id 13), type mismatch: type 0 of a tag is not a function "
           "type");
  CHECK_EQ(judge("(tag (type 3))"), "error[invalid]: section tag (id 13), unknown type 3");
  CHECK_EQ(judge("(export \"e\" (tag 0))"), "error[invalid]: section export (id 7), unknown tag 0");
  CHECK_EQ(verdict(kPreamble + section(1, {1, 0x60, 0, 0}) + section(13, {1, 1, 0})),
           "error[malformed]: section tag (id 13), offset 0x11: malformed tag attribute: expected "
           "0x00, found 0x01");
  CHECK_EQ(judge("(tag) (tag) (tag)", "", "tags=3"), "ok");
  CHECK_EQ(judge("(tag) (tag) (tag) (tag)", "", "tags=3"),
           "error[limit]: section tag (id 13), 4 tags exceed limit 3 (-L tags=N)");
  CHECK_EQ(judge("(tag (import \"m\" \"t\")) (tag) (tag) (tag)", "", "tags=3"),
           "error[limit]: section tag (id 13), 4 tags exceed limit 3 (-L tags=N)");
}

TEST_CASE("exceptions: gates" * kNeedsEngine) {
  CHECK_EQ(
      judge("(tag)", "exceptions=n"),
      "error[unsupported]: section tag (id 13), tag section needs feature exceptions, which is "
      "off (-W exceptions)");
  CHECK_EQ(judge("(tag (import \"m\" \"t\"))", "exceptions=n"),
           "error[unsupported]: section import (id 2), imported tag needs feature exceptions, "
           "which is off (-W exceptions)");
  CHECK_EQ(judge("(func try_table end)", "exceptions=n"),
           "error[unsupported]: func 0, try_table needs feature exceptions, which is off (-W "
           "exceptions)");
  CHECK_EQ(judge("(func try end)", "legacy-exceptions=n"),
           "error[unsupported]: func 0, try needs feature legacy-exceptions, which is off (-W "
           "legacy-exceptions)");
  CHECK_EQ(judge("(func try_table end)", "legacy-exceptions=n"), "ok");
}

TEST_CASE("exceptions: throw, throw_ref and the clauses of try_table" * kNeedsEngine) {
  CHECK_EQ(judge("(tag (param i32)) (func (result i64) (throw 0 (i32.const 1)))"), "ok");
  CHECK_EQ(judge("(func (result f32) (throw_ref (ref.null exn)))"), "ok");
  CHECK_EQ(judge("(func (result f32) (throw_ref (ref.null noexn)))"), "ok");
  CHECK_EQ(judge("(func (throw 0))"), "error[invalid]: func 0, unknown tag 0");
  CHECK_EQ(judge("(tag (param i32)) (func (throw 0))"),
           "error[invalid]: func 0, type mismatch: throw expected i32, found an empty stack");
  CHECK_EQ(judge("(func (throw_ref (ref.null func)))"),
           "error[invalid]: func 0, type mismatch: throw_ref expected exnref, found funcref");
  CHECK_EQ(judge("(tag (param i32)) (func (result i32) (try_table (catch 0 0)) unreachable)"),
           "ok");
  // a label takes supertypes of what is carried; the reference is never null
  CHECK_EQ(judge("(tag (param (ref func))) (func (result funcref (ref exn)) (try_table (catch_ref "
                 "0 0)) unreachable)"),
           "ok");
  CHECK_EQ(judge("(func (result exnref) (try_table (catch_all_ref 0)) unreachable)"), "ok");
  CHECK_EQ(judge("(tag (param i32)) (func (try_table (catch 0 0)))"),
           "error[invalid]: func 0, type mismatch: catch carries 1 value, its label takes 0");
  CHECK_EQ(judge("(tag (param i32)) (func (result i32) (try_table (catch_ref 0 0)) unreachable)"),
           "error[invalid]: func 0, type mismatch: catch_ref carries 2 values, its label takes 1");
  CHECK_EQ(judge("(tag (param i32)) (func (result i64) (try_table (catch 0 0)) unreachable)"),
           "error[invalid]: func 0, type mismatch: try_table expected i64, found i32");
  CHECK_EQ(judge("(func (result i32) (try_table (catch_all_ref 0)) unreachable)"),
           "error[invalid]: func 0, type mismatch: try_table expected i32, found (ref exn)");
  CHECK_EQ(judge("(func (try_table (catch_all 1)))"), "error[invalid]: func 0, unknown label 1");
  CHECK_EQ(judge("(func (try_table (catch 0 0)))"), "error[invalid]: func 0, unknown tag 0");
  // label 0 is the block around it, not the try_table, which takes an i32
  CHECK_EQ(judge("(func (drop (try_table (result i32) (catch_all 0) (i32.const 1))))"), "ok");
  CHECK_EQ(judge("(func (try_table (param i32) (i32.const 1)))"),
           "error[invalid]: func 0, type mismatch: try_table expected i32, found an empty stack");
}

TEST_CASE("exceptions: malformed clauses" * kNeedsEngine) {
  CHECK_EQ(verdict(one_func({0x1f, 0x40, 1, 4, 0, 0x0b, 0x0b})),
           "error[malformed]: func 0, offset 0x1a: malformed catch clause: expected a code of at "
           "most 0x03");
  CHECK_EQ(verdict(one_func({0x1f, 0x40, 0x90, 0x90, 0x90, 0x90, 0x1})),
           "error[malformed]: func 0, offset 0x1e: unexpected end of section or function");
  CHECK_EQ(verdict(one_func({0x1f, 0x40, 2, 2, 0x80, 0x00, 2, 0, 0x0b, 0x0b})), "ok");
}

TEST_CASE("exceptions: handlers of nested try_tables" * kNeedsEngine) {
  const Decoded d(R"((tag $e (param i32)) (tag $f)
    (func
      i64.const 0
      loop $l
        block $b (result i32)
          try_table (catch_all $l) (catch $e $b)
            nop
            try_table (result i32) (catch $f 3) (catch $f 2) (catch $f 0)
              i32.const 5
              (br_if 0 (i32.const 1))
            end
            drop
          end
          br 2
        end
        drop
      end
      drop))");
  // the inner one's labels from its outside: the outer try_table, block, loop, function
  REQUIRE_EQ(d.handlers().size(), 5);
  const auto h = d.handlers();
  const u32 inner = d.behind(Op::TryTable, 1);
  const u32 outer = d.behind(Op::TryTable, 0);
  const u32 last = d.at(Op::End, 4);
  // words: try_table 2, try_table 2, br_if 1, br 1
  check_handler(h[0], {inner, d.at(Op::End, 0), HandlerKind::catch_, 0, TagIdx(1), 0, last, 6});
  check_handler(
      h[1], {inner, d.at(Op::End, 0), HandlerKind::catch_, 1, TagIdx(1), 1, d.behind(Op::Loop), 0});
  check_handler(
      h[2], {inner, d.at(Op::End, 0), HandlerKind::catch_, 2, TagIdx(1), 1, d.at(Op::End, 1), 5});
  check_handler(h[3], {outer, d.at(Op::End, 1), HandlerKind::catch_all, 0, TagIdx(), 1,
                       d.behind(Op::Loop), 0});
  check_handler(
      h[4], {outer, d.at(Op::End, 1), HandlerKind::catch_, 1, TagIdx(0), 1, d.at(Op::End, 2), 6});
  // try_table has an entry: its length
  CHECK_EQ(d.words()[0], outer - d.at(Op::TryTable, 0));
  CHECK_EQ(d.words()[2], inner - d.at(Op::TryTable, 1));
}

TEST_CASE("exceptions: each function has its handlers" * kNeedsEngine) {
  const Decoded d("(tag) (func try_table (catch_all 0) try_table (catch_all 0) end end)"
                  "(func nop) (func try_table (catch 0 0) end)");
  const auto funcs = d.module().funcs();
  CHECK_EQ(funcs[0].handler_count, 2);
  CHECK_EQ(funcs[1].handler_count, 0);
  REQUIRE_EQ(funcs[2].handler_count, 1);
  const Handler& last = d.module().handlers(funcs[2])[0];
  CHECK_EQ(last.target, funcs[2].body_end - 1);
  CHECK_EQ(last.target_position, 2);
  CHECK_EQ(last.start, last.end); // nothing in it
}

TEST_CASE("legacy exceptions: verdicts" * kNeedsEngine) {
  CHECK_EQ(judge("(tag $e (param i32)) (func (result i32)"
                 " (try (result i32) (do (i32.const 1)) (catch $e) (catch_all (i32.const 2))))"),
           "ok");
  CHECK_EQ(judge("(func (result i32) try (result i32) i32.const 1 delegate 0)"), "ok");
  CHECK_EQ(judge("(func (result i32) try try end catch_all rethrow 0 end unreachable)"), "ok");
  CHECK_EQ(judge("(func try rethrow 0 end)"),
           "error[invalid]: func 0, invalid rethrow label 0: expected one of a catch or catch_all");
  CHECK_EQ(judge("(func try catch_all try rethrow 0 end end)"),
           "error[invalid]: func 0, invalid rethrow label 0: expected one of a catch or catch_all");
  CHECK_EQ(judge("(func try catch_all try rethrow 1 end end)"), "ok");
  CHECK_EQ(judge("(func rethrow 0)"),
           "error[invalid]: func 0, invalid rethrow label 0: expected one of a catch or catch_all");
  CHECK_EQ(judge("(func rethrow 1)"), "error[invalid]: func 0, unknown label 1");
  CHECK_EQ(judge("(func try delegate 1)"), "error[invalid]: func 0, unknown label 1");
  CHECK_EQ(judge("(func block try delegate 1 end)"), "ok");
  CHECK_EQ(judge("(func (result i32) try (result i32) delegate 0)"),
           "error[invalid]: func 0, type mismatch: delegate expected i32, found an empty stack");
  CHECK_EQ(
      judge("(tag (param i32)) (func try catch 0 end)"),
      "error[invalid]: func 0, type mismatch: end expected an empty stack, found 1 more value");
  CHECK_EQ(judge("(func try (result i32) i32.const 1 catch_all end drop)"),
           "error[invalid]: func 0, type mismatch: end expected i32, found an empty stack");
  CHECK_EQ(judge("(func try (result i32) catch_all i32.const 1 end drop)"),
           "error[invalid]: func 0, type mismatch: catch_all expected i32, found an empty stack");
  // parameters of the block go to its first part only
  CHECK_EQ(judge("(func i32.const 1 try (param i32) drop catch_all end)"), "ok");
  CHECK_EQ(judge("(func i32.const 1 try (param i32) drop catch_all drop end)"),
           "error[invalid]: func 0, type mismatch: drop expected a value, found an empty stack");
  const auto malformed = [](const ByteVec& code) { return verdict(one_func(code)); };
  CHECK_EQ(malformed({0x19, 0x0b}),
           "error[malformed]: func 0, offset 0x17: END opcode expected: catch_all without try");
  CHECK_EQ(malformed({0x06, 0x40, 0x19, 0x19, 0x0b, 0x0b}),
           "error[malformed]: func 0, offset 0x1a: END opcode expected: catch_all without try");
  CHECK_EQ(malformed({0x06, 0x40, 0x19, 0x18, 0, 0x0b}),
           "error[malformed]: func 0, offset 0x1a: END opcode expected: delegate without try");
  CHECK_EQ(malformed({0x18, 0, 0x0b}),
           "error[malformed]: func 0, offset 0x17: END opcode expected: delegate without try");
}

TEST_CASE("legacy exceptions: locals without default forget what a part of the block set" *
          kNeedsEngine) {
  CHECK_EQ(
      judge("(func $f) (func (local (ref func)) try (local.set 0 (ref.func $f)) catch_all (drop "
            "(local.get 0)) end) (elem declare func $f)"),
      "error[invalid]: func 1, uninitialized local 0");
}

TEST_CASE("legacy exceptions: handlers of catches, and where the exception is kept" *
          kNeedsEngine) {
  const Decoded d(R"((tag $e (param i32))
    (func (param i32) (local i64)
      i64.const 7
      try
        nop
      catch $e
        drop
        try
          nop
        catch_all
          try catch_all rethrow 1 end
          rethrow 1
        end
      catch_all
        try catch_all rethrow 0 end
        rethrow 0
      end
      drop))");
  const auto h = d.handlers();
  REQUIRE_EQ(h.size(), 5);
  CHECK_EQ(d.func().local_count, 2 + 3);
  const u32 outer_end = d.at(Op::Catch);
  // words: catch 1, catch_all 1, catch_all 1, rethrow 2, rethrow 2, catch_all 1, catch_all 1, …
  check_handler(h[0], {d.behind(Op::Try, 0), outer_end, HandlerKind::catch_, 0, TagIdx(0), 1,
                       d.behind(Op::Catch), 1, 2});
  check_handler(h[1], {d.behind(Op::Try, 0), outer_end, HandlerKind::catch_all, 1, TagIdx(), 1,
                       d.behind(Op::CatchAll, 2), 8, 2});
  check_handler(h[2], {d.behind(Op::Try, 1), d.at(Op::CatchAll, 0), HandlerKind::catch_all, 0,
                       TagIdx(), 1, d.behind(Op::CatchAll, 0), 2, 3});
  check_handler(h[3], {d.behind(Op::Try, 2), d.at(Op::CatchAll, 1), HandlerKind::catch_all, 0,
                       TagIdx(), 1, d.behind(Op::CatchAll, 1), 3, 4});
  check_handler(h[4], {d.behind(Op::Try, 3), d.at(Op::CatchAll, 3), HandlerKind::catch_all, 0,
                       TagIdx(), 1, d.behind(Op::CatchAll, 3), 9, 3});
  const u32* w = d.words();
  CHECK_EQ(w[3], 2); // rethrow 1: length, local
  CHECK_EQ(w[4], 3);
  CHECK_EQ(w[6], 2);  // rethrow 1 of the part around it
  CHECK_EQ(w[10], 3); // rethrow 0 in the second part
  CHECK_EQ(w[12], 2);
  // the first catch jumps to the end
  CHECK_EQ(ir::BranchEntry::read(w).dpc, static_cast<i32>(d.at(Op::End, 3) - d.at(Op::Catch)));
  CHECK_EQ(judge("(func (local i32) try catch_all (drop (local.get 1)) end)"),
           "error[invalid]: func 0, unknown local 1");
}

TEST_CASE("legacy exceptions: delegate" * kNeedsEngine) {
  const Decoded d(R"((tag $e)
    (func
      block $a
        try $b
          try $c
            nop
            try br 0 delegate $b
          delegate $a
          try delegate 2
        catch $e
          try delegate $b
          try delegate $a
        end
      end))");
  const auto h = d.handlers();
  REQUIRE_EQ(h.size(), 6);
  const auto delegate = [&](u32 start, u32 n, u32 target) {
    Handler expected;
    expected.start = start;
    expected.end = d.at(Op::Delegate, n);
    expected.kind = HandlerKind::delegate;
    expected.target = target;
    return expected;
  };
  check_handler(h[0], delegate(d.behind(Op::Try, 2), 0, d.behind(Op::Try, 0)));
  check_handler(h[1], delegate(d.behind(Op::Try, 1), 1, d.behind(Op::Block)));
  check_handler(h[2], delegate(d.behind(Op::Try, 3), 2, 0)); // the function's label
  check_handler(h[3], {d.behind(Op::Try, 0), d.at(Op::Catch), HandlerKind::catch_, 0, TagIdx(0), 0,
                       d.behind(Op::Catch), 2, 0});
  // in the catch the label's body is what follows it: its own handler does not protect that
  check_handler(h[4], delegate(d.behind(Op::Try, 4), 3, d.behind(Op::Catch)));
  check_handler(h[5], delegate(d.behind(Op::Try, 5), 4, d.behind(Op::Block)));
  // a branch to a try that delegates goes to the delegate
  CHECK_EQ(ir::BranchEntry::read(d.words()).dpc,
           static_cast<i32>(d.at(Op::Delegate, 0) - d.at(Op::Br)));
}

TEST_CASE("legacy exceptions: locals for nested catches count" * kNeedsEngine) {
  const auto nested = [](u32 depth) {
    return one_func(repeat({0x06, 0x40, 0x19}, depth) + repeat({0x0b}, depth + 1));
  };
  DecodeOptions options;
  REQUIRE(ir::apply_limit_option("locals=3", options.limits).has_value());
  CHECK_EQ(verdict(nested(3), options), "ok");
  CHECK_EQ(verdict(nested(4), options),
           "error[limit]: func 0, offset 0x16: 4 locals, those of nested catches included, exceed "
           "limit 3 (-L locals=N)");
  CHECK_EQ(verdict(nested(50'000)), "ok");
}

TEST_CASE("exceptions: a great many clauses and levels" * kNeedsEngine) {
  const u32 count = 100'000;
  const ByteVec clauses = leb(count) + repeat({2, 0}, count);
  auto image = decode(one_func(ByteVec{0x1f, 0x40} + clauses + ByteVec{0x0b, 0x0b}));
  REQUIRE(image.has_value());
  const auto handlers = image->module().handlers(image->module().funcs()[0]);
  REQUIRE_EQ(handlers.size(), count);
  CHECK_EQ(handlers[count - 1].clause, count - 1);
  // each level has one clause; the innermost comes first
  auto nested = decode(one_func(repeat({0x1f, 0x40, 1, 2, 0}, count) + repeat({0x0b}, count + 1)));
  REQUIRE(nested.has_value());
  const auto levels = nested->module().handlers(nested->module().funcs()[0]);
  REQUIRE_EQ(levels.size(), count);
  CHECK(levels[0].start > levels[1].start);
  CHECK(levels[0].end < levels[1].end);
}

} // namespace petrel::frontend::test
