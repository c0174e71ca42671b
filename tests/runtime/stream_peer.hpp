#pragma once

#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/transport.hpp"
#include "polyrpc/transports/memory.hpp"

#include "any_client.hpp"
#include "stream_codec.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc::test {

/// What speaks `StreamCodec`'s wire at the other end, on a thread of its own. What it does depends on the method:
///
///     Unary    answers with its argument
///     Echo     answers every message with itself, and makes room for one more; ends after the client's end
///     Count    one reply, the number of messages; makes room
///     None     ends well without a reply; Two: with two, both after the client's end
///     List     as many messages as its argument says, then the end
///     Close    three messages and the end, then the connection's
///     Early    ends after the first message with `failed_precondition` and the text `enough`
///     Broken   one message that can't be read
///     Garbage  what is no line of this wire
///     Hang     headers, and nothing more until `release`; makes no room
///     Refuse   refuses once, then it is Unary or Echo, by whether there is an argument; RefuseAlways
///     Leave    leaves: neither this nor later calls on the connection are served; the next connection is good
///     Deaf     answers no ping any more
class StreamPeer {
 public:
  explicit StreamPeer(MemoryNetwork& network, std::string greeting = {});
  ~StreamPeer();

  /// Ends all calls that hang, well.
  void release();
  /// Has all connections that there are say this.
  void say(const std::string& line);
  /// Until so many lines that begin so have come.
  void await(std::string_view beginning, std::size_t count = 1);
  std::size_t count(std::string_view beginning) const;
  std::vector<std::string> lines() const;
  std::size_t connections() const;

 private:
  struct Talk;

  void came(const std::string& line);

  const std::string greeting_;
  LoopThread thread_;
  Loop loop_{thread_.context()};
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Talk>> talks_;  // the thread's alone
  bool refused_ = false;
  bool left_ = false;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::size_t connections_ = 0;
};

/// What threads other than the test's find: Catch's own macros are for one thread.
class Tally {
 public:
  void operator()(bool right) noexcept {
    if (!right) wrong_.fetch_add(1);
  }
  int wrong() const noexcept { return wrong_.load(); }

 private:
  std::atomic<int> wrong_{0};
};

ClientTarget stream_target(MemoryNetwork& network, std::optional<std::chrono::milliseconds> keepalive = {});

}  // namespace polyrpc::test
