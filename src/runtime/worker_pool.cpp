#include "polyrpc/runtime/worker_pool.hpp"

#include <algorithm>
#include <utility>

namespace polyrpc {

WorkerPool::WorkerPool(std::size_t threads) : limit_((std::max)(threads, std::size_t{1})) {}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    if (work_.size() > idle_ && threads_.size() < limit_) {
      try {
        threads_.emplace_back([this] { run(); });
      } catch (...) {
        if (threads_.empty()) {
          work_.pop_back();
          throw;
        }
        // The others will come to it.
      }
    }
  }
  wake_.notify_one();
}

std::size_t WorkerPool::threads_started() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

std::size_t WorkerPool::threads_idle() const {
  const std::lock_guard lock(mutex_);
  return idle_;
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    --idle_;
    if (work_.empty()) return;
    std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace polyrpc
