// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontend/component/plan_builder.h"

#include <algorithm>
#include <bit>

#include "base/format.h"
#include "frontend/component/types.h"

namespace petrel::frontend::comp {

using ir::DefType;
using ir::TransferOp;

ir::PlanEnd PlanBuilder::guest(const ir::CanonOptions& options, ir::OptionsIdx idx,
                               bool in_memory) {
  ir::PlanEnd end;
  end.kind = ir::EndKind::guest;
  end.shape = in_memory ? ir::EndShape::memory : ir::EndShape::flat;
  end.pointer_size = options.is_memory64 != 0 ? 8 : 4;
  end.encoding = options.encoding;
  end.options = idx.index();
  return end;
}

ir::PlanEnd PlanBuilder::host() {
  ir::PlanEnd end;
  end.kind = ir::EndKind::host;
  end.shape = ir::EndShape::memory;
  end.pointer_size = 8;
  return end;
}

void PlanBuilder::finish_end(ir::PlanEnd& end, std::span<const ir::Field> values) const {
  u64 size_bytes = 0;
  u32 align_bytes = 1;
  u32 slots = 0;
  for (const ir::Field& v : values) {
    const DefType& t = type(v.type);
    Place p{true, end.pointer_size, 0};
    size_bytes = align_up(size_bytes, align(t, p)) + size(t, p);
    align_bytes = std::max(align_bytes, align(t, p));
    slots += t.flat_count;
  }
  if (end.shape == ir::EndShape::flat) {
    end.slot_count = slots;
    return;
  }
  end.size_bytes = static_cast<u32>(std::min<u64>(align_up(size_bytes, align_bytes), 0xffffffff));
  end.align_bytes = align_bytes;
}

Result<ir::TransferPlanIdx> PlanBuilder::build(std::span<const ir::Field> values, ir::PlanEnd src,
                                               ir::PlanEnd dst) {
  code_.clear();
  has_copy_ = false;
  finish_end(src, values);
  finish_end(dst, values);
  if (src.size_bytes == 0xffffffff || dst.size_bytes == 0xffffffff) {
    return fail(ErrorClass::limit, "the parameters of a function take more than 4 GiB");
  }
  sequence(values, {{src.shape == ir::EndShape::memory, src.pointer_size, 0},
                    {dst.shape == ir::EndShape::memory, dst.pointer_size, 0}});
  word(static_cast<u32>(TransferOp::end));
  total_words_ += code_.size();
  if (total_words_ > kMaxPlanWords) {
    return fail(
        ErrorClass::limit,
        strf("transfer plans of the component exceed the limit of %zu words", kMaxPlanWords));
  }
  return image_.intern_plan(src, dst, code_);
}

void PlanBuilder::op(TransferOp o, Pair at, u32 aux) {
  has_copy_ = false;
  word(ir::encode_transfer_op(o, at.src.in_memory, at.dst.in_memory, aux));
  word(at.src.at);
  word(at.dst.at);
}

void PlanBuilder::copy(Pair at, u32 size_bytes) {
  if (has_copy_) {
    u32* w = &code_[last_copy_];
    if (w[1] + w[3] == at.src.at && w[2] + w[3] == at.dst.at) {
      w[3] += size_bytes;
      return;
    }
  }
  op(TransferOp::copy, at);
  word(size_bytes);
  last_copy_ = code_.size() - 4;
  has_copy_ = true;
}

/// Integers and floats (unless every float is looked at), and aggregates of them without padding: equal bytes in every
/// memory.
bool PlanBuilder::is_plain(ir::DefTypeIdx idx) {
  if (plain_.size() < image_.types.size()) {
    plain_.resize(image_.types.size());
  }
  u8& known = plain_[idx.index()];
  if (known != 0) {
    return known == 1;
  }
  const DefType& t = type(idx);
  bool plain = false;
  if (t.kind == DefTypeKind::f32 || t.kind == DefTypeKind::f64) {
    plain = copy_floats_;
  } else if (t.kind >= DefTypeKind::s8 && t.kind <= DefTypeKind::u64) {
    plain = true;
  } else if (t.kind == DefTypeKind::fixed_list) {
    plain = is_plain(t.elem);
  } else if (t.kind == DefTypeKind::record || t.kind == DefTypeKind::tuple) {
    u64 sum = 0;
    plain = true;
    for (const ir::Field& f : image_.fields(t.fields)) {
      plain = plain && is_plain(f.type);
      sum += type(f.type).size32;
    }
    plain = plain && sum == t.size32;
  }
  plain_[idx.index()] =
      plain ? 1 : 2; // `known` may dangle: the recursion does not resize, but say it anew
  return plain;
}

void PlanBuilder::sequence(std::span<const ir::Field> fields, Pair at) {
  // Offsets from the start of the sequence; fields hold absolute places below.
  u32 src_used = 0;
  u32 dst_used = 0;
  for (const ir::Field& f : fields) {
    const DefType& t = type(f.type);
    auto place = [&](Place p, u32& used) {
      if (p.in_memory) {
        used = narrow<u32>(align_up(used, align(t, p)));
      }
      Place out = p;
      out.at += used;
      used += p.in_memory ? size(t, p) : t.flat_count;
      return out;
    };
    Place src = place(at.src, src_used);
    Place dst = place(at.dst, dst_used);
    value(f.type, {src, dst});
    if (code_.size() + total_words_ > kMaxPlanWords) {
      return; // build() reports it
    }
  }
}

void PlanBuilder::value(ir::DefTypeIdx idx, Pair at) {
  const DefType t = type(idx);
  if (at.both_memory() && is_plain(idx)) {
    copy(at, t.size32);
    return;
  }
  switch (t.kind) {
  case DefTypeKind::bool_: op(TransferOp::bool_, at); return;
  case DefTypeKind::s8:
  case DefTypeKind::s16:
  case DefTypeKind::s32:
  case DefTypeKind::s64: op(TransferOp::int_, at, t.size32 | 0x10); return;
  case DefTypeKind::u8:
  case DefTypeKind::u16:
  case DefTypeKind::u32:
  case DefTypeKind::u64: op(TransferOp::int_, at, t.size32); return;
  case DefTypeKind::f32: op(TransferOp::f32, at); return;
  case DefTypeKind::f64: op(TransferOp::f64, at); return;
  case DefTypeKind::char_: op(TransferOp::char_, at); return;
  case DefTypeKind::string: op(TransferOp::string, at); return;
  case DefTypeKind::error_context: op(TransferOp::error_context, at); return;
  case DefTypeKind::record:
  case DefTypeKind::tuple:
    sequence(image_.fields(t.fields), at);
    return; // plans go into the image only when complete
  case DefTypeKind::variant: {
    std::vector<ir::DefTypeIdx> payloads;
    for (const ir::Field& f : image_.fields(t.fields)) {
      payloads.push_back(f.type);
    }
    cases(t, payloads, at);
    return;
  }
  case DefTypeKind::enum_:
    op(TransferOp::enum_, at, t.size32);
    word(t.fields.count);
    return;
  case DefTypeKind::flags:
    op(TransferOp::flags, at, t.size32);
    word(t.fields.count == 32 ? 0xffffffff : (1u << t.fields.count) - 1);
    return;
  case DefTypeKind::list: list(t.elem, at); return;
  case DefTypeKind::fixed_list: fixed_list(t, at); return;
  case DefTypeKind::map: map(t, at); return;
  case DefTypeKind::option: {
    ir::DefTypeIdx payloads[] = {ir::DefTypeIdx::none(), t.elem};
    cases(t, payloads, at);
    return;
  }
  case DefTypeKind::result: {
    ir::DefTypeIdx payloads[] = {t.elem, t.second};
    cases(t, payloads, at);
    return;
  }
  case DefTypeKind::own:
    op(TransferOp::own, at);
    word(t.number);
    return;
  case DefTypeKind::borrow:
    op(TransferOp::borrow, at);
    word(t.number);
    return;
  case DefTypeKind::stream:
    op(TransferOp::stream, at);
    word(idx.index());
    return;
  case DefTypeKind::future:
    op(TransferOp::future, at);
    word(idx.index());
    return;
  }
  PETREL_UNREACHABLE();
}

void PlanBuilder::cases(const DefType& t, std::span<const ir::DefTypeIdx> payloads, Pair at) {
  u32 width = discriminant_bytes(payloads.size());
  auto payload_place = [&](Place p) {
    if (!p.in_memory) {
      p.at += 1;
      return p;
    }
    u32 most = 1;
    for (ir::DefTypeIdx c : payloads) {
      if (!c.is_none()) {
        most = std::max(most, align(type(c), p));
      }
    }
    p.at += narrow<u32>(align_up(width, most));
    return p;
  };
  Pair payload{payload_place(at.src), payload_place(at.dst)};
  op(TransferOp::switch_, at, width);
  usize next = code_.size();
  word(0);
  word(at.dst.in_memory ? 0 : at.dst.at + 1);
  word(at.dst.in_memory ? 0 : t.flat_count - 1u);
  word(narrow<u32>(payloads.size()));
  usize targets = code_.size();
  code_.resize(targets + payloads.size());
  u32 empty = 0; // the shared block of cases without payload
  for (usize i = 0; i < payloads.size(); ++i) {
    if (payloads[i].is_none()) {
      if (empty == 0) {
        empty = narrow<u32>(code_.size());
        word(static_cast<u32>(TransferOp::end));
      }
      code_[targets + i] = empty;
      continue;
    }
    code_[targets + i] = narrow<u32>(code_.size());
    has_copy_ = false;
    if (code_.size() + total_words_ <= kMaxPlanWords) {
      value(payloads[i], payload);
    }
    word(static_cast<u32>(TransferOp::end));
  }
  has_copy_ = false;
  code_[next] = narrow<u32>(code_.size());
}

void PlanBuilder::fixed_list(const DefType& t, Pair at) {
  const DefType elem = type(t.elem);
  if (!at.both_memory()) {
    std::vector<ir::Field> fields(t.number, ir::Field{{}, t.elem}); // flat: at most 16 of them
    sequence(fields, at);
    return;
  }
  op(TransferOp::repeat, at);
  word(t.number);
  word(size(elem, at.src));
  word(size(elem, at.dst));
  usize next = code_.size();
  word(0);
  // Places inside are relative to the element, whose bases the executor moves.
  value(t.elem, {{true, at.src.pointer_size, 0}, {true, at.dst.pointer_size, 0}});
  word(static_cast<u32>(TransferOp::end));
  has_copy_ = false;
  code_[next] = narrow<u32>(code_.size());
}

void PlanBuilder::list_op(u32 src_size, u32 dst_size, u32 src_align, u32 dst_align, Pair at,
                          usize& body_word) {
  u32 aux = (1 + static_cast<u32>(std::countr_zero(src_align))) |
            (1 + static_cast<u32>(std::countr_zero(dst_align))) << 4;
  op(TransferOp::list, at, aux);
  word(src_size);
  word(dst_size);
  body_word = code_.size();
  word(0);
  word(0);
}

void PlanBuilder::list(ir::DefTypeIdx elem_idx, Pair at) {
  const DefType elem = type(elem_idx);
  usize body = 0;
  list_op(size(elem, at.src), size(elem, at.dst), align(elem, at.src), align(elem, at.dst), at,
          body);
  if (!is_plain(elem_idx)) {
    code_[body] = narrow<u32>(code_.size());
    value(elem_idx, {{true, at.src.pointer_size, 0}, {true, at.dst.pointer_size, 0}});
    word(static_cast<u32>(TransferOp::end));
  }
  has_copy_ = false;
  code_[body + 1] = narrow<u32>(code_.size());
}

void PlanBuilder::map(const DefType& t, Pair at) {
  const ir::Field fields[] = {{{}, t.elem}, {{}, t.second}};
  auto layout = [&](Place p, u32& align_bytes) {
    align_bytes = std::max(align(type(t.elem), p), align(type(t.second), p));
    u64 used = align_up(size(type(t.elem), p), align(type(t.second), p)) + size(type(t.second), p);
    return narrow<u32>(align_up(used, align_bytes));
  };
  u32 src_align = 1;
  u32 dst_align = 1;
  u32 src_size = layout(at.src, src_align);
  u32 dst_size = layout(at.dst, dst_align);
  bool plain = is_plain(t.elem) && is_plain(t.second) &&
               type(t.elem).size32 + type(t.second).size32 == src_size;
  usize body = 0;
  list_op(src_size, dst_size, src_align, dst_align, at, body);
  if (!plain) {
    code_[body] = narrow<u32>(code_.size());
    sequence(fields, {{true, at.src.pointer_size, 0}, {true, at.dst.pointer_size, 0}});
    word(static_cast<u32>(TransferOp::end));
  }
  has_copy_ = false;
  code_[body + 1] = narrow<u32>(code_.size());
}

} // namespace petrel::frontend::comp
