#include "polyrpc/runtime/client_call.hpp"

#include "polyrpc/runtime/client_core.hpp"

#include "client_onion.hpp"

namespace polyrpc {

ClientCall::ClientCall() noexcept = default;

ClientCall::~ClientCall() = default;

void ClientCall::take_terms(const ClientCall& other) noexcept {
  method = other.method;
  kind = other.kind;
  args = other.args;
  metadata = other.metadata;
  reply = other.reply;
  headers = other.headers;
  trailers = other.trailers;
  deadline = other.deadline;
  send_deadline = other.send_deadline;
  wait_for_ready = other.wait_for_ready;
  one_way = other.one_way;
}

void ClientCall::keep(std::unique_ptr<KeptArgs> owned, MessageRef owned_args) {
  kept_ = std::make_unique<Kept>();
  kept_->method = method;
  method = kept_->method;
  if (metadata != nullptr) {
    kept_->metadata = *metadata;
    metadata = &kept_->metadata;
  }
  kept_->args = std::move(owned);
  args_stay = true;
  args = owned_args;
}

void ClientCall::ring() { core->expired(*this); }

void CallList::push_back(ClientCall& call) noexcept {
  call.next = nullptr;
  call.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &call;
  last_ = &call;
}

void CallList::remove(ClientCall& call) noexcept {
  (call.previous != nullptr ? call.previous->next : first_) = call.next;
  (call.next != nullptr ? call.next->previous : last_) = call.previous;
  call.next = call.previous = nullptr;
}

ClientCall* CallList::pop_front() noexcept {
  ClientCall* call = first_;
  if (call != nullptr) remove(*call);
  return call;
}

void CallList::take(CallList& other) noexcept {
  if (other.empty()) return;
  other.first_->previous = last_;
  (last_ != nullptr ? last_->next : first_) = other.first_;
  last_ = other.last_;
  other.first_ = other.last_ = nullptr;
}

std::vector<ClientCall*> CallList::all() const {
  std::vector<ClientCall*> calls;
  for (ClientCall* call = first_; call != nullptr; call = call->next) calls.push_back(call);
  return calls;
}

bool WaitableCall::wait_until(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  while (!done_.load(std::memory_order_relaxed) && !interrupted_) {
    if (until == Clock::time_point::max()) {
      changed.wait(lock);
    } else if (changed.wait_until(lock, until) == std::cv_status::timeout) {
      break;
    }
  }
  return done_.load(std::memory_order_relaxed);
}

void WaitableCall::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  changed.notify_all();
}

bool WaitableCall::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  return !done_.load(std::memory_order_relaxed);
}

void WaitableCall::when_done(std::function<void(Deliver)> then) {
  {
    const std::lock_guard lock(mutex_);
    if (!done_.load(std::memory_order_relaxed)) {
      then_ = std::move(then);
      return;
    }
  }
  then(Deliver::later);
}

void WaitableCall::deliver(Deliver how) {
  std::function<void(Deliver)> then;
  {
    const std::lock_guard lock(mutex_);
    done_.store(true, std::memory_order_release);
    then.swap(then_);
    changed.notify_all();
  }
  release();  // what runs next holds the call itself, if it needs it, and may throw
  if (then) then(how);
}

void WaitableCall::drop() {
  std::function<void(Deliver)> unwanted;
  {
    const std::lock_guard lock(mutex_);
    unwanted.swap(then_);
  }
  deliver(Deliver::later);
}

bool WaitableCall::enter() {
  mutex_.lock();
  if (!abandoned_) return true;
  mutex_.unlock();
  return false;
}

}  // namespace polyrpc
