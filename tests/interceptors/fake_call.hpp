#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc::test {

/// A call with interceptors around it and a function in place of handler and wire.
class FakeCall final : public InterceptedCall, public CallTarget {
 public:
  explicit FakeCall(Side which = Side::client) : side_(which) {
    context_.set_method("Arith.Add");
    context_.set_peer(peer);
    context_.prepare_stop();
  }

  Context& context() noexcept override { return context_; }
  Side side() const noexcept override { return side_; }
  Result<MessageRef> request() override { return message_ref(argument); }
  MessageSlot reply() noexcept override { return message_slot(answer); }

  Awaitable<Status> perform(InterceptedCall&) override {
    ++attempts;
    Status status = target ? target() : Status();
    co_return status;
  }

  /// Starts the call; `context` runs it.
  void start(asio::io_context& io) {
    asio::co_spawn(io, run(),
                   asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr thrown, Status status) {
                     exception = thrown;
                     outcome = std::move(status);
                   }));
  }
  /// Makes the whole call.
  Status operator()() {
    asio::io_context io;
    start(io);
    io.run();
    if (exception) std::rethrow_exception(exception);
    return outcome.value();
  }

  PeerInfo peer{"tcp://10.0.0.1:40312", "gob"};
  std::vector<Interceptor> interceptors;
  std::function<Status()> target;
  std::int64_t argument = 0;
  std::int64_t answer = 0;
  int attempts = 0;
  asio::cancellation_signal signal;
  std::exception_ptr exception;
  std::optional<Status> outcome;

 private:
  Awaitable<Status> run() {
    const Next first(interceptors, 0, *this);
    Status status = co_await first(*this);
    co_return status;
  }

  Context context_;
  Side side_;
};

}  // namespace polyrpc::test
