// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions of `ModulePrinter` as trees. A folded instruction is written behind its operands, so any grouping that
// keeps the order encodes to the same bytes; how many operands an instruction has only decides how it looks. A body is
// read into nodes that know their width, then printed from an explicit stack: what fits on a line stands on one.
#include <algorithm>

#include "base/format.h"
#include "frontend/text/printer.h"

namespace petrel::text {

namespace {

constexpr u32 kNone = ~0u;
constexpr u32 kLineWidth = 90;

/// One parenthesis.
struct Node {
  u32 notes = 0; ///< bytes of annotations at the front of its text
  u32 text = 0;  ///< its text in the arena: annotations, keyword and immediates
  u32 text_end = 0;
  u32 first_child = kNone;
  u32 next = kNone;      ///< its next sibling
  u32 width = 0;         ///< on one line, saturated
  bool is_block = false; ///< each child on a line of its own
};

/// Trees of an open block, in order.
struct Frame {
  u32 node;  ///< the parenthesis that they go into
  u32 block; ///< that of the whole block; the same unless this is an arm of it
  u32 begin; ///< first tree in the list
  u32 floor; ///< trees below are no operands
  ir::Op op;
  u32 results;
};

struct Arity {
  u32 operands;
  u32 results;
};

/// Instructions whose operands the table of instructions leaves to the validator, where they are always as many. What is
/// not here and not looked up below is taken to have none: it then ends a line of trees.
struct ArityRow {
  ir::Op op;
  Arity arity;
};
constexpr ArityRow kArities[] = {
    {ir::Op::Drop, {1, 0}},
    {ir::Op::Select, {3, 1}},
    {ir::Op::SelectT, {3, 1}},
    {ir::Op::LocalGet, {0, 1}},
    {ir::Op::LocalSet, {1, 0}},
    {ir::Op::LocalTee, {1, 1}},
    {ir::Op::GlobalGet, {0, 1}},
    {ir::Op::GlobalSet, {1, 0}},
    {ir::Op::BrIf, {1, 0}},
    {ir::Op::BrTable, {1, 0}},
    {ir::Op::ThrowRef, {1, 0}},
    {ir::Op::RefFunc, {0, 1}},
    {ir::Op::RefAsNonNull, {1, 1}},
    {ir::Op::StructNewDefault, {0, 1}},
    {ir::Op::StructGet, {1, 1}},
    {ir::Op::StructGetS, {1, 1}},
    {ir::Op::StructGetU, {1, 1}},
    {ir::Op::StructSet, {2, 0}},
    {ir::Op::ArrayNew, {2, 1}},
    {ir::Op::ArrayNewDefault, {1, 1}},
    {ir::Op::ArrayNewData, {2, 1}},
    {ir::Op::ArrayNewElem, {2, 1}},
    {ir::Op::ArrayGet, {2, 1}},
    {ir::Op::ArrayGetS, {2, 1}},
    {ir::Op::ArrayGetU, {2, 1}},
    {ir::Op::ArraySet, {3, 0}},
    {ir::Op::ArrayFill, {4, 0}},
    {ir::Op::ArrayCopy, {5, 0}},
    {ir::Op::ArrayInitData, {4, 0}},
    {ir::Op::ArrayInitElem, {4, 0}},
    {ir::Op::RefTest, {1, 1}},
    {ir::Op::RefTestNull, {1, 1}},
    {ir::Op::RefCast, {1, 1}},
    {ir::Op::RefCastNull, {1, 1}},
    {ir::Op::AnyConvertExtern, {1, 1}},
    {ir::Op::ExternConvertAny, {1, 1}},
};

Arity call_arity(const RawInstr& in, const ModuleIndex& index) {
  const bool by_index = in.op == ir::Op::Call || in.op == ir::Op::ReturnCall;
  const ModuleIndex::Type* type =
      by_index ? index.type_of_func(in.index) : index.func_type(in.index);
  if (type == nullptr) {
    return {0, 0};
  }
  const bool returns = ir::op_info(in.op).family == ir::Family::ReturnCall;
  return {static_cast<u32>(type->params.size()) + (by_index ? 0 : 1),
          returns ? 0 : static_cast<u32>(type->results.size())};
}

Arity arity_of(const RawInstr& in, const ModuleIndex& index, u32 func_results) {
  const ir::OpInfo& info = ir::op_info(in.op);
  if (!info.params.is_special()) {
    return {info.params.size(), info.results.is_special() ? 1 : info.results.size()};
  }
  if (info.family == ir::Family::Call || info.family == ir::Family::ReturnCall) {
    return call_arity(in, index);
  }
  if (in.op == ir::Op::Return) {
    return {func_results, 0};
  }
  if (in.op == ir::Op::StructNew) {
    return {index.field_count(in.index), 1};
  }
  if (in.op == ir::Op::ArrayNewFixed) {
    return {in.index2, 1};
  }
  for (const ArityRow& row : kArities) {
    if (row.op == in.op) {
      return row.arity;
    }
  }
  return {0, 0};
}

/// The trees of one body.
class Tree {
public:
  explicit Tree(u32 func_results) { open(kNone, kNone, ir::Op::Call, func_results); }

