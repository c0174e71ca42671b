#include "polyrpc/transports/memory.hpp"

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/loop.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::string_view memory_scheme = "memory";

/// Keeps `io_context::run` going, as a socket does that is waited for.
using LoopWork = std::optional<asio::executor_work_guard<asio::io_context::executor_type>>;

constexpr std::size_t index(Direction direction) noexcept { return direction == Direction::read ? 0 : 1; }

/// Counts operations and spoils one.
class Faults {
 public:
  void set(std::optional<MemoryFault> fault) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    count_ = 0;
    happened_ = false;
  }
  bool happened() const {
    const std::lock_guard lock(mutex_);
    return happened_;
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

  /// What is to happen to this operation instead.
  std::optional<MemoryEffect> check(MemoryOperation operation, std::size_t end) {
    const MemorySide side = end == 0 ? MemorySide::dialler : MemorySide::acceptor;
    const std::lock_guard lock(mutex_);
    if (fault_ && fault_->operation != MemoryOperation::any && fault_->operation != operation) return std::nullopt;
    if (fault_ && fault_->side != MemorySide::any && fault_->side != side) return std::nullopt;
    ++count_;
    if (!fault_ || happened_ || count_ != fault_->nth) return std::nullopt;
    happened_ = true;
    return fault_->effect;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<MemoryFault> fault_;
  std::size_t count_ = 0;
  bool happened_ = false;
};

/// Two directions of bytes, and who waits at each end.
class Pipe : public std::enable_shared_from_this<Pipe> {
 public:
  Pipe(std::shared_ptr<Faults> faults, const MemoryOptions& options, std::string address)
      : name(std::move(address)), faults_(std::move(faults)), options_(options) {}

  const std::string name;  // the dialled address

  void set_loop(std::size_t end, Loop* loop) {
    const std::lock_guard lock(mutex_);
    ends_[end].loop = loop;
  }

  IoResult read(std::size_t end, std::span<std::byte> into) {
    const auto effect = faults_->check(MemoryOperation::read, end);
    const std::lock_guard lock(mutex_);
    if (effect) spoil(*effect, "read");
    if (broken_ || ends_[end].closed) return {IoState::failed};
    ByteQueue& bytes = ends_[end].incoming;
    if (bytes.empty() || into.empty()) return {read_has_ended(end) ? IoState::closed : IoState::would_block};
    std::size_t count = (std::min)(into.size(), bytes.size());
    if (options_.chunk_bytes != 0) count = (std::min)(count, options_.chunk_bytes);
    std::copy_n(bytes.data(), count, into.data());
    bytes.consume(count);
    wake(other(end), Direction::write);
    return {IoState::done, count};
  }

  IoResult write(std::size_t end, std::span<const std::byte> from) {
    const auto effect = faults_->check(MemoryOperation::write, end);
    const std::lock_guard lock(mutex_);
    if (effect) spoil(*effect, "write");
    if (broken_ || ends_[end].closed) return {IoState::failed};
    if (write_has_ended(end)) return {IoState::closed};
    ByteQueue& bytes = ends_[other(end)].incoming;
    const std::size_t count = (std::min)(from.size(), room(bytes));
    if (count == 0) return {IoState::would_block};
    bytes.append(from.first(count));
    wake(other(end), Direction::read);
    return {IoState::done, count};
  }

  Status error() const {
    const std::lock_guard lock(mutex_);
    return broken_ ? *broken_ : Status::unavailable("memory: connection closed");
  }

  void wait(std::size_t end, Direction direction, ReadyListener& listener) {
    const auto effect = faults_->check(MemoryOperation::wait, end);
    const std::lock_guard lock(mutex_);
    if (ends_[end].loop == nullptr)
      throw std::logic_error("memory: a connection made for blocking use has no loop to wait on");
    if (effect) spoil(*effect, "wait");
    Waiter& waiter = ends_[end].waiters[index(direction)];
    if (ends_[end].closed) return;
    assert(waiter.listener == nullptr);
    waiter.listener = &listener;
    waiter.work.emplace(ends_[end].loop->context().get_executor());
    if (is_ready(end, direction)) wake(end, direction);
  }

  Status wait_until(std::size_t end, std::optional<Direction> direction, std::optional<Clock::time_point> deadline) {
    const auto effect = faults_->check(MemoryOperation::wait, end);
    std::unique_lock lock(mutex_);
    if (ends_[end].loop != nullptr) return Status::failed_precondition("memory: this connection belongs to a loop");
    if (effect) spoil(*effect, "wait");
    bool& interrupted = ends_[end].waiters[index(direction.value_or(Direction::read))].interrupted;
    const auto over = [&] {
      return interrupted || (direction != Direction::write && is_ready(end, Direction::read)) ||
             (direction != Direction::read && is_ready(end, Direction::write));
    };
    if (deadline) {
      if (!changed_.wait_until(lock, *deadline, over)) return Status::deadline_exceeded("memory: deadline exceeded");
    } else {
      changed_.wait(lock, over);
    }
    if (std::exchange(interrupted, false)) return Status::cancelled("memory: wait interrupted");
    if (broken_) return *broken_;
    if (ends_[end].closed) return Status::unavailable("memory: connection closed");
    return {};
  }

  void interrupt(std::size_t end) {
    const std::lock_guard lock(mutex_);
    for (Waiter& waiter : ends_[end].waiters) waiter.interrupted = true;
    changed_.notify_all();
  }

  void shutdown_write(std::size_t end) {
    const std::lock_guard lock(mutex_);
    ends_[end].finished = true;
    wake(other(end), Direction::read);
  }

  void close(std::size_t end) {
    const std::lock_guard lock(mutex_);
    End& mine = ends_[end];
    if (mine.closed) return;
    mine.closed = mine.finished = true;
    mine.incoming.release();
    for (Waiter& waiter : mine.waiters) {
      waiter.listener = nullptr;
      waiter.work.reset();
    }
    wake_all();
  }

  void spoil_now(MemoryEffect effect, std::string_view where) {
    const std::lock_guard lock(mutex_);
    spoil(effect, where);
  }

 private:
  struct Waiter {
    ReadyListener* listener = nullptr;
    LoopWork work;  // while there is a listener
    bool posted = false;
    bool interrupted = false;
  };
  struct End {
    ByteQueue incoming;
    bool finished = false;  // sends no more
    bool closed = false;
    Loop* loop = nullptr;
    std::array<Waiter, 2> waiters;
  };

  static std::size_t other(std::size_t end) noexcept { return 1 - end; }

  // All below with the mutex held.

  std::size_t room(const ByteQueue& bytes) const noexcept {
    const std::size_t limit = (std::max)(options_.buffer_bytes, std::size_t{1});
    return limit - (std::min)(limit, bytes.size());
  }
  bool read_has_ended(std::size_t end) const noexcept { return cut_ || ends_[other(end)].finished; }
  bool write_has_ended(std::size_t end) const noexcept {
    return cut_ || ends_[end].finished || ends_[other(end)].closed;
  }
  bool is_ready(std::size_t end, Direction direction) const noexcept {
    if (broken_ || ends_[end].closed) return true;
    if (direction == Direction::read) return !ends_[end].incoming.empty() || read_has_ended(end);
    return write_has_ended(end) || room(ends_[other(end)].incoming) > 0;
  }

  void spoil(MemoryEffect effect, std::string_view where) {
    if (effect == MemoryEffect::fail)
      broken_ = Status::unavailable("memory: connection broken: fault injected at a " + std::string(where));
    else
      cut_ = true;
    for (End& end : ends_) end.incoming.clear();
    wake_all();
  }

  void wake_all() {
    for (std::size_t end = 0; end < 2; ++end)
      for (const Direction direction : {Direction::read, Direction::write}) wake(end, direction);
  }

  void wake(std::size_t end, Direction direction) {
    if (ends_[end].loop == nullptr) return changed_.notify_all();
    Waiter& waiter = ends_[end].waiters[index(direction)];
    if (waiter.listener == nullptr || waiter.posted) return;
    waiter.posted = true;
    ends_[end].loop->post([self = shared_from_this(), end, direction] { self->fire(end, direction); });
  }

  // On the end's loop, and so never while its owner closes it.
  void fire(std::size_t end, Direction direction) {
    ReadyListener* listener = nullptr;
    {
      const std::lock_guard lock(mutex_);
      Waiter& waiter = ends_[end].waiters[index(direction)];
      waiter.posted = false;
      listener = std::exchange(waiter.listener, nullptr);
      waiter.work.reset();
    }
    if (listener != nullptr) listener->ready(direction);
  }

  const std::shared_ptr<Faults> faults_;
  const MemoryOptions options_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::array<End, 2> ends_;
  std::optional<Status> broken_;
  bool cut_ = false;
};

class MemoryConnection final : public Connection {
 public:
  MemoryConnection(std::shared_ptr<Pipe> pipe, std::size_t end, Loop* loop) : pipe_(std::move(pipe)), end_(end) {
    pipe_->set_loop(end, loop);
    peer_.address = pipe_->name;
  }
  ~MemoryConnection() override { pipe_->close(end_); }

  const PeerInfo& peer() const noexcept override { return peer_; }
  IoResult read_some(std::span<std::byte> into) override { return pipe_->read(end_, into); }
  IoResult write_some(std::span<const std::byte> from) override { return pipe_->write(end_, from); }
  Status error() const override { return pipe_->error(); }
  void wait(Direction direction, ReadyListener& listener) override { pipe_->wait(end_, direction, listener); }
  Status wait_until(Direction direction, std::optional<Clock::time_point> deadline) override {
    return pipe_->wait_until(end_, direction, deadline);
  }
  Status wait_until_either(std::optional<Clock::time_point> deadline) override {
    return pipe_->wait_until(end_, std::nullopt, deadline);
  }
  void interrupt() override { pipe_->interrupt(end_); }
  void shutdown_write() override { pipe_->shutdown_write(end_); }
  void close() override { pipe_->close(end_); }

 private:
  std::shared_ptr<Pipe> pipe_;
  std::size_t end_;
  PeerInfo peer_;
};

}  // namespace

