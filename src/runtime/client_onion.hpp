#pragma once

#include "polyrpc/core/function_ref.hpp"
#include "polyrpc/runtime/asio_fwd.hpp"
#include "polyrpc/runtime/client_call.hpp"
#include "polyrpc/runtime/client_core.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <stop_token>

namespace polyrpc {

/// The interceptors around a call that runs on a loop. For the loop's thread.
class ClientOnion {
 public:
  virtual ~ClientOnion() = default;
  /// Begins; `ended` is called once, on the loop, perhaps inside this.
  virtual void start(std::function<void(Status)> ended) = 0;
  /// Asks the interceptors to end; they may take their time.
  virtual void cancel() = 0;
};

/// Makes one call of a client as an interceptor's `next` does: with the terms that are in it, without interceptors.
using WireStep = FunctionRef<Status(WaitableCall& call)>;

/// Runs the interceptors around `call` on this thread, and inside them `innermost`, which blocks.
Status run_onion(ClientCore& core, ClientCall& call, const std::stop_token& stop, WireStep innermost);

/// The interceptors around `call`, to run on `context`, and inside them a call started with `ClientCore::start_wire`.
std::shared_ptr<ClientOnion> make_onion(std::shared_ptr<ClientCore> core, ClientCall& call, asio::io_context& context);

/// The interceptors around a call that was started without a loop: they run on the threads that wait for the call.
class DrivenOnion : public ClientOnion {
 public:
  /// Runs what is ready. One thread at a time.
  virtual void poll() = 0;
  /// Waits for something to be ready, not for the wire, and runs it.
  virtual void run_until(Clock::time_point until) = 0;
  /// As `cancel`, from any thread: later, inside one of the above.
  virtual void post_cancel() = 0;
  /// How often something has happened that calls for a `poll`. From any thread.
  virtual std::size_t events() const noexcept = 0;
  /// Whether the interceptors wait for the wire, and not for anything else that could be waited for.
  virtual bool on_wire() const noexcept = 0;
};
/// Whoever waits for what goes over the wire is notified by `wake`, if that is not null.
std::shared_ptr<DrivenOnion> make_driven_onion(std::shared_ptr<ClientCore> core, ClientCall& call,
                                               std::condition_variable* wake);

}  // namespace polyrpc
