// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/signals.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/code_image.h"
#include "runtime/code_registry.h"

namespace petrel::runtime {

thread_local constinit Activation* current_activation = nullptr;

namespace {

constexpr u64 kAltStackSize = 0x10000;
constexpr int kFaultSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

struct sigaction previous_actions[NSIG];

/// The registers of an interrupted context that traps need, per architecture.
class Registers {
public:
  explicit Registers(void* context) : mcontext_(static_cast<ucontext_t*>(context)->uc_mcontext) {}
#if defined(__x86_64__)
  const u8* pc() const { return reinterpret_cast<const u8*>(mcontext_.gregs[REG_RIP]); }
  const u8* frame_pointer() const { return reinterpret_cast<const u8*>(mcontext_.gregs[REG_RBP]); }
  void set_pc(const void* pc) { mcontext_.gregs[REG_RIP] = reinterpret_cast<greg_t>(pc); }
  void set_first_argument(void* value) {
    mcontext_.gregs[REG_RDI] = reinterpret_cast<greg_t>(value);
  }
#elif defined(__aarch64__)
  const u8* pc() const { return reinterpret_cast<const u8*>(mcontext_.pc); }
  const u8* frame_pointer() const { return reinterpret_cast<const u8*>(mcontext_.regs[29]); }
  void set_pc(const void* pc) { mcontext_.pc = reinterpret_cast<u64>(pc); }
  void set_first_argument(void* value) { mcontext_.regs[0] = reinterpret_cast<u64>(value); }
#else
#error "unknown architecture"
#endif

private:
  mcontext_t& mcontext_;
};

/// Follows the chain of frame pointers on the guest stack, up to the zero that petrel_enter left.
void record_frames(Store& store, const u8* frame) {
  while (frame != nullptr && store.is_on_stack(frame) && reinterpret_cast<u64>(frame) % 8 == 0) {
    const u8* next;
    const u8* return_address;
    std::memcpy(&next, frame, sizeof next);
    std::memcpy(&return_address, frame + 8, sizeof return_address);
    CodeRange range;
    if (!find_code(return_address, range)) {
      break;
    }
    store.pending().push_frame({.native_pc = return_address});
    if (next <= frame) {
      break;
    }
    frame = next;
  }
}

/// The trap code in an explicit trap instruction at `pc` (llvm.ubsantrap), or 0.
u32 explicit_trap_code(const u8* pc) {
#if defined(__x86_64__)
  // 67 0f b9 40 NN: ud1 NN(%eax), %eax
  if (pc[0] == 0x67 && pc[1] == 0x0f && pc[2] == 0xb9 && pc[3] == 0x40) {
    return pc[4];
  }
#elif defined(__aarch64__)
  u32 instruction;
  std::memcpy(&instruction, pc, 4);
  // brk #0x55NN
  if ((instruction & 0xffe0001f) == 0xd4200000 &&
      ((instruction >> 5 & 0xffff) & 0xff00) == 0x5500) {
    return instruction >> 5 & 0xff;
  }
#endif
  return 0;
}

/// What a fault in guest code means; empty when it is not the guest's.
std::optional<ir::TrapCode> classify(Store& store, int signal, const siginfo_t& info,
                                     const u8* pc) {
  if (signal == SIGILL || signal == SIGTRAP) {
    const u32 code = explicit_trap_code(pc);
    return code == 0 ? std::nullopt : std::optional(static_cast<ir::TrapCode>(code));
  }
  if (signal == SIGSEGV || signal == SIGBUS) {
    const u8* const address = static_cast<const u8*>(info.si_addr);
    if (store.reserves_memory(address)) {
      return ir::TrapCode::memory_out_of_bounds;
    }
    if (store.is_stack_guard(address)) {
      return ir::TrapCode::call_stack_exhausted;
    }
  }
  return std::nullopt;
}

void leave_from_handler(Registers& registers, Store& store, ir::TrapCode code) {
  store.raise(code);
  store.pending().push_frame({.native_pc = registers.pc(), .is_exact = true});
  record_frames(store, registers.frame_pointer());
  registers.set_first_argument(store.vm().activation);
  registers.set_pc(reinterpret_cast<const void*>(&petrel_leave));
}

/// True when the fault was a guest's trap and the context now leads to a landing pad.
bool handle_fault(int signal, const siginfo_t& info, void* context) {
  Activation* const activation = current_activation;
  if (activation == nullptr || activation->store->pending().kind != PendingKind::none) {
    return false;
  }
  Registers registers(context);
  CodeRange range;
  if (!find_code(registers.pc(), range)) {
    return false;
  }
  auto code = classify(*activation->store, signal, info, registers.pc());
  if (!code) {
    return false;
  }
  if (range.fault_landing != nullptr) {
    registers.set_pc(
        range.fault_landing); // the interpreter records its own frames, from its registers
  } else {
    leave_from_handler(registers, *activation->store, *code);
  }
  return true;
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  if (handle_fault(signal, *info, context)) {
    errno = saved_errno;
    return;
  }
  const struct sigaction& previous = previous_actions[signal];
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(signal, info, context);
    errno = saved_errno;
    return;
  }
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
    errno = saved_errno;
    return;
  }
  // Not ours and nobody else's: die of it where it happened, so that a core dump shows the place.
  ::signal(signal, SIG_DFL);
  errno = saved_errno;
}

