#include "polyrpc/runtime/loop.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <utility>

namespace polyrpc {

namespace {

// How many later alarms a new one may pass on its way into the list.
constexpr int most_passed = 4;

}  // namespace

// Outlives the loop while a wait is under way; `loop` is then null.
struct Loop::Timer {
  explicit Timer(asio::io_context& context, Loop* owner) : timer(context), loop(owner) {}

  asio::steady_timer timer;
  Loop* loop;
  std::optional<Clock::time_point> armed;
};

Alarm::~Alarm() {
  if (is_set()) loop_->clear(*this);
}

Loop::Loop(asio::io_context& context) : context_(context), timer_(std::make_shared<Timer>(context, this)) {}

Loop::~Loop() {
  timer_->loop = nullptr;
  timer_->timer.cancel();
  for (Alarm* alarm : heap_) alarm->position_ = Alarm::nowhere;
  for (Alarm* alarm = first_; alarm != nullptr; alarm = alarm->next_) alarm->position_ = Alarm::nowhere;
}

void Loop::post(std::function<void()> work) { asio::post(context_, std::move(work)); }

bool Loop::is_this_thread() const noexcept { return context_.get_executor().running_in_this_thread(); }

void Loop::place(std::size_t position, Alarm* alarm) noexcept {
  heap_[position] = alarm;
  alarm->position_ = position;
}

void Loop::sift_up(std::size_t position) noexcept {
  Alarm* alarm = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 4;
    if (heap_[parent]->time_ <= alarm->time_) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, alarm);
}

void Loop::sift_down(std::size_t position) noexcept {
  Alarm* alarm = heap_[position];
  for (;;) {
    const std::size_t first = position * 4 + 1;
    if (first >= heap_.size()) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < first + 4 && child < heap_.size(); ++child)
      if (heap_[child]->time_ < heap_[least]->time_) least = child;
    if (heap_[least]->time_ >= alarm->time_) break;
    place(position, heap_[least]);
    position = least;
  }
  place(position, alarm);
}

Alarm& Loop::earliest() const noexcept {
  if (heap_.empty() || (first_ != nullptr && first_->time_ <= heap_.front()->time_)) return *first_;
  return *heap_.front();
}

/// Puts an alarm into the list, if its place is near the end.
bool Loop::list(Alarm& alarm) noexcept {
  Alarm* before = last_;
  for (int passed = 0; before != nullptr && before->time_ > alarm.time_; before = before->previous_)
    if (++passed > most_passed) return false;
  Alarm* const after = before != nullptr ? before->next_ : first_;
  alarm.previous_ = before;
  alarm.next_ = after;
  (before != nullptr ? before->next_ : first_) = &alarm;
  (after != nullptr ? after->previous_ : last_) = &alarm;
  alarm.position_ = Alarm::in_list;
  ++listed_;
  return true;
}

void Loop::set(Alarm& alarm, Clock::time_point time) {
  clear(alarm);
  alarm.time_ = time;
  alarm.loop_ = this;
  if (!list(alarm)) {
    heap_.push_back(&alarm);
    alarm.position_ = heap_.size() - 1;
    sift_up(alarm.position_);
  }
  if (&earliest() == &alarm) arm();
}

void Loop::clear(Alarm& alarm) noexcept {
  if (!alarm.is_set()) return;
  const std::size_t position = std::exchange(alarm.position_, Alarm::nowhere);
  if (position == Alarm::in_list) {
    (alarm.previous_ != nullptr ? alarm.previous_->next_ : first_) = alarm.next_;
    (alarm.next_ != nullptr ? alarm.next_->previous_ : last_) = alarm.previous_;
    --listed_;
    return;
  }
  Alarm* last = heap_.back();
  heap_.pop_back();
  if (last != &alarm) {
    place(position, last);
    sift_up(position);
    sift_down(last->position_);
  }
  // The timer stays armed: calls set and clear an alarm each, and moving the timer costs a system call.
}

void Loop::rest() {
  if (!is_empty() || !timer_->armed) return;
  timer_->armed.reset();
  timer_->timer.cancel();
}

// The timer may ring too early, never too late: it is moved only when the first alarm comes before it.
void Loop::arm() {
  if (is_empty()) return;
  const Clock::time_point first = earliest().time_;
  if (timer_->armed && *timer_->armed <= first) return;
  timer_->armed = first;
  timer_->timer.expires_at(first);
  timer_->timer.async_wait([timer = timer_](const auto& error) {
    if (error || timer->loop == nullptr || !timer->armed) return;
    timer->armed.reset();
    timer->loop->ring_due();
  });
}

void Loop::ring_due() {
  const Clock::time_point now = Clock::now();
  // An alarm may end the loop, or throw.
  struct ArmAtEnd {
    std::shared_ptr<Timer> timer;
    ~ArmAtEnd() {
      if (timer->loop != nullptr) timer->loop->arm();
    }
  } at_end{timer_};
  // No more than there are now: those that alarms set again into the past wait for their turn.
  for (std::size_t left = listed_ + heap_.size(); left > 0; --left) {
    if (at_end.timer->loop == nullptr || is_empty() || earliest().time_ > now) break;
    Alarm& alarm = earliest();
    clear(alarm);
    alarm.ring();
  }
}

}  // namespace polyrpc
