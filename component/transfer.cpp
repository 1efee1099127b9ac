// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The op loop. Blocks (case bodies, list elements) run on an explicit stack, at most kMaxTransferDepth deep, which
// the type depth limit of the frontend guarantees.
#include "component/transfer.h"

#include <cstring>

#include "base/format.h"
#include "component/transcode.h"
#include "ir/numeric.h"

namespace petrel::component {

using ir::EndKind;
using ir::TransferOp;
using ir::TrapCode;

std::optional<u64> call_realloc(runtime::Store& store, const GuestOptions& guest, u64 old_pointer,
                                u64 old_size, u32 align, u64 new_size) {
  CHECK(guest.realloc != nullptr && guest.memory != nullptr);
  RawVal args[4] = {RawVal::of_i32(static_cast<u32>(old_pointer)),
                    RawVal::of_i32(static_cast<u32>(old_size)), RawVal::of_i32(align),
                    RawVal::of_i32(static_cast<u32>(new_size))};
  const bool may_leave = guest.instance->may_leave;
  guest.instance->may_leave = false;
  const bool ok = store.call_no_throw(guest.realloc, args);
  guest.instance->may_leave = may_leave;
  if (!ok) {
    return std::nullopt;
  }
  const u64 pointer = args[0].i32;
  if (pointer % align != 0) {
    store.raise(TrapCode::realloc_unaligned);
    return std::nullopt;
  }
  if (guest.memory->slice(pointer, 0, new_size) == nullptr) {
    store.raise(TrapCode::realloc_out_of_bounds);
    return std::nullopt;
  }
  return pointer;
}

u8* checked_tuple(runtime::Store& store, const GuestOptions& guest, u64 pointer,
                  const ir::PlanEnd& end) {
  CHECK(guest.memory != nullptr);
  if (pointer % end.align_bytes != 0) {
    store.raise(TrapCode::unaligned_pointer);
    return nullptr;
  }
  u8* at = guest.memory->slice(pointer, 0, end.size_bytes);
  if (at == nullptr) {
    store.raise(TrapCode::pointer_out_of_bounds);
  }
  return at;
}

namespace {

class GuestSink : public StringSink {
public:
  GuestSink(runtime::Store& store, const GuestOptions& guest) : store_(store), guest_(guest) {}
  std::optional<u64> reallocate(u64 old_pointer, u64 old_size, u32 align, u64 new_size) override {
    return call_realloc(store_, guest_, old_pointer, old_size, align, new_size);
  }
  u8* address(u64 pointer) override { return guest_.memory->base() + pointer; }

private:
  runtime::Store& store_;
  const GuestOptions& guest_;
};

class ArenaSink : public StringSink {
public:
  ArenaSink(runtime::Store& store, Arena& arena) : store_(store), arena_(arena) {}
  std::optional<u64> reallocate(u64 old_pointer, u64 old_size, u32, u64 new_size) override {
    if (new_size <= old_size && old_pointer != 0) {
      return old_pointer;
    }
    auto* fresh = static_cast<u8*>(arena_.allocate(new_size));
    if (fresh == nullptr) {
      store_.raise(TrapCode::allocation_too_large,
                   "string exceeds what one call may copy into the host");
      return std::nullopt;
    }
    if (old_size != 0) {
      std::memcpy(fresh, address(old_pointer), old_size);
    }
    return reinterpret_cast<u64>(fresh);
  }
  u8* address(u64 pointer) override { return reinterpret_cast<u8*>(pointer); }

private:
  runtime::Store& store_;
  Arena& arena_;
};

/// (pointer, length) as it stands in an end.
struct Pair {
  u64 pointer;
  u64 length;
};

class Executor {
public:
  Executor(const TransferContext& context, const ir::TransferPlan& plan, TransferEnd src,
           TransferEnd dst)
      : c_(context), plan_(plan), code_(context.plan.code(plan)), src_slots_(src.slots),
        dst_slots_(dst.slots), src_(src.memory), dst_(dst.memory) {}