class MemoryNetwork::Impl : public std::enable_shared_from_this<MemoryNetwork::Impl> {
 public:
  explicit Impl(const MemoryOptions& options) : options_(options) {}

  const std::shared_ptr<Faults> faults = std::make_shared<Faults>();

  std::shared_ptr<Pipe> make_pipe(std::string name) const {
    return std::make_shared<Pipe>(faults, options_, std::move(name));
  }

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop);

  /// A pipe of which the other end has been handed to the listener.
  Result<std::shared_ptr<Pipe>> connect(const Endpoint& endpoint);

 private:
  class Accepting;
  class MemoryListener;

  const MemoryOptions options_;
  std::mutex mutex_;  // guards listeners_
  std::map<std::string, std::shared_ptr<Accepting>, std::less<>> listeners_;
};

/// What a listener and those who dial it share.
class MemoryNetwork::Impl::Accepting : public std::enable_shared_from_this<Accepting> {
 public:
  Accepting(std::shared_ptr<Faults> faults, Loop& loop)
      : faults_(std::move(faults)), loop_(loop), work_(loop.context().get_executor()) {}

  void start(LoopPicker pick, AcceptHandler accepted) {
    const std::lock_guard lock(mutex_);
    pick_ = std::move(pick);
    accepted_ = std::move(accepted);
    started_ = true;
    if (!waiting_.empty() && !closed_) post();
  }