  std::string& arena() { return arena_; }
  bool is_outermost() const { return frames_.size() == 1; }
  ir::Op block_op() const { return frames_.back().op; }
  /// Is the innermost open parenthesis an arm of a block?
  bool is_arm() const { return frames_.back().node != frames_.back().block; }

  /// A node whose text lies in the arena from `text` on.
  u32 add(u32 text, u32 notes_end) {
    Node node;
    node.text = text;
    node.notes = notes_end - text;
    node.text_end = narrow<u32>(arena_.size());
    node.width = node.text_end - text + 2;
    nodes_.push_back(node);
    return narrow<u32>(nodes_.size() - 1);
  }

  /// Makes the last `count` trees children of `node`, if so many may be operands.
  void take_operands(u32 node, u32 count) {
    const u32 available = narrow<u32>(trees_.size()) - frames_.back().floor;
    if (count <= available) {
      adopt(node, narrow<u32>(trees_.size()) - count);
    }
  }

  /// Appends a tree; only one with a single result may become an operand.
  void push(u32 node, u32 results) {
    trees_.push_back(node);
    if (results != 1) {
      frames_.back().floor = narrow<u32>(trees_.size());
    }
  }

  void open(u32 node, u32 block, ir::Op op, u32 results) {
    const u32 begin = narrow<u32>(trees_.size());
    frames_.push_back({node, block, begin, begin, op, results});
  }

  /// Ends an arm of a block: its trees become the arm's, the arm the block's.
  Frame close() {
    Frame frame = frames_.back();
    adopt(frame.node, frame.begin);
    frames_.pop_back();
    return frame;
  }

  void append_child(u32 parent, u32 child) {
    u32* link = &nodes_[parent].first_child;
    if (last_child_.size() < nodes_.size()) {
      last_child_.resize(nodes_.size(), kNone);
    }
    if (last_child_[parent] != kNone) {
      link = &nodes_[last_child_[parent]].next;
    }
    *link = child;
    last_child_[parent] = child;
    widen(parent, nodes_[child].width + 1);
  }

  void set_block(u32 node) {
    nodes_[node].is_block = true;
    widen(node, kLineWidth);
  }

  /// The trees of the function itself.
  std::span<const u32> roots() const { return trees_; }
  const Node& node(u32 index) const { return nodes_[index]; }
  std::string_view text(const Node& node) const {
    return std::string_view(arena_).substr(node.text, node.text_end - node.text);
  }

private:
  void widen(u32 node, u32 width) {
    nodes_[node].width = std::min(nodes_[node].width + width, 2 * kLineWidth);
  }

  void adopt(u32 node, u32 begin) {
    for (usize i = begin; i < trees_.size(); ++i) {
      append_child(node, trees_[i]);
    }
    trees_.resize(begin);
  }

  std::string arena_;
  std::vector<Node> nodes_;
  std::vector<u32> last_child_; ///< by node, as far as any has children
  std::vector<u32> trees_;      ///< of all open blocks
  std::vector<Frame> frames_;
};

u32 results_of(const ModuleIndex& index, const RawBlockType& type) {
  if (type.kind == RawBlockType::Kind::index) {
    const ModuleIndex::Type* sig = index.func_type(type.index);
    return sig != nullptr ? static_cast<u32>(sig->results.size()) : 0;
  }
  return type.kind == RawBlockType::Kind::value ? 1 : 0;
}

bool has_params(const ModuleIndex& index, const RawBlockType& type) {
  const ModuleIndex::Type* sig =
      type.kind == RawBlockType::Kind::index ? index.func_type(type.index) : nullptr;
  return sig != nullptr && !sig->params.empty();
}

/// Reads a body into a tree.
class TreeBuilder {
public:
  TreeBuilder(Tree& tree, const ModuleIndex& index, u32 func_results)
      : tree_(tree), index_(index), func_results_(func_results) {}

  /// An instruction whose text, from `text` on, lies in the arena.
  void instr(const RawInstr& in, u32 text, u32 notes_end) {
    const u32 node = tree_.add(text, notes_end);
    const Arity arity = arity_of(in, index_, func_results_);
    tree_.take_operands(node, arity.operands);
    tree_.push(node, arity.results);
  }

  void open_block(const RawInstr& in, u32 text, u32 notes_end) {
    const u32 node = tree_.add(text, notes_end);
    tree_.set_block(node);
    const u32 results = results_of(index_, in.block);
    if (in.op == ir::Op::If) {
      tree_.take_operands(node, 1);
      open_arm(node, "then", in.op, results);
    } else if (in.op == ir::Op::Try) {
      open_arm(node, "do", in.op, results);
    } else {
      tree_.open(node, node, in.op, has_params(index_, in.block) ? 2 : results);
    }
  }