  bool run() {
    u32 pc = 0;
    while (true) {
      const u32 word = code_[pc];
      const u32* operands = code_.data() + pc + 1;
      const TransferOp op = ir::transfer_op(word);
      u32 next = pc + 1 + ir::transfer_operand_words(op);
      switch (op) {
      case TransferOp::end:
        if (depth_ == 0) {
          return true;
        }
        next = end_block();
        break;
      case TransferOp::switch_:
        if (!run_switch(word, operands, next)) {
          return false;
        }
        break;
      case TransferOp::list:
        if (!run_list(word, operands, next)) {
          return false;
        }
        break;
      case TransferOp::repeat: next = run_repeat(operands, next); break;
      case TransferOp::copy:
      case TransferOp::int_:
      case TransferOp::bool_:
      case TransferOp::char_:
      case TransferOp::flags:
      case TransferOp::f32:
      case TransferOp::f64:
      case TransferOp::enum_:
      case TransferOp::string:
      case TransferOp::own:
      case TransferOp::borrow:
      case TransferOp::stream:
      case TransferOp::future:
      case TransferOp::error_context:
        if (!run_simple(op, word, operands)) {
          return false;
        }
      }
      pc = next;
    }
  }

private:
  struct Block {
    const u8* src; // bases to restore
    u8* dst;
    u64 left; // iterations still to run after this one
    u32 src_stride;
    u32 dst_stride;
    u32 body;
    u32 resume;
  };

  bool trap(TrapCode code, std::string_view message = {}) { return c_.store.raise(code, message); }

  u64 load(u32 word, u32 place, u32 width) const {
    if (!ir::transfer_src_memory(word)) {
      return width == 8 ? src_slots_[place].i64 : src_slots_[place].i32;
    }
    u64 value = 0;
    std::memcpy(&value, src_ + place, width);
    return value;
  }
  void store(u32 word, u32 place, u32 width, u64 value) {
    if (!ir::transfer_dst_memory(word)) {
      dst_slots_[place] = RawVal::of_i64(value);
      return;
    }
    std::memcpy(dst_ + place, &value, width);
  }
  static u64 sign_extend(u64 value, u32 width) {
    const u32 shift = 64 - 8 * width;
    return static_cast<u64>(static_cast<i64>(value << shift) >> shift);
  }
  /// A float's bits as they pass.
  template <typename F> u64 float_bits(u64 value) const {
    if (c_.store.determinism() == nullptr) {
      return value;
    }
    namespace detail = ir::numeric::detail;
    return detail::canonical_bits<F>(static_cast<detail::BitsOf<F>>(value));
  }
  static u64 truncate(u64 value, u32 width) {
    return width == 8 ? value : value & ((u64{1} << (8 * width)) - 1);
  }

  void push(Block block) {
    CHECK(depth_ < ir::kMaxTransferDepth);
    blocks_[depth_++] = block;
  }
  /// Next iteration of the innermost block, or back out of it.
  u32 end_block() {
    Block& block = blocks_[depth_ - 1];
    if (block.left != 0) {
      --block.left;
      src_ += block.src_stride;
      dst_ += block.dst_stride;
      return block.body;
    }
    src_ = block.src;
    dst_ = block.dst;
    --depth_;
    return block.resume;
  }

  bool run_switch(u32 word, const u32* operands, u32& next) {
    const u32 width = ir::transfer_aux(word);
    const u64 discriminant = load(word, operands[0], ir::transfer_src_memory(word) ? width : 4);
    if (discriminant >= operands[5]) {
      return trap(TrapCode::invalid_variant_discriminant);
    }
    if (!ir::transfer_dst_memory(word)) {
      for (u32 i = 0; i < operands[4]; ++i) {
        dst_slots_[operands[3] + i] = RawVal{};
      }
    }
    store(word, operands[1], width, discriminant);
    push({src_, dst_, 0, 0, 0, 0, operands[2]});
    next = operands[6 + discriminant];
    return true;
  }

