#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/runtime/coroutine.hpp"

#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Interceptors: one onion of coroutines around a call, the same on both sides.
namespace polyrpc {

enum class Side : std::uint8_t { server, client };

/// A call as an interceptor sees it.
class InterceptedCall {
 public:
  virtual Context& context() noexcept = 0;
  virtual Side side() const noexcept = 0;
  /// Whether messages stream. An interceptor surrounds a streaming call as a whole and sees none of the messages that
  /// stream; on the client's side it may call `next` only once.
  virtual CallKind kind() const noexcept { return CallKind::unary; }
  /// The argument. On the server's side it is decoded when first asked for; the error says that it could not be, or
  /// that requests stream (`failed_precondition`).
  virtual Result<MessageRef> request() = 0;
  /// Where the reply is or goes: read it or overwrite it after `next`, or fill it instead of calling `next`. Without an
  /// object where replies stream, and on the client's side for all streaming calls.
  virtual MessageSlot reply() noexcept = 0;

  std::string_view method() noexcept { return context().method(); }
  /// The argument as a `T`; null if it is of another type or could not be decoded.
  template <class T>
  const T* request_as() {
    const Result<MessageRef> message = request();
    return message.ok() && message->shape == &shape_of<T>() ? static_cast<const T*>(message->object) : nullptr;
  }
  template <class T>
  T* reply_as() noexcept {
    const MessageSlot slot = reply();
    return slot.shape == &shape_of<T>() ? static_cast<T*>(slot.object) : nullptr;
  }

 protected:
  ~InterceptedCall() = default;
};

/// The innermost part of an onion: the handler, or the wire.
class CallTarget {
 public:
  /// Makes the call. May be made again after it has ended: the reply then starts afresh.
  virtual Awaitable<Status> perform(InterceptedCall& call) = 0;

 protected:
  ~CallTarget() = default;
};

class Next;
/// Surrounds a call: returns its outcome, that of `co_await next(call)` or another. It may reject (not call `next`),
/// replace (write the reply), retry (call `next` again) and time. Runs on the call's thread. Around a streaming call it
/// stands once, not around each message, and such a call can't be retried.
using Interceptor = std::function<Awaitable<Status>(InterceptedCall&, Next)>;

/// The rest of the onion.
class Next {
 public:
  Next(const std::vector<Interceptor>& interceptors, std::size_t index, CallTarget& target) noexcept
      : interceptors_(&interceptors), index_(index), target_(&target) {}

  Awaitable<Status> operator()(InterceptedCall& call) const {
    if (index_ == interceptors_->size()) return target_->perform(call);
    return (*interceptors_)[index_](call, Next(*interceptors_, index_ + 1, *target_));
  }

 private:
  const std::vector<Interceptor>* interceptors_;
  std::size_t index_;
  CallTarget* target_;
};

/// Holds interceptors for those who know them only by this name.
class InterceptorList {
 public:
  std::vector<Interceptor> list;
};

/// Adds to a server or client.
template <class Target>
Target& add_interceptor(Target& target, Interceptor interceptor) {
  target.interceptors().list.push_back(std::move(interceptor));
  return target;
}

}  // namespace polyrpc
