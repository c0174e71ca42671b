#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/context.hpp"
#include "polyrpc/runtime/asio_fwd.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace polyrpc {

class Loop;

/// Something that is to happen at a time, kept inside its owner. Setting and clearing cost no allocation.
/// Clears itself when destroyed. For its loop's thread only.
class Alarm {
 public:
  Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  virtual ~Alarm();

  bool is_set() const noexcept { return position_ != nowhere; }
  Clock::time_point time() const noexcept { return time_; }

 protected:
  /// Called once from the loop when the time has come; the alarm is then clear and may be set again or destroyed.
  virtual void ring() = 0;

 private:
  friend class Loop;
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  static constexpr std::size_t in_list = nowhere - 1;

  Loop* loop_ = nullptr;
  std::size_t position_ = nowhere;  // in the loop's heap, if it is not in its list
  Alarm* previous_ = nullptr;
  Alarm* next_ = nullptr;
  Clock::time_point time_{};
};

/// What the engine needs of one thread's `io_context`: posting, alarms on one shared timer, and two buffers that all
/// connections of the thread read into and write from, so that a connection at rest holds none. All members are for
/// that thread only, except `post` and `context`.
class Loop {
 public:
  explicit Loop(asio::io_context& context);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  asio::io_context& context() noexcept { return context_; }

  /// Runs `work` on the loop's thread, later. From any thread.
  void post(std::function<void()> work);
  /// Whether this is the loop's thread, inside its `run`.
  bool is_this_thread() const noexcept;

  /// Sets or moves an alarm.
  void set(Alarm& alarm, Clock::time_point time);
  void clear(Alarm& alarm) noexcept;
  /// Lets `io_context::run` return if no alarm is set: the timer behind them may otherwise run on for a while.
  void rest();

  /// Scratch memory, empty between uses; whoever uses it is done with it before returning to the loop.
  ByteQueue& input() noexcept { return input_; }
  ByteQueue& output() noexcept { return output_; }

 private:
  struct Timer;

  bool is_empty() const noexcept { return first_ == nullptr && heap_.empty(); }
  Alarm& earliest() const noexcept;
  bool list(Alarm& alarm) noexcept;
  void place(std::size_t position, Alarm* alarm) noexcept;
  void sift_up(std::size_t position) noexcept;
  void sift_down(std::size_t position) noexcept;
  void arm();
  void ring_due();

  asio::io_context& context_;
  // Most alarms are set with one and the same timeout, each for later than those before it: they are kept in a list in
  // order of time, where setting and clearing take a step or two, and all others in a heap.
  Alarm* first_ = nullptr;
  Alarm* last_ = nullptr;
  std::size_t listed_ = 0;
  std::vector<Alarm*> heap_;  // earliest first; 4-ary
  std::shared_ptr<Timer> timer_;
  ByteQueue input_;
  ByteQueue output_;
};

}  // namespace polyrpc
