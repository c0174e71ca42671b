#include "polyrpc/runtime/server.hpp"

#include "polyrpc/runtime/interceptor.hpp"
#include "polyrpc/runtime/loop.hpp"

#include "door.hpp"
#include "served_list.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace polyrpc {

namespace {

/// The connections of one loop.
class LoopHost final : public ServerHost {
 public:
  LoopHost(asio::io_context& context, std::shared_ptr<ServerCore> core, std::shared_ptr<const Protocols> protocols)
      : loop_(context), core_(std::move(core)), protocols_(std::move(protocols)) {}
  ~LoopHost() { close_all(); }

  Loop& loop() noexcept override { return loop_; }
  const std::shared_ptr<ServerCore>& core() noexcept override { return core_; }
  bool draining() const noexcept override { return draining_; }
  const Protocols& protocols() const noexcept override { return *protocols_; }

  void adopt(std::shared_ptr<ServedConnection> connection) override {
    ServedConnection& served = *connection;
    connections_.add(std::move(connection));
    note_count();
    served.start();
  }

  void ended(ServedConnection& connection) override {
    std::shared_ptr<ServedConnection> kept = connections_.take(connection);
    if (kept == nullptr) return;
    loop_.post([kept = std::move(kept)] {});  // it is still on the stack
    note_count();
    check_drained();
  }

  std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

  /// Drains, cuts what is left when `time` has passed, then calls `done`; a second call only brings the cut forward.
  void drain(std::chrono::milliseconds time, std::function<void()> done) {
    if (done) done_.push_back(std::move(done));
    draining_ = true;
    if (time.count() <= 0) {
      close_all();
    } else {
      const Clock::time_point when = Clock::now() + time;
      if (!cut_.is_set() || when < cut_.time()) loop_.set(cut_, when);
      for (const auto& connection : connections_.all()) connection->drain();
    }
    check_drained();
  }

 private:
  class Cut final : public Alarm {
   public:
    explicit Cut(LoopHost& host) : host_(host) {}

   private:
    void ring() override {
      host_.close_all();
      host_.check_drained();
    }
    LoopHost& host_;
  };

  void close_all() {
    for (const auto& connection : connections_.take_all()) connection->close();
    note_count();
  }

  void note_count() noexcept { count_.store(connections_.size(), std::memory_order_relaxed); }

  void check_drained() {
    if (!draining_ || !connections_.empty()) return;
    loop_.clear(cut_);
    loop_.rest();
    for (const auto& done : std::exchange(done_, {})) loop_.post(done);
  }

  Loop loop_;
  std::shared_ptr<ServerCore> core_;
  std::shared_ptr<const Protocols> protocols_;
  ServedList connections_;
  std::atomic<std::size_t> count_{0};  // for other threads
  bool draining_ = false;
  std::vector<std::function<void()>> done_;
  Cut cut_{*this};
};

}  // namespace