  u32 run_repeat(const u32* operands, u32 body) {
    if (operands[2] == 0) {
      return operands[5];
    }
    push({src_, dst_, operands[2] - 1, operands[3], operands[4], body, operands[5]});
    src_ += operands[0];
    dst_ += operands[1];
    return body;
  }

  Pair load_pair(u32 word, u32 place) const {
    const u32 size = plan_.src.pointer_size;
    if (!ir::transfer_src_memory(word)) {
      return {load(word, place, size), load(word, place + 1, size)};
    }
    return {load(word, place, size), load(word, place + size, size)};
  }
  void store_pair(u32 word, u32 place, Pair pair) {
    const u32 size = plan_.dst.pointer_size;
    store(word, place, size, pair.pointer);
    store(word, place + (ir::transfer_dst_memory(word) ? size : 1), size, pair.length);
  }

  /// Memory for `size_bytes` at the destination; pointer as the destination sees it, and its address.
  bool allocate(u64 size_bytes, u32 align, u64& pointer, u8*& address) {
    if (c_.dst == nullptr) {
      address = static_cast<u8*>(c_.arena->allocate(size_bytes));
      pointer = reinterpret_cast<u64>(address);
      return address != nullptr || trap(TrapCode::allocation_too_large,
                                        "list exceeds what one call may copy into the host");
    }
    auto fresh = call_realloc(c_.store, *c_.dst, 0, 0, align, size_bytes);
    if (!fresh) {
      return false;
    }
    pointer = *fresh;
    address = c_.dst->memory->base() + pointer;
    return true;
  }

  bool run_list(u32 word, const u32* operands, u32& next) {
    const u32 src_size = operands[2];
    const u32 dst_size = operands[3];
    const u32 body = operands[4];
    const u32 resume = operands[5];
    const u32 src_align = 1u << ((ir::transfer_aux(word) & 0xf) - 1);
    const u32 dst_align = 1u << ((ir::transfer_aux(word) >> 4 & 0xf) - 1);
    const Pair from = load_pair(word, operands[0]);
    next = resume;
    u64 src_bytes = 0;
    u64 dst_bytes = 0;
    if (__builtin_mul_overflow(from.length, u64{src_size}, &src_bytes) ||
        __builtin_mul_overflow(from.length, u64{dst_size}, &dst_bytes) ||
        src_bytes > ir::kMaxListBytes || (c_.dst != nullptr && dst_bytes > ir::kMaxListBytes)) {
      return trap(TrapCode::list_too_long);
    }
    const u8* elements = nullptr;
    if (c_.src == nullptr) {
      elements = reinterpret_cast<const u8*>(from.pointer);
    } else {
      if (from.pointer % src_align != 0) {
        return trap(TrapCode::unaligned_pointer);
      }
      elements = c_.src->memory->slice(from.pointer, 0, src_bytes);
      if (elements == nullptr) {
        return trap(TrapCode::list_out_of_bounds);
      }
    }
    if (body == 0 && c_.dst == nullptr && c_.may_alias_guest) {
      store_pair(word, operands[1], {reinterpret_cast<u64>(elements), from.length});
      return true;
    }
    u64 pointer = 0;
    u8* target = nullptr;
    if (!allocate(dst_bytes, dst_align, pointer, target)) {
      return false;
    }
    store_pair(word, operands[1], {pointer, from.length});
    if (from.length == 0) {
      return true;
    }
    if (body == 0) {
      std::memcpy(target, elements, src_bytes);
      return true;
    }
    push({src_, dst_, from.length - 1, src_size, dst_size, body, resume});
    src_ = elements;
    dst_ = target;
    next = body;
    return true;
  }

