// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A linked list pushed by compare-and-swap. Each node carries a sequence lock, so a reader never sees half of a
// reused node.
#include "runtime/code_registry.h"

#include <atomic>
#include <new>

#include "base/check.h"

namespace petrel::runtime {

namespace {

struct Node {
  std::atomic<u32> version{0};           // odd while being written
  std::atomic<const u8*> start{nullptr}; // null: dead
  std::atomic<const u8*> end{nullptr};
  std::atomic<const CodeImage*> image{nullptr};
  std::atomic<const void*> fault_landing{nullptr};
  Node* next = nullptr;
};

constinit std::atomic<Node*> head{nullptr};
constinit std::atomic_flag writing = ATOMIC_FLAG_INIT;

class WriteLock {
public:
  WriteLock() {
    while (writing.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~WriteLock() { writing.clear(std::memory_order_release); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;
};

void set(Node& node, const CodeRange& range) {
  node.version.fetch_add(1, std::memory_order_acq_rel);
  node.start.store(range.start, std::memory_order_relaxed);
  node.end.store(range.end, std::memory_order_relaxed);
  node.image.store(range.image, std::memory_order_relaxed);
  node.fault_landing.store(range.fault_landing, std::memory_order_relaxed);
  node.version.fetch_add(1, std::memory_order_acq_rel);
}

} // namespace

void register_code(const CodeRange& range) {
  CHECK(range.start < range.end);
  WriteLock lock;
  for (Node* node = head.load(std::memory_order_relaxed); node != nullptr; node = node->next) {
    if (node->start.load(std::memory_order_relaxed) == nullptr) {
      set(*node, range);
      return;
    }
  }
  Node* node = new (std::nothrow) Node;
  CHECK(node != nullptr);
  set(*node, range);
  node->next = head.load(std::memory_order_relaxed);
  head.store(node, std::memory_order_release);
}

void unregister_code(const u8* start) {
  WriteLock lock;
  for (Node* node = head.load(std::memory_order_relaxed); node != nullptr; node = node->next) {
    if (node->start.load(std::memory_order_relaxed) == start) {
      set(*node, CodeRange{});
      return;
    }
  }
  PETREL_UNREACHABLE();
}

bool find_code(const u8* pc, CodeRange& out) {
  for (Node* node = head.load(std::memory_order_acquire); node != nullptr; node = node->next) {
    const u32 before = node->version.load(std::memory_order_acquire);
    CodeRange range{node->start.load(std::memory_order_relaxed),
                    node->end.load(std::memory_order_relaxed),
                    node->image.load(std::memory_order_relaxed),
                    node->fault_landing.load(std::memory_order_relaxed)};
    std::atomic_thread_fence(std::memory_order_acquire);
    if ((before & 1) != 0 || node->version.load(std::memory_order_relaxed) != before) {
      continue; // being replaced: no thread can be executing in it
    }
    if (range.start != nullptr && pc >= range.start && pc < range.end) {
      out = range;
      return true;
    }
  }
  return false;
}

} // namespace petrel::runtime