std::shared_ptr<ServedConnection> open_door(std::unique_ptr<Connection> connection,
                                            std::shared_ptr<const Protocols> protocols, ServerHost& host) {
  return std::make_shared<Door>(std::move(connection), std::move(protocols), host);
}

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  using WorkGuard = asio::executor_work_guard<asio::io_context::executor_type>;

  Impl(asio::io_context* context, const Registry& registry, Protocols protocols, ServerOptions options)
      : core(std::make_shared<ServerCore>(registry, std::move(options))),
        protocols_(std::make_shared<const Protocols>(std::move(protocols))),
        owns_contexts_(context == nullptr) {
    if (context == nullptr)
      add_context();
    else
      hosts_.push_back(std::make_unique<LoopHost>(*context, core, protocols_));
  }

  ~Impl() { teardown(); }

  Result<Endpoint> listen(std::string_view address, std::shared_ptr<const Protocol> only) {
    Result<Endpoint> endpoint = Endpoint::parse(address);
    if (!endpoint.ok()) return endpoint;
    const std::shared_ptr<const Transport> transport = protocols_->transports.find(endpoint->scheme);
    if (transport == nullptr)
      return Status::invalid_argument("polyrpc: cannot listen on " + std::string(address) + ": no transport for " +
                                      endpoint->scheme + "://" +
                                      (endpoint->scheme == "http"    ? "; HTTP is served on tcp:// addresses"
                                       : endpoint->scheme == "https" ? "; HTTPS is served on tls:// addresses"
                                                                     : ""));
    core->registry().seal();
    if (core->has_interceptors()) {
      for (const MethodEntry* method : core->registry().methods())
        if (method->borrows)
          return Status::failed_precondition("polyrpc: the argument of " + method->name +
                                             " borrows from the message (string_view or span), which is not possible "
                                             "on a server with interceptors");
    }
    Result<std::unique_ptr<Listener>> made = transport->listen(*endpoint, hosts_.front()->loop());
    if (!made.ok()) return std::move(made).status();
    Listener& listener = **made;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_)
        return Status::unavailable("polyrpc: cannot listen on " + std::string(address) +
                                   ": the server has been shut down");
      listeners_.push_back(*std::move(made));
    }
    const std::weak_ptr<Impl> weak = weak_from_this();
    listener.start([this]() -> Loop& { return next_host().loop(); },
                   [weak, only](std::unique_ptr<Connection> connection) {
                     if (const auto self = weak.lock()) self->accepted(std::move(connection), only);
                   });
    return listener.local();
  }

  void run(std::size_t threads, bool with_signals) {
    if (!owns_contexts_) throw std::logic_error("polyrpc: this server runs on its caller's io_context; run that");
    {
      const std::lock_guard lock(mutex_);
      if (running_) throw std::logic_error("polyrpc: the server is being run already");
      running_ = true;
      while (contexts_.size() < threads) add_context();
      host_count_.store(hosts_.size(), std::memory_order_release);
    }
    if (with_signals) catch_signals();
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < contexts_.size(); ++i) others.emplace_back([this, i] { contexts_[i]->run(); });
    contexts_.front()->run();
    for (std::thread& thread : others) thread.join();
    const std::lock_guard lock(mutex_);
    running_ = false;
  }

  void catch_signals() {
    signals_ = std::make_unique<asio::signal_set>(hosts_.front()->loop().context(), SIGINT, SIGTERM);
    await_signal(false);
  }

  void shutdown(std::chrono::milliseconds drain_time, std::function<void()> finished) {
    std::vector<std::unique_ptr<Listener>> listeners;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      listeners.swap(listeners_);
    }
    core->set_draining();
    const std::size_t count = host_count_.load(std::memory_order_acquire);
    auto left = std::make_shared<std::atomic<std::size_t>>(count);
    auto self = shared_from_this();
    auto closing = std::make_shared<std::vector<std::unique_ptr<Listener>>>(std::move(listeners));
    hosts_.front()->loop().post([closing] {
      for (const auto& listener : *closing) listener->close();
    });
    for (std::size_t i = 0; i < count; ++i) {
      hosts_[i]->loop().post([self, i, drain_time, left, finished] {
        if (i >= self->hosts_.size()) return;  // the server has been destroyed meanwhile
        self->hosts_[i]->drain(drain_time, [self, left, finished] {
          if (left->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
          self->let_go();
          if (finished) finished();
        });
      });
    }
  }

  /// Ends everything at once, on the caller's thread, while no loop is running or from the loop's own.
  void teardown() {
    std::vector<std::unique_ptr<Listener>> listeners;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      listeners.swap(listeners_);
    }
    for (const auto& listener : listeners) listener->close();
    listeners.clear();
    if (signals_) {
      asio::error_code ignored;
      signals_->cancel(ignored);
    }
    signals_.reset();
    guards_.clear();
    hosts_.clear();
    contexts_.clear();  // and with them what was posted there and holds this object
  }

  const std::shared_ptr<ServerCore> core;

 private:
  void add_context() {
    contexts_.push_back(std::make_unique<asio::io_context>(1));
    guards_.push_back(std::make_unique<WorkGuard>(contexts_.back()->get_executor()));
    hosts_.push_back(std::make_unique<LoopHost>(*contexts_.back(), core, protocols_));
  }

  LoopHost& next_host() { return *hosts_[turn_++ % host_count_.load(std::memory_order_acquire)]; }

  void accepted(std::unique_ptr<Connection> connection, const std::shared_ptr<const Protocol>& only) {
    std::size_t total = 0;
    LoopHost* here = nullptr;
    const std::size_t count = host_count_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i) {
      total += hosts_[i]->count();
      if (hosts_[i]->loop().is_this_thread()) here = hosts_[i].get();
    }
    if (here == nullptr || here->draining()) return connection->close();
    if (total >= core->limits().connections) {
      core->log(LogLevel::warning, "polyrpc: too many connections, closing the one from " + connection->peer().address);
      return connection->close();
    }
    if (only != nullptr)
      here->adopt(only->serve(std::move(connection), {}, *here));
    else
      here->adopt(std::make_shared<Door>(std::move(connection), protocols_, *here));
  }

  void await_signal(bool again) {
    signals_->async_wait([this, again](const asio::error_code& error, int) {
      if (error) return;
      shutdown(again ? std::chrono::milliseconds(0) : core->options().drain_time, {});
      if (!again) await_signal(true);
    });
  }

  // Everything has ended: lets `run` return.
  void let_go() {
    const auto self = shared_from_this();
    hosts_.front()->loop().post([self] {
      if (self->signals_) {
        asio::error_code ignored;
        self->signals_->cancel(ignored);
      }
      for (const auto& guard : self->guards_) guard->reset();
    });
  }

  std::shared_ptr<const Protocols> protocols_;
  const bool owns_contexts_;
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<std::unique_ptr<WorkGuard>> guards_;
  std::vector<std::unique_ptr<LoopHost>> hosts_;
  std::atomic<std::size_t> host_count_{1};
  std::size_t turn_ = 0;  // the accepting loop's
  std::unique_ptr<asio::signal_set> signals_;

  std::mutex mutex_;  // guards all below
  std::vector<std::unique_ptr<Listener>> listeners_;
  bool stopping_ = false;
  bool running_ = false;
};