  bool add(std::shared_ptr<Pipe> pipe) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    waiting_.push_back(std::move(pipe));
    if (started_) post();
    return true;
  }

  void close() {
    std::vector<std::shared_ptr<Pipe>> dropped;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    work_.reset();
    dropped.swap(waiting_);
    for (const auto& pipe : dropped) pipe->close(1);
  }

 private:
  void post() {
    loop_.post([self = shared_from_this()] { self->accept_all(); });
  }

  void accept_all() {
    std::vector<std::shared_ptr<Pipe>> all;
    {
      const std::lock_guard lock(mutex_);
      all.swap(waiting_);
    }
    for (auto& pipe : all) {
      if (const auto effect = faults_->check(MemoryOperation::accept, 1)) {
        pipe->spoil_now(*effect, "accept");
        pipe->close(1);
        continue;
      }
      if (is_closed()) {
        pipe->close(1);
        continue;
      }
      Loop& picked = pick_();
      if (&picked == &loop_) {
        accepted_(std::make_unique<MemoryConnection>(std::move(pipe), 1, &picked));
      } else {
        picked.post([self = shared_from_this(), pipe, &picked] {
          if (self->is_closed()) return pipe->close(1);
          self->accepted_(std::make_unique<MemoryConnection>(pipe, 1, &picked));
        });
      }
    }
  }

  bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  const std::shared_ptr<Faults> faults_;
  Loop& loop_;
  LoopPicker pick_;           // set before started_, then only read
  AcceptHandler accepted_;    // the same
  mutable std::mutex mutex_;  // guards all below
  std::vector<std::shared_ptr<Pipe>> waiting_;
  LoopWork work_;
  bool started_ = false;
  bool closed_ = false;
};

class MemoryNetwork::Impl::MemoryListener final : public Listener {
 public:
  MemoryListener(std::shared_ptr<Impl> network, std::shared_ptr<Accepting> accepting, Endpoint local)
      : network_(std::move(network)), accepting_(std::move(accepting)), local_(std::move(local)) {}
  ~MemoryListener() override { close(); }

  void start(LoopPicker pick, AcceptHandler accepted) override {
    accepting_->start(std::move(pick), std::move(accepted));
  }
  Endpoint local() const override { return local_; }
  void close() override {
    {
      const std::lock_guard lock(network_->mutex_);
      const auto found = network_->listeners_.find(local_.host);
      if (found != network_->listeners_.end() && found->second == accepting_) network_->listeners_.erase(found);
    }
    accepting_->close();
  }

 private:
  std::shared_ptr<Impl> network_;
  std::shared_ptr<Accepting> accepting_;
  Endpoint local_;
};

