#include "polyrpc/runtime/stream_call.hpp"

#include <utility>

namespace polyrpc {

void StreamCall::wake(Deliver how) {
  ++changes;
  for (std::condition_variable* sleeper : sleepers) sleeper->notify_all();
  for (std::unique_ptr<StreamWaiter>& place : waiters)
    if (const std::unique_ptr<StreamWaiter> waiter = std::move(place)) waiter->wake(how);
}

void StreamCall::deliver(Deliver how) {
  struct Release {
    StreamCall& call;
    ~Release() { call.release(); }
  } at_end{*this};
  done_.store(true, std::memory_order_release);
  wake(how);
}

void StreamCall::drop() {
  done_.store(true, std::memory_order_release);
  // Whoever waits may own this call's handle.
  auto unwanted = std::exchange(waiters, {});
  for (std::unique_ptr<StreamWaiter>& waiter : unwanted) waiter.reset();
  release();
}

}  // namespace polyrpc
