#pragma once

#include "polyrpc/runtime/registry.hpp"

#include "support/gate.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>

namespace polyrpc::test {

/// Methods that the tests of servers and clients on every wire call.
struct BasicServices {
  BasicServices() {
    registry.add("Test.Echo", [](const std::string& text) { return text; });
    registry.add("Test.Big", [this](std::int64_t size) {
      ++big_calls;
      return std::string(static_cast<std::size_t>(size), 'x');
    });
    registry.add("Test.Fail", [](const std::string& text) -> Result<std::string> { return Status::not_found(text); });
    registry.add("Test.TimeLeft", [](Context& context, const std::string&) {
      const auto left = context.time_left();
      return left ? std::chrono::duration_cast<std::chrono::milliseconds>(*left).count() : std::int64_t{-1};
    });
    registry.add("Test.Gate", blocking([this](const std::string& text) {
                   gate.pass();
                   return text;
                 }));
    registry.add("Test.UntilCancelled", blocking([this](Context& context, const std::string& text) {
                   Gate stopped;
                   const std::stop_callback open(context.stop_token(), [&] { stopped.open(); });
                   started.open();
                   stopped.pass();
                   cancelled.open();
                   return text;
                 }));
  }
  ~BasicServices() { gate.open(); }

  Gate gate;       ///< what Test.Gate waits for
  Gate started;    ///< opened when Test.UntilCancelled begins
  Gate cancelled;  ///< opened when it has been cancelled
  std::atomic<int> big_calls = 0;
  Registry registry;  // ends first, and waits for handlers that use what is above
};

}  // namespace polyrpc::test