  /// The source string, bounds and alignment checked.
  bool load_string(Pair from, SourceString& out) {
    if (c_.src == nullptr) {
      out = {SimpleEncoding::utf8, reinterpret_cast<const u8*>(from.pointer), from.length};
      return true;
    }
    u32 align = 1;
    u64 unit_bytes = 1;
    out.encoding = SimpleEncoding::utf8;
    out.code_units = from.length;
    switch (plan_.src.encoding) {
    case ir::StringEncoding::utf8: break;
    case ir::StringEncoding::utf16:
      out.encoding = SimpleEncoding::utf16;
      align = 2;
      unit_bytes = 2;
      break;
    case ir::StringEncoding::latin1_utf16:
      align = 2;
      out.is_tagged_utf16 = (from.length & kUtf16Tag) != 0;
      out.encoding = out.is_tagged_utf16 ? SimpleEncoding::utf16 : SimpleEncoding::latin1;
      unit_bytes = out.is_tagged_utf16 ? 2 : 1;
      out.code_units = from.length & ~kUtf16Tag;
      break;
    }
    if (from.pointer % align != 0) {
      return trap(TrapCode::unaligned_pointer);
    }
    const u64 size_bytes = out.code_units * unit_bytes; // < 2^33
    const u8* bytes = size_bytes <= ir::kMaxListBytes
                          ? c_.src->memory->slice(from.pointer, 0, size_bytes)
                          : nullptr;
    if (bytes == nullptr) {
      return trap(TrapCode::string_out_of_bounds);
    }
    out.bytes = bytes;
    return true;
  }

  bool run_string(u32 word, const u32* operands) {
    SourceString source{};
    if (!load_string(load_pair(word, operands[0]), source)) {
      return false;
    }
    if (c_.dst == nullptr && c_.may_alias_guest && source.encoding == SimpleEncoding::utf8) {
      if (!is_valid(source)) {
        return trap(TrapCode::invalid_utf8);
      }
      store_pair(word, operands[1], {reinterpret_cast<u64>(source.bytes), source.code_units});
      return true;
    }
    StoredString stored{};
    TranscodeError error = TranscodeError::none;
    if (c_.dst == nullptr) {
      ArenaSink sink(c_.store, *c_.arena);
      error = store_string(source, ir::StringEncoding::utf8, sink, stored);
    } else {
      GuestSink sink(c_.store, *c_.dst);
      error = store_string(source, plan_.dst.encoding, sink, stored);
    }
    switch (error) {
    case TranscodeError::none:
      store_pair(word, operands[1], {stored.pointer, stored.length});
      return true;
    case TranscodeError::malformed_utf8: return trap(TrapCode::invalid_utf8);
    case TranscodeError::malformed_utf16: return trap(TrapCode::invalid_utf16);
    case TranscodeError::too_long: return trap(TrapCode::string_too_long);
    case TranscodeError::trapped: return false;
    }
    PETREL_UNREACHABLE();
  }

  bool lift_handle(bool is_own, u32 index, const ResourceType& resource, u32& rep) {
    if (c_.src == nullptr) {
      rep = index; // the host's own numbering
      return true;
    }
    HandleTable& table = c_.src->instance->handles;
    auto handle = table.get(index, resource.id);
    if (!handle) {
      return trap(handle.error().code, handle.error().message);
    }
    rep = (*handle)->rep;
    if (is_own) {
      if (!(*handle)->is_own) {
        return trap(TrapCode::unknown_handle, "cannot transfer ownership of a borrow handle");
      }
      if ((*handle)->num_lends != 0) {
        return trap(TrapCode::resource_is_borrowed);
      }
      table.remove(index);
    } else {
      ++(*handle)->num_lends;
      c_.scope->lends.push_back({&table, index});
    }
    return true;
  }

