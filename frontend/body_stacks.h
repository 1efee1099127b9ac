// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BodyDecoder: operand and control stack of the validation algorithm (specification §7.3, same names). The operand
// stack is `sp_` between `floor_` (the innermost frame's height) and the end of the scratch buffer; `high_` remembers the
// greatest height. In Trusted mode there is no operand stack. Included by body_decoder.h only.
#pragma once

namespace petrel::frontend {

/// Makes room for `extra` values and kSlack more above the top.
PETREL_BODY PETREL_COLD void PETREL_BODY_CLASS::grow(usize extra) {
  std::vector<ValType>& values = scratch_.values;
  const usize height_now = height();
  const usize high = max_height();
  values.resize(std::max(values.size(), (height_now + extra + kSlack) * 2 + 256));
  sp_ = values.data() + height_now;
  high_ = values.data() + high;
  if (!frames_.empty()) {
    set_floor();
  }
}

PETREL_BODY PETREL_INLINE void PETREL_BODY_CLASS::push_val(ValType type) {
  if constexpr (kValidate) {
    *sp_++ = type; // INVARIANT(slack): kSlack values fit above high_
    if (sp_ > high_) {
      high_ = sp_;
      if (static_cast<usize>(scratch_.values.data() + scratch_.values.size() - sp_) < kSlack)
          [[unlikely]] {
        grow(0);
      }
    }
  }
}

/// Several at once: two bytes of a call can push a thousand, hence the limit here; that of others is checked at the end.
PETREL_BODY bool PETREL_BODY_CLASS::push_vals(std::span<const ValType> types) {
  if constexpr (kValidate) {
    if (types.empty()) {
      return true;
    }
    if (height() + types.size() > limits_.operands) [[unlikely]] {
      return fail(petrel::fail(ErrorClass::limit, over_limit(height() + types.size(), "operands",
                                                             limits_.operands, "operands")),
                  op_at_);
    }
    if (static_cast<usize>(scratch_.values.data() + scratch_.values.size() - sp_) <
        types.size() + kSlack) [[unlikely]] {
      grow(types.size());
    }
    sp_ = std::copy(types.begin(), types.end(), sp_);
    high_ = std::max(high_, sp_);
  }
  return true;
}

/// Pops a value of any type; bot in unreachable code.
PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::pop_any(ValType& out) {
  if constexpr (kValidate) {
    if (sp_ == floor_) [[unlikely]] {
      out = ValType();
      return is_unreachable() || invalid(type_mismatch_empty(current_op(), {}));
    }
    out = *--sp_;
  }
  return true;
}

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::pop_val(ValType expected) {
  if constexpr (kValidate) {
    if (sp_ != floor_ && sp_[-1] == expected) [[likely]] {
      --sp_;
      return true;
    }
    return pop_val_slow(expected);
  }
  return true;
}

PETREL_BODY PETREL_COLD bool PETREL_BODY_CLASS::pop_val_slow(ValType expected) {
  if (sp_ == floor_) {
    return is_unreachable() || invalid(type_mismatch_empty(current_op(), to_string(expected)));
  }
  const ValType actual = sp_[-1];
  if (actual.kind() != ValKind::bot && !is_subtype(actual, expected)) {
    return invalid(type_mismatch(current_op(), to_string(expected), to_string(actual)));
  }
  --sp_;
  return true;
}

PETREL_BODY bool PETREL_BODY_CLASS::pop_vals(std::span<const ValType> types) {
  if constexpr (kValidate) {
    for (usize i = types.size(); i-- > 0;) {
      if (!pop_val(types[i])) {
        return false;
      }
    }
  }
  return true;
}

/// The operands of a branch that may fall through: popped and pushed as the label's types.
PETREL_BODY bool PETREL_BODY_CLASS::require_label(std::span<const ValType> types) {
  if constexpr (kValidate) {
    const bool are_equal = static_cast<usize>(sp_ - floor_) >= types.size() &&
                           std::equal(types.begin(), types.end(), sp_ - types.size());
    if (!are_equal) [[unlikely]] {
      return pop_vals(types) && push_vals(types);
    }
  }
  return true;
}

/// The operands of one label of a br_table: looked at, not popped, so that unknown ones stay unknown.
PETREL_BODY bool PETREL_BODY_CLASS::check_label(std::span<const ValType> types) {
  const usize available = static_cast<usize>(sp_ - floor_);
  for (usize i = 0; i < types.size(); ++i) {
    const ValType expected = types[types.size() - 1 - i];
    if (i >= available) {
      return is_unreachable() || invalid(type_mismatch_empty(current_op(), to_string(expected)));
    }
    const ValType actual = *(sp_ - 1 - i);
    if (actual != expected && actual.kind() != ValKind::bot && !is_subtype(actual, expected)) {
      return invalid(type_mismatch(current_op(), to_string(expected), to_string(actual)));
    }
  }
  return true;
}

/// Opens a frame without anything on its stack.
PETREL_BODY PETREL_INLINE void PETREL_BODY_CLASS::push_frame(ControlFrame& f) {
  if constexpr (kValidate) {
    f.height = height();
    f.set_locals = static_cast<u32>(scratch_.set_locals.size());
    floor_ = sp_;
  }
  frames_.push_back(f);
}

PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::push_ctrl(ControlFrame f) {
  push_frame(f);
  return f.sig_kind != ControlFrame::SigKind::type || push_vals(sig(frames_.back()).params);
}

/// Pops the innermost frame with its results.
PETREL_BODY PETREL_INLINE bool PETREL_BODY_CLASS::pop_ctrl() {
  if constexpr (kValidate) {
    if (frames_.back().sig_kind != ControlFrame::SigKind::empty &&
        !pop_vals(sig(frames_.back()).results)) {
      return false;
    }
    if (sp_ != floor_) [[unlikely]] {
      return invalid(values_remain(current_op(), static_cast<usize>(sp_ - floor_)));
    }
  }
  if (kValidate && scratch_.set_locals.size() != frames_.back().set_locals) [[unlikely]] {
    reset_locals(frames_.back().set_locals);
  }
  frames_.pop_back();
  if (kValidate && !frames_.empty()) {
    set_floor();
  }
  return true;
}

PETREL_BODY PETREL_INLINE void PETREL_BODY_CLASS::unreachable() {
  if constexpr (kValidate) {
    sp_ = floor_;
  }
  frames_.back().is_unreachable = true;
}

PETREL_BODY PETREL_INLINE ValType PETREL_BODY_CLASS::local_type(u32 index) const {
  if (index < flat_locals_count_) [[likely]] {
    return flat_locals_[index];
  }
  const auto run = std::ranges::upper_bound(scratch_.runs, index, {}, &LocalRun::end);
  return run->type;
}

} // namespace petrel::frontend
