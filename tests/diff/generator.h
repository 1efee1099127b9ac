// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random modules for differential testing: always valid, always ending, deterministic by seed, and with one meaning in
// every engine. They cover what binaryen's generator leaves out: references and tables, structures and arrays,
// exceptions (standard, or legacy ones in modules of their own), tail calls, a 64-bit memory beside a 32-bit one,
// vectors.
//
// How: expressions are generated top down by the type they must have, from a fixed set of declarations. Every function
// and loop takes from a fuel global and traps when it is empty. Floating-point results are made canonical, so that
// payloads of NaNs, which the specification leaves open, cannot spread.
#pragma once

#include <string>
#include <vector>

#include "base/types.h"
#include "frontend/text/byte_writer.h"
#include "ir/opcodes.h"
#include "tests/lib/random.h"

namespace petrel::diff {

class Random : public tests::Random {
public:
  using tests::Random::Random;
  u32 below(u32 bound) { return static_cast<u32>(tests::Random::below(bound)); }
  bool one_in(u32 n) { return below(n) == 0; }
  /// Values where arithmetic has its edges, or any.
  u64 edge();
};

/// Types of generated expressions.
enum class T : u8 { i32, i64, f32, f64, v128, node, ints, bytes, nodes, any, ext, exn, count };
constexpr usize kTypeCount = static_cast<usize>(T::count);

struct Function {
  std::string name;
  std::vector<T> params; ///< numbers and vectors
  std::vector<T> results;
};

struct GeneratedModule {
  std::vector<u8> bytes;
  std::vector<Function> exports; ///< `reset` and `hash` are exported besides
  bool has_tags = false;         ///< exports `tag`, of an i32, and `table`
  bool has_legacy = false;       ///< legacy exceptions: only V8 runs them
};

/// The module of a seed.
GeneratedModule generate(u64 seed);

/// Text of a module beside one that has tags, for exceptions across instances.
std::string second_module(const GeneratedModule& first);

class Generator {
public:
  explicit Generator(u64 seed);
  GeneratedModule run();

private:
  /// What a branch can go to.
  struct Label {
    std::vector<T> types;  ///< what it takes
    bool is_catch = false; ///< of a legacy handler, whose exception `rethrow` throws again
  };
  /// A clause of try_table, and the number of blocks out to its label.
  struct Clause {
    u8 kind;
    u32 tag;
    i64 label; ///< below 0: a block of its own
  };

  // module.cpp
  void type_section();
  void declarations();
  void elements_and_data();
  void code();
  void function_body(const Function& function);
  void hash_body();
  void section(u8 id, u32 count, text::ByteWriter& content);
  void write_type(text::ByteWriter& out, T type);

  // expressions.cpp
  void expr(T type, u32 depth);
  void leaf(T type);
  void constant(T type);
  bool numeric(T type, u32 depth);
  bool load(T type, u32 depth);
  bool control(T type, u32 depth);
  bool call(T type, u32 depth);
  bool reference(T type, u32 depth);
  bool field(T type, u32 depth);
  void canonical(T type);
  void lanes(const ir::OpInfo& info);
  void address(u32 memory, u32 depth);
  void memarg(const ir::OpInfo& info, u32 memory);

  // statements.cpp
  void statement(u32 depth);
  void statements(u32 depth);
  void store(u32 depth);
  void bulk(u32 depth);
  void gc_statement(u32 depth);
  void leave(u32 depth);
  void tail_call(u32 depth);
  void call_statement(u32 depth);
  void take_fuel();

  // exceptions.cpp
  void choose_tags();
  void tag_types(text::ByteWriter& out);
  void tag_section();
  bool catching(T type, u32 depth);
  bool try_table(T type, u32 depth);
  Clause clause();
  std::vector<T> caught(const Clause& clause) const;
  void handler(const Clause& clause, T type, u32 depth);
  bool legacy_try(T type, u32 depth);
  void caught_exception(u32 depth);
  void throw_(u32 depth);

  // emission
  void op(ir::Op op);
  void op(ir::Op op, u32 index) {
    this->op(op);
    body_.write_var_u32(index);
  }
  void i32_const(u32 value);
  void block_type(T type) { write_type(body_, type); }
  void heap_type(i64 type) { body_.write_var_s64(type); }
  void arguments(const Function& function, u32 depth);
  u32 local_of(T type);
  u32 temporary(T type) const;
  u32 global_of(T type) const;
  T any_type() { return types_[random_.below(static_cast<u32>(types_.size()))]; }

  Random random_;
  text::ByteWriter out_;
  text::ByteWriter body_;
  std::vector<Function> functions_;
  const Function* current_ = nullptr;
  std::vector<std::vector<u32>> locals_; ///< by type
  std::vector<T> types_;                 ///< of locals and expressions in this module
  std::vector<std::vector<T>> tags_;     ///< their parameters
  std::vector<Label> labels_;
  u32 budget_ = 0; ///< expressions the body may still get
  bool has_simd_;
  bool has_gc_;
  bool has_exceptions_;
  bool has_legacy_; ///< instead of the standard ones
  bool has_tail_calls_;
  bool has_memory64_;
};

// Indices of the fixed declarations.
enum TypeIndex : u32 { kVoid, kIntToInt, kNode, kLeafNode, kInts, kBytes, kNodes, kFirstSignature };
enum GlobalIndex : u32 { kFuel, kFirstGlobal };
constexpr u32 kFuelAmount = 400;
constexpr u32 kTables = 2;

} // namespace petrel::diff