  bool lower_handle(bool is_own, u32 rep, const ResourceType& resource, u32& index) {
    if (c_.dst == nullptr || (!is_own && resource.owner == c_.dst->instance)) {
      index = rep;
      return true;
    }
    ResourceHandle handle{.type = resource.id, .rep = rep, .is_own = is_own};
    if (!is_own) {
      handle.borrow_scope = &c_.scope->num_borrows;
      ++c_.scope->num_borrows;
    }
    auto added = c_.dst->instance->handles.add(handle);
    if (!added) {
      return trap(added.error().code, added.error().message);
    }
    index = *added;
    return true;
  }

  bool run_handle(bool is_own, u32 word, const u32* operands) {
    const ResourceType& resource = c_.resources[operands[2]];
    u32 rep = 0;
    u32 index = 0;
    if (!lift_handle(is_own, static_cast<u32>(load(word, operands[0], 4)), resource, rep) ||
        !lower_handle(is_own, rep, resource, index)) {
      return false;
    }
    store(word, operands[1], 4, index);
    return true;
  }

  bool run_simple(TransferOp op, u32 word, const u32* operands) {
    const u32 aux = ir::transfer_aux(word);
    const bool flat_src = !ir::transfer_src_memory(word);
    switch (op) {
    case TransferOp::copy:
      std::memcpy(dst_ + operands[1], src_ + operands[0], operands[2]);
      return true;
    case TransferOp::int_: {
      const u32 width = aux & 0xf;
      u64 value = truncate(load(word, operands[0], flat_src && width < 8 ? 4 : width), width);
      if (width < 8 && (aux & 0x10) != 0) {
        value = sign_extend(value, width) & 0xffffffff; // flat form is i32
      }
      store(word, operands[1], width, value);
      return true;
    }
    case TransferOp::bool_:
      store(word, operands[1], 1, load(word, operands[0], flat_src ? 4 : 1) != 0 ? 1 : 0);
      return true;
    case TransferOp::char_: {
      const u64 c = load(word, operands[0], 4);
      if (c >= 0x110000 || (c >= 0xd800 && c <= 0xdfff)) {
        return trap(TrapCode::invalid_char);
      }
      store(word, operands[1], 4, c);
      return true;
    }
    case TransferOp::flags:
      store(word, operands[1], aux, load(word, operands[0], flat_src ? 4 : aux) & operands[2]);
      return true;
    case TransferOp::enum_: {
      const u64 discriminant = load(word, operands[0], flat_src ? 4 : aux);
      if (discriminant >= operands[2]) {
        return trap(TrapCode::invalid_variant_discriminant);
      }
      store(word, operands[1], aux, discriminant);
      return true;
    }
    case TransferOp::f32:
      store(word, operands[1], 4, float_bits<f32>(load(word, operands[0], 4)));
      return true;
    case TransferOp::f64:
      store(word, operands[1], 8, float_bits<f64>(load(word, operands[0], 8)));
      return true;
    case TransferOp::string: return run_string(word, operands);
    case TransferOp::own: return run_handle(true, word, operands);
    case TransferOp::borrow: return run_handle(false, word, operands);
    case TransferOp::stream:
    case TransferOp::future:
    case TransferOp::error_context:
    case TransferOp::end:
    case TransferOp::switch_:
    case TransferOp::list:
    case TransferOp::repeat: break;
    }
    PETREL_UNREACHABLE(); // async values are refused at instantiation
  }

  const TransferContext& c_;
  const ir::TransferPlan& plan_;
  std::span<const u32> code_;
  const RawVal* src_slots_;
  RawVal* dst_slots_;
  const u8* src_;
  u8* dst_;
  Block blocks_[ir::kMaxTransferDepth];
  u32 depth_ = 0;
};

} // namespace

bool transfer(const TransferContext& context, const ir::TransferPlan& plan, TransferEnd src,
              TransferEnd dst) {
  return Executor(context, plan, src, dst).run();
}

} // namespace petrel::component
