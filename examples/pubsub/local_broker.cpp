#include "broker.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <deque>
#include <map>
#include <utility>

using polyrpc::Awaitable;
using polyrpc::Result;
using polyrpc::Status;

namespace {

constexpr std::size_t most_waiting = 1000;

struct Queue {
  explicit Queue(const asio::any_io_executor& executor) : bell(executor, asio::steady_timer::time_point::max()) {}
  std::deque<std::string> messages;
  bool left_behind = false;
  asio::steady_timer bell;
};

using Queues = std::multimap<std::string, Queue*>;

class LocalSubscription final : public Subscription {
 public:
  LocalSubscription(std::shared_ptr<Queues> queues, const std::string& topic, const asio::any_io_executor& executor)
      : queues_(std::move(queues)), queue_(executor), place_(queues_->emplace(topic, &queue_)) {}
  ~LocalSubscription() override { queues_->erase(place_); }

  Awaitable<Status> next(std::string& payload) override {
    while (queue_.messages.empty()) {
      if (queue_.left_behind) co_return Status::resource_exhausted("this subscriber is too slow");
      asio::error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      queue_.bell.expires_at(asio::steady_timer::time_point::max());
      co_await queue_.bell.async_wait(token);
      if (queue_.messages.empty() && !queue_.left_behind) co_return Status::cancelled("the subscriber has gone");
    }
    payload = std::move(queue_.messages.front());
    queue_.messages.pop_front();
    co_return Status();
  }

 private:
  std::shared_ptr<Queues> queues_;
  Queue queue_;
  Queues::iterator place_;
};

class LocalBroker final : public Broker {
 public:
  Awaitable<Result<long long>> publish(const std::string& topic, const std::string& payload) override {
    long long count = 0;
    const auto [begin, end] = queues_->equal_range(topic);
    for (auto place = begin; place != end; ++place) {
      Queue& queue = *place->second;
      if (queue.messages.size() >= most_waiting) queue.left_behind = true;
      if (!queue.left_behind) queue.messages.push_back(payload), ++count;
      queue.bell.cancel();
    }
    co_return count;
  }
  Awaitable<Result<std::unique_ptr<Subscription>>> subscribe(const std::string& topic) override {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::unique_ptr<Subscription> made = std::make_unique<LocalSubscription>(queues_, topic, executor);
    co_return made;
  }

 private:
  std::shared_ptr<Queues> queues_ = std::make_shared<Queues>();
};

}  // namespace

std::unique_ptr<Broker> local_broker() { return std::make_unique<LocalBroker>(); }
