#pragma once

#include <polyrpc/core/result.hpp>
#include <polyrpc/runtime/coroutine.hpp>

#include <memory>
#include <string>

/// Messages of one topic, from the time of subscribing on.
class Subscription {
 public:
  virtual ~Subscription() = default;
  /// Waits for the next one. Not ok: there will be none.
  virtual polyrpc::Awaitable<polyrpc::Status> next(std::string& payload) = 0;
};

/// Brings messages from publishers to subscribers. Used on the thread of the server's io_context.
class Broker {
 public:
  virtual ~Broker() = default;
  /// How many subscribers the message has gone to.
  virtual polyrpc::Awaitable<polyrpc::Result<long long>> publish(const std::string& topic,
                                                                 const std::string& payload) = 0;
  virtual polyrpc::Awaitable<polyrpc::Result<std::unique_ptr<Subscription>>> subscribe(const std::string& topic) = 0;
};

/// Inside this process. A subscriber who is too slow is told so and left behind.
std::unique_ptr<Broker> local_broker();
/// Through a Redis server at `redis://host:port`, so that several servers share their topics.
std::unique_ptr<Broker> redis_broker(const std::string& url);