Result<std::unique_ptr<Listener>> MemoryNetwork::Impl::listen(const Endpoint& endpoint, Loop& loop) {
  if (endpoint.scheme != memory_scheme)
    return Status::invalid_argument("memory: " + endpoint.to_string() + " is no memory:// address");
  auto accepting = std::make_shared<Accepting>(faults, loop);
  {
    const std::lock_guard lock(mutex_);
    if (!listeners_.emplace(endpoint.host, accepting).second)
      return Status::unavailable("memory: cannot listen on " + endpoint.host + ": address already in use");
  }
  return std::make_unique<MemoryListener>(shared_from_this(), std::move(accepting), endpoint);
}

Result<std::shared_ptr<Pipe>> MemoryNetwork::Impl::connect(const Endpoint& endpoint) {
  if (endpoint.scheme != memory_scheme)
    return Status::invalid_argument("memory: " + endpoint.to_string() + " is no memory:// address");
  const std::string cannot = "memory: cannot connect to " + endpoint.host + ": ";
  const auto effect = faults->check(MemoryOperation::dial, 0);
  if (effect == MemoryEffect::fail) return Status::unavailable(cannot + "fault injected");
  std::shared_ptr<Accepting> accepting;
  {
    const std::lock_guard lock(mutex_);
    const auto found = listeners_.find(endpoint.host);
    if (found != listeners_.end()) accepting = found->second;
  }
  auto pipe = make_pipe(endpoint.to_string());
  if (!accepting || !accepting->add(pipe)) return Status::unavailable(cannot + "nobody listens there");
  if (effect) pipe->spoil_now(*effect, "dial");
  return pipe;
}

namespace {

class MemoryTransport final : public Transport {
 public:
  using ListenFunction = std::function<Result<std::unique_ptr<Listener>>(const Endpoint& endpoint, Loop& loop)>;
  using ConnectFunction = std::function<Result<std::shared_ptr<Pipe>>(const Endpoint& endpoint)>;

  MemoryTransport(ListenFunction listen, ConnectFunction connect)
      : listen_(std::move(listen)), connect_(std::move(connect)) {}

  std::string_view scheme() const noexcept override { return memory_scheme; }

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop) const override {
    return listen_(endpoint, loop);
  }

  std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const override {
    const auto kept = std::make_shared<DialHandler>(std::move(done));
    loop.post([connect = connect_, endpoint, kept, &loop] {
      if (!*kept) return;
      const DialHandler handler = std::exchange(*kept, nullptr);
      Result<std::shared_ptr<Pipe>> pipe = connect(endpoint);
      if (!pipe.ok()) return handler(std::move(pipe).status());
      handler(std::make_unique<MemoryConnection>(*std::move(pipe), 0, &loop));
    });
    return [kept] { *kept = nullptr; };
  }

  Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point>,
                                           const std::stop_token&) const override {
    Result<std::shared_ptr<Pipe>> pipe = connect_(endpoint);
    if (!pipe.ok()) return std::move(pipe).status();
    return std::make_unique<MemoryConnection>(*std::move(pipe), 0, nullptr);
  }

 private:
  ListenFunction listen_;
  ConnectFunction connect_;
};

}  // namespace

MemoryNetwork::MemoryNetwork(MemoryOptions options) : impl_(std::make_shared<Impl>(options)) {}
MemoryNetwork::~MemoryNetwork() = default;

std::shared_ptr<const Transport> MemoryNetwork::transport() const {
  return std::make_shared<const MemoryTransport>(
      [impl = impl_](const Endpoint& endpoint, Loop& loop) { return impl->listen(endpoint, loop); },
      [impl = impl_](const Endpoint& endpoint) { return impl->connect(endpoint); });
}

MemoryNetwork::Pair MemoryNetwork::pair() {
  auto pipe = impl_->make_pipe("memory://pair");
  return {std::make_unique<MemoryConnection>(pipe, 0, nullptr), std::make_unique<MemoryConnection>(pipe, 1, nullptr)};
}

MemoryNetwork::Pair MemoryNetwork::pair(Loop& first) {
  auto pipe = impl_->make_pipe("memory://pair");
  return {std::make_unique<MemoryConnection>(pipe, 0, &first), std::make_unique<MemoryConnection>(pipe, 1, nullptr)};
}

MemoryNetwork::Pair MemoryNetwork::pair(Loop& first, Loop& second) {
  auto pipe = impl_->make_pipe("memory://pair");
  return {std::make_unique<MemoryConnection>(pipe, 0, &first), std::make_unique<MemoryConnection>(pipe, 1, &second)};
}

void MemoryNetwork::inject(const MemoryFault& fault) { impl_->faults->set(fault); }
void MemoryNetwork::clear_fault() { impl_->faults->set(std::nullopt); }
bool MemoryNetwork::fault_happened() const { return impl_->faults->happened(); }
std::size_t MemoryNetwork::operations() const { return impl_->faults->count(); }

}  // namespace polyrpc