  /// `else`, `catch`, `catch_all`, whose text lies in the arena from `text` on.
  void next_arm(u32 text, u32 notes_end) {
    const Frame frame = close_arm();
    const u32 arm = tree_.add(text, notes_end);
    tree_.set_block(arm);
    tree_.open(arm, frame.block, frame.op, frame.results);
  }

  void end() {
    const Frame frame = tree_.is_arm() ? close_arm() : tree_.close();
    tree_.push(frame.block, frame.results);
  }

  void delegate(u32 text, u32 notes_end) {
    const Frame frame = close_arm();
    tree_.append_child(frame.block, tree_.add(text, notes_end));
    tree_.push(frame.block, frame.results);
  }

private:
  void open_arm(u32 block, std::string_view word, ir::Op op, u32 results) {
    const u32 text = narrow<u32>(tree_.arena().size());
    tree_.arena() += word;
    const u32 arm = tree_.add(text, text);
    tree_.set_block(arm);
    tree_.open(arm, block, op, results);
  }

  Frame close_arm() {
    const Frame frame = tree_.close();
    tree_.append_child(frame.block, frame.node);
    return frame;
  }

  Tree& tree_;
  const ModuleIndex& index_;
  u32 func_results_;
};

/// Prints a node and what is below it.
class TreeWriter {
public:
  TreeWriter(const Tree& tree, TextOut& out) : tree_(tree), out_(out) {}

  void write(u32 root, u32 depth) {
    out_.new_line(depth);
    open(root, depth, false);
    while (!open_.empty()) {
      Open& top = open_.back();
      const u32 child = top.next_child;
      if (child == kNone) {
        close();
        continue;
      }
      top.next_child = tree_.node(child).next;
      const u32 child_depth = top.depth + 1;
      const bool on_line = top.on_line;
      if (on_line) {
        out_.put(' ');
      } else {
        out_.new_line(child_depth);
      }
      open(child, child_depth, on_line);
      out_.checkpoint();
    }
  }

private:
  struct Open {
    u32 node;
    u32 next_child;
    u32 depth;
    bool on_line; ///< with all that is in it
  };

  void open(u32 index, u32 depth, bool on_line) {
    const Node& node = tree_.node(index);
    const std::string_view text = tree_.text(node);
    out_.put(text.substr(0, node.notes));
    out_.put('(');
    out_.put(text.substr(node.notes));
    open_.push_back({index, node.first_child, depth, on_line || node.width <= kLineWidth});
  }

  void close() {
    const Open& top = open_.back();
    const Node& node = tree_.node(top.node);
    if (node.is_block && !top.on_line && node.first_child != kNone) {
      out_.new_line(top.depth);
    }
    out_.put(')');
    open_.pop_back();
  }

  const Tree& tree_;
  TextOut& out_;
  std::vector<Open> open_;
};

} // namespace

Status ModulePrinter::print_folded(PartReader& r, BodyState& state) {
  const ModuleIndex::Type* type = index_.type_of_func(state.func_idx);
  const u32 results = type != nullptr ? static_cast<u32>(type->results.size()) : 0;
  Tree tree(results);
  TreeBuilder builder(tree, index_, results);
  RawInstr in;
  LabelStack& labels = state.scope.labels;
  bool is_complete = false;
  while (!r.at_end() && !is_complete) {
    TRY(read_instr(r, in));
    note_data_use(in);
    if (in.op == ir::Op::End) {
      is_complete = labels.depth() == 0;
      if (!is_complete) {
        labels.close();
        builder.end();
      }
      continue;
    }
    const u32 text = narrow<u32>(tree.arena().size());
    append_notes(tree.arena(), r, in, state);
    const u32 notes_end = narrow<u32>(tree.arena().size());
    if (in.op == ir::Op::Delegate) {
      labels.close();
    }
    const std::string* label = opens_block(in.op) ? state.next_label() : nullptr;
    text_.append(tree.arena(), in, state.scope, label);
    if (opens_block(in.op)) {
      labels.open(label);
      builder.open_block(in, text, notes_end);
    } else if (in.op == ir::Op::Else || in.op == ir::Op::Catch || in.op == ir::Op::CatchAll ||
               in.op == ir::Op::Delegate) {
      const ir::Op block = in.op == ir::Op::Else ? ir::Op::If : ir::Op::Try;
      if (tree.is_outermost() || tree.block_op() != block) {
        return fail_at(ErrorClass::malformed, in.offset,
                       "unexpected token: no block to divide here");
      }
      if (in.op == ir::Op::Delegate) {
        builder.delegate(text, notes_end);
      } else {
        builder.next_arm(text, notes_end);
      }
    } else {
      builder.instr(in, text, notes_end);
    }
  }
  TreeWriter writer(tree, out_);
  for (u32 root : tree.roots()) {
    writer.write(root, 2);
  }
  if (!is_complete || !r.at_end()) {
    return r.bytes().malformed(is_complete
                                   ? "END opcode expected at the end of the body: bytes left"
                                   : "unexpected end: END opcode expected");
  }
  return {};
}

} // namespace petrel::text
