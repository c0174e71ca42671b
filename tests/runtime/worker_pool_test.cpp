#include "polyrpc/runtime/worker_pool.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <cstdio>
#include <future>
#include <latch>
#include <memory>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using polyrpc::WorkerPool;

TEST_CASE("a pool starts no thread before there is work", "[worker_pool]") {
  const WorkerPool pool(4);
  CHECK(pool.threads_started() == 0);
}

TEST_CASE("work runs on another thread", "[worker_pool]") {
  WorkerPool pool(2);
  std::promise<std::thread::id> id;
  pool.submit([&] { id.set_value(std::this_thread::get_id()); });
  CHECK(id.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("as many pieces of work run at once as there may be threads, and no more", "[worker_pool]") {
  WorkerPool pool(3);
  std::latch all_inside(3);
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> ended = 0;
  for (int i = 0; i < 12; ++i)
    pool.submit([&, i] {
      const int now = ++inside;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      if (i < 3) all_inside.count_down();
      released.wait();
      --inside;
      ++ended;
    });
  all_inside.wait();  // would wait for ever if fewer than three ran at once
  CHECK(pool.threads_started() == 3);
  release.set_value();
  while (ended < 12) std::this_thread::yield();
  CHECK(most == 3);
  CHECK(pool.threads_started() == 3);
}

TEST_CASE("a thread that has nothing to do is used before a new one is started", "[worker_pool]") {
  WorkerPool pool(8);
  for (int i = 0; i < 50; ++i) {
    std::promise<void> done;
    pool.submit([&] { done.set_value(); });
    done.get_future().get();
    while (pool.threads_idle() == 0) std::this_thread::yield();
  }
  CHECK(pool.threads_started() == 1);
}

TEST_CASE("a pool finishes what was submitted before it ends", "[worker_pool]") {
  std::atomic<int> ended = 0;
  {
    WorkerPool pool(2);
    for (int i = 0; i < 200; ++i) pool.submit([&] { ++ended; });
  }
  CHECK(ended == 200);
}

TEST_CASE("work may submit work", "[worker_pool]") {
  std::atomic<int> ended = 0;
  {
    WorkerPool pool(1);
    pool.submit([&] {
      pool.submit([&] {
        pool.submit([&] { ++ended; });
        ++ended;
      });
      ++ended;
    });
  }
  CHECK(ended == 3);
}

TEST_CASE("a pool of no threads has one", "[worker_pool]") {
  WorkerPool pool(0);
  std::promise<int> result;
  pool.submit([&] { result.set_value(7); });
  CHECK(result.get_future().get() == 7);
}

TEST_CASE("what work holds is let go when it has run, not when the next comes", "[worker_pool]") {
  WorkerPool pool(1);
  auto held = std::make_shared<std::promise<void>>();
  std::weak_ptr<std::promise<void>> watched = held;
  pool.submit([held = std::move(held)]() mutable { held->set_value(); });
  while (!watched.expired()) std::this_thread::yield();
  SUCCEED();
}

TEST_CASE("many threads may submit at once", "[worker_pool]") {
  std::atomic<int> ended = 0;
  {
    WorkerPool pool(3);
    std::vector<std::thread> submitters;
    for (int t = 0; t < 4; ++t)
      submitters.emplace_back([&] {
        for (int i = 0; i < 500; ++i) pool.submit([&] { ++ended; });
      });
    for (std::thread& submitter : submitters) submitter.join();
  }
  CHECK(ended == 2000);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace {
/// In a process of its own, where for a time no further thread can be started: 0, or the number of what went wrong.
int without_threads() {
  // A stack that is larger than the address space may grow, and than any that a former thread has left.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  std::size_t usual = 0;
  pthread_attr_getstacksize(&attributes, &usual);
  rlimit old_limit{};
  if (getrlimit(RLIMIT_AS, &old_limit) != 0) return 1;
  rlimit limit = old_limit;
  limit.rlim_cur = std::size_t{1} << 40;
  pthread_attr_setstacksize(&attributes, limit.rlim_cur);
  if (pthread_setattr_default_np(&attributes) != 0 || setrlimit(RLIMIT_AS, &limit) != 0) return 2;

  bool refused_ran = false;
  bool other_ran = false;
  {
    WorkerPool pool(2);
    try {
      pool.submit([&] { refused_ran = true; });
      return 3;
    } catch (const std::system_error&) {
    }
    if (pool.threads_started() != 0) return 4;

    pthread_attr_setstacksize(&attributes, usual);
    if (pthread_setattr_default_np(&attributes) != 0 || setrlimit(RLIMIT_AS, &old_limit) != 0) return 5;
    pool.submit([&] { other_ran = true; });
  }
  if (refused_ran) return 6;
  if (!other_ran) return 7;
  return 0;
}
}  // namespace

TEST_CASE("work that no thread could be started for is refused, not kept", "[worker_pool]") {
  std::fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(without_threads());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