Server::Server(const Registry& registry, Protocols protocols, ServerOptions options)
    : impl_(std::make_shared<Impl>(nullptr, registry, std::move(protocols), std::move(options))) {}

Server::Server(asio::io_context& context, const Registry& registry, Protocols protocols, ServerOptions options)
    : impl_(std::make_shared<Impl>(&context, registry, std::move(protocols), std::move(options))) {}

Server::~Server() { impl_->teardown(); }

Server& Server::admit(Admission admission) {
  impl_->core->admissions_.push_back(std::move(admission));
  return *this;
}

Endpoint Server::listen(std::string_view address) { return try_listen(address).value(); }

Result<Endpoint> Server::try_listen(std::string_view address) { return impl_->listen(address, nullptr); }

Result<Endpoint> Server::try_listen(std::string_view address, std::shared_ptr<const Protocol> protocol) {
  return impl_->listen(address, std::move(protocol));
}

void Server::run(std::size_t threads) { impl_->run(threads, true); }
void Server::run_without_signals(std::size_t threads) { impl_->run(threads, false); }
void Server::shutdown_on_signals() { impl_->catch_signals(); }

void Server::shutdown(std::function<void()> finished) {
  impl_->shutdown(impl_->core->options().drain_time, std::move(finished));
}
void Server::shutdown(std::chrono::milliseconds drain_time, std::function<void()> finished) {
  impl_->shutdown(drain_time, std::move(finished));
}

const std::shared_ptr<ServerCore>& Server::core() const noexcept { return impl_->core; }
InterceptorList& Server::interceptors() { return impl_->core->interceptors(); }

}  // namespace polyrpc