void on_interrupt(int, siginfo_t*, void* context) {
  Activation* const activation = current_activation;
  if (activation == nullptr) {
    return;
  }
  Store& store = *activation->store;
  if (__atomic_load_n(&store.vm().interrupt, __ATOMIC_ACQUIRE) == 0 ||
      store.pending().kind != PendingKind::none) {
    return;
  }
  Registers registers(context);
  CodeRange range;
  if (find_code(registers.pc(), range) && range.image != nullptr) {
    leave_from_handler(registers, store, ir::TrapCode::interrupt);
  }
}

void install(int signal, void (*handler)(int, siginfo_t*, void*), int flags,
             struct sigaction* previous) {
  struct sigaction action{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
  sigemptyset(&action.sa_mask);
  CHECK(::sigaction(signal, &action, previous) == 0);
}

class AltStack {
public:
  void prepare() {
    if (memory_ != nullptr) {
      return;
    }
    stack_t present{};
    CHECK(::sigaltstack(nullptr, &present) == 0);
    if ((present.ss_flags & SS_DISABLE) == 0 && present.ss_size >= kAltStackSize) {
      return; // a sanitizer or the embedder brought one
    }
    memory_ =
        ::mmap(nullptr, kAltStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory_ != MAP_FAILED);
    stack_t ours{};
    ours.ss_sp = memory_;
    ours.ss_size = kAltStackSize;
    CHECK(::sigaltstack(&ours, nullptr) == 0);
  }
  ~AltStack() {
    if (memory_ != nullptr) {
      stack_t off{};
      off.ss_flags = SS_DISABLE;
      ::sigaltstack(&off, nullptr);
      ::munmap(memory_, kAltStackSize);
    }
  }

private:
  void* memory_ = nullptr;
};

std::once_flag handlers_installed;
thread_local AltStack alt_stack;

} // namespace

int interrupt_signal() { return SIGURG; } // ignored by default, so a late one is harmless

void prepare_signals() {
  std::call_once(handlers_installed, [] {
    for (int signal : kFaultSignals) {
      install(signal, on_fault, 0, &previous_actions[signal]);
    }
    install(interrupt_signal(), on_interrupt, 0, &previous_actions[interrupt_signal()]);
  });
  alt_stack.prepare();
}

void leave_native(Store& store, void* frame_address) {
  CHECK(store.pending().kind != PendingKind::none);
  // SAFETY: the caller's frame starts with the saved frame pointer and the return address into guest code.
  record_frames(store, static_cast<const u8*>(frame_address));
  petrel_leave(store.vm().activation);
}

} // namespace petrel::runtime
