// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/deadline.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <signal.h>
#include <thread>
#include <vector>

#include "runtime/signals.h"

namespace petrel::runtime {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRepeat = std::chrono::milliseconds(1);

struct Entry {
  u64 id;
  Clock::time_point when;
  Store* store;
  pthread_t thread;
};

/// The thread and what it watches. Never destroyed: the process may end while it sleeps.
class Timer {
public:
  u64 add(Store& store, std::chrono::nanoseconds timeout) {
    std::lock_guard lock(mutex_);
    if (!running_) {
      std::thread([this] { run(); }).detach();
      running_ = true;
    }
    const auto now = Clock::now();
    const auto longest =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::time_point::max() - now);
    entries_.push_back({++last_id_, now + std::min(timeout, longest), &store, pthread_self()});
    changed_.notify_one();
    return last_id_;
  }

  void remove(u64 id) {
    // Under the lock no signal is being sent: afterwards none will come for this entry.
    std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.id == id; });
  }

private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      if (entries_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto next = std::ranges::min_element(entries_, {}, &Entry::when)->when;
      if (Clock::now() < next) {
        changed_.wait_until(lock, next);
        continue;
      }
      for (Entry& entry : entries_) {
        if (entry.when <= Clock::now()) {
          entry.store->interrupt();
          pthread_kill(entry.thread, interrupt_signal());
          entry.when = Clock::now() + kRepeat;
        }
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> entries_;
  u64 last_id_ = 0;
  bool running_ = false;
};

Timer& timer() {
  static Timer* instance = new Timer;
  return *instance;
}

} // namespace

Deadline::Deadline(Store& store, std::chrono::nanoseconds timeout) : store_(store) {
  prepare_signals();
  id_ = timer().add(store, timeout);
}

Deadline::~Deadline() {
  timer().remove(id_);
  __atomic_store_n(&store_.vm().interrupt, 0u, __ATOMIC_RELEASE);
}

} // namespace petrel::runtime
