#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace polyrpc {

/// Threads for work that blocks. A thread is started when work arrives and none is free, up to the number allowed.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// Finishes what was submitted, then joins.
  ~WorkerPool();

  /// Runs `work`, which must not throw, on one of the threads. From any thread. Throws `std::system_error` if there is
  /// no thread yet and none can be started.
  void submit(std::function<void()> work);

  std::size_t threads_started() const;
  /// Those among them that have nothing to do.
  std::size_t threads_idle() const;

 private:
  void run();

  const std::size_t limit_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace polyrpc
