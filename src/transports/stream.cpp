#include "stream.hpp"

#include "polyrpc/runtime/loop.hpp"

#include "wait.hpp"

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <new>
#include <stdexcept>
#include <variant>

namespace polyrpc::sockets {

namespace {

using Protocol = asio::generic::stream_protocol;
using AsioSocket = asio::basic_stream_socket<Protocol, asio::io_context::executor_type>;

constexpr std::size_t index(Direction direction) noexcept { return direction == Direction::read ? 0 : 1; }

/// Names the peer when asked: most connections come and go without anybody asking.
class PeerName {
 public:
  explicit PeerName(const Address& address) noexcept {
    sockaddr_in6 ip{};  // or a sockaddr_in, which is smaller
    std::memcpy(&ip, address.data(), (std::min)(static_cast<std::size_t>(address.size()), sizeof ip));
    name_ = ip;
  }
  explicit PeerName(std::shared_ptr<const std::string> text) noexcept : name_(std::move(text)) {}

  std::string text() const {
    if (const auto* text = std::get_if<std::shared_ptr<const std::string>>(&name_)) return **text;
    const auto& ip = std::get<sockaddr_in6>(name_);
    return Address::ip(reinterpret_cast<const sockaddr*>(&ip), sizeof ip).to_string();
  }

 private:
  std::variant<sockaddr_in6, std::shared_ptr<const std::string>> name_;
};

Status broken(std::string_view scheme, int error) {
  std::string text(scheme);
  if (error == 0) return Status::unavailable(text + ": connection closed");
  return Status::unavailable(text + ": connection broken: " + reason(system_error(error)));
}

/// A connection on a loop. Its pending waits keep the memory, in which the one that is always there, for reading, has
/// its place too: an idle connection is one block here and one in asio's reactor.
class LoopConnection final : public Connection {
 public:
  LoopConnection(std::string_view scheme, asio::io_context& context, Socket socket, PeerName peer)
      : scheme_(scheme), name_(std::move(peer)), socket_(context) {
    const Address local = local_address(socket.get());
    socket_.assign(Protocol(local.family(), 0), socket.get());
    static_cast<void>(socket.release());
  }
  LoopConnection(const LoopConnection&) = delete;
  LoopConnection& operator=(const LoopConnection&) = delete;
  ~LoopConnection() override = default;

  static void operator delete(LoopConnection* connection, std::destroying_delete_t) {
    connection->close();
    connection->release();
  }

  const PeerInfo& peer() const noexcept override {
    if (!peer_) {
      peer_ = std::make_unique<PeerInfo>();
      peer_->address = std::string(scheme_) + "://" + name_.text();
    }
    return *peer_;
  }

  IoResult read_some(std::span<std::byte> into) override {
    if (closed_) return {IoState::failed};
    return receive(socket_.native_handle(), into, error_);
  }
  IoResult write_some(std::span<const std::byte> from) override {
    if (closed_) return {IoState::failed};
    return send(socket_.native_handle(), from, error_);
  }
  Status error() const override { return broken(scheme_, error_); }

  void wait(Direction direction, ReadyListener& listener) override {
    if (closed_) return;
    ReadyListener*& waiting = listeners_[index(direction)];
    assert(waiting == nullptr);
    waiting = &listener;
    if (direction == Direction::read)
      socket_.async_wait(AsioSocket::wait_read, Ready<Direction::read>(*this));
    else
      socket_.async_wait(AsioSocket::wait_write, Ready<Direction::write>(*this));
  }

  Status wait_until(Direction, std::optional<Clock::time_point>) override {
    return Status::failed_precondition(std::string(scheme_) + ": this connection belongs to a loop");
  }
  void interrupt() override {}

  void shutdown_write() override {
    if (!closed_) sockets::shutdown_write(socket_.native_handle());
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    listeners_ = {};
    asio::error_code ignored;
    socket_.close(ignored);
  }

 private:
  void release() noexcept {
    if (--users_ != 0) return;
    this->~LoopConnection();
    ::operator delete(this);
  }

  /// Places asio's record of a wait for reading in the connection, and others on the heap.
  template <class T>
  struct Allocator {
    using value_type = T;

    explicit Allocator(LoopConnection& of) noexcept : connection(&of) {}
    template <class Other>
    explicit(false) Allocator(const Allocator<Other>& other) noexcept : connection(other.connection) {}

    T* allocate(std::size_t count) {
      const std::size_t size = count * sizeof(T);
      if (size <= sizeof connection->record_ && alignof(T) <= alignof(std::max_align_t) &&
          !std::exchange(connection->record_taken_, true))
        return reinterpret_cast<T*>(connection->record_);
      return static_cast<T*>(::operator new(size));
    }
    void deallocate(T* memory, std::size_t) noexcept {
      if (reinterpret_cast<std::byte*>(memory) == connection->record_)
        connection->record_taken_ = false;
      else
        ::operator delete(memory);
    }
    template <class Other>
    bool operator==(const Allocator<Other>& other) const noexcept {
      return connection == other.connection;
    }

    LoopConnection* connection;
  };

  template <Direction direction>
  class Ready {
   public:
    using allocator_type = Allocator<std::byte>;

    explicit Ready(LoopConnection& connection) noexcept : connection_(&connection) { ++connection_->users_; }
    Ready(Ready&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    Ready& operator=(Ready&&) = delete;
    ~Ready() {
      if (connection_ != nullptr) connection_->release();
    }

    allocator_type get_allocator() const noexcept { return allocator_type(*connection_); }

    void operator()(const asio::error_code&) const {
      if (connection_->closed_) return;
      if (ReadyListener* listener = std::exchange(connection_->listeners_[index(direction)], nullptr))
        listener->ready(direction);
    }

   private:
    LoopConnection* connection_;
  };

  std::string_view scheme_;
  PeerName name_;
  AsioSocket socket_;
  std::array<ReadyListener*, 2> listeners_{};
  mutable std::unique_ptr<PeerInfo> peer_;
  int error_ = 0;
  std::uint16_t users_ = 1;  // the owner, and each pending wait
  bool closed_ = false;
  bool record_taken_ = false;
  alignas(std::max_align_t) std::byte record_[80];
};

/// A connection for blocking calls. Two threads may use the two directions.
class BlockingConnection final : public Connection {
 public:
  BlockingConnection(std::string_view scheme, Socket socket, std::string peer)
      : scheme_(scheme), socket_(std::move(socket)) {
    peer_.address = std::move(peer);
  }

  const PeerInfo& peer() const noexcept override { return peer_; }

  IoResult read_some(std::span<std::byte> into) override {
    if (!socket_) return {IoState::failed};
    int error = 0;
    return noted(receive(socket_.get(), into, error), error);
  }
  IoResult write_some(std::span<const std::byte> from) override {
    if (!socket_) return {IoState::failed};
    int error = 0;
    return noted(send(socket_.get(), from, error), error);
  }
  Status error() const override { return broken(scheme_, error_.load(std::memory_order_relaxed)); }

  void wait(Direction, ReadyListener&) override {
    throw std::logic_error(std::string(scheme_) + ": a connection made for blocking use has no loop to wait on");
  }
  Status wait_until(Direction direction, std::optional<Clock::time_point> deadline) override {
    if (!socket_) return error();
    return wait_for(socket_.get(), direction, deadline, interrupts_[index(direction)], scheme_);
  }
  Status wait_until_either(std::optional<Clock::time_point> deadline) override {
    if (!socket_) return error();
    return wait_for(socket_.get(), std::nullopt, deadline, interrupts_[index(Direction::read)], scheme_);
  }
  void interrupt() override {
    for (Interrupt& one : interrupts_) one.request();
  }

  void shutdown_write() override {
    if (socket_) sockets::shutdown_write(socket_.get());
  }
  void close() override { socket_.close(); }

 private:
  IoResult noted(IoResult result, int error) noexcept {
    if (error != 0) error_.store(error, std::memory_order_relaxed);
    return result;
  }

  std::string_view scheme_;
  Socket socket_;
  std::atomic<int> error_{0};
  PeerInfo peer_;
  std::array<Interrupt, 2> interrupts_;
};

std::string target_text(const SocketKind& kind, const Target& target) {
  return std::string(kind.scheme) + "://" + target.name;
}

/// What to say when no target could be connected to.
class DialErrors {
 public:
  DialErrors(std::string_view scheme, std::string name) : scheme_(scheme), name_(std::move(name)) {}

  void add(const Target& target, const std::error_code& error) {
    code_ = dial_code(error);
    if (!text_.empty()) text_ += "; ";
    if (target.name != name_) text_ += target.name + ": ";
    text_ += reason(error);
  }
  Status status() const { return {code_, start() + text_}; }
  Status deadline_exceeded() const { return Status::deadline_exceeded(start() + "deadline exceeded"); }

 private:
  std::string start() const { return std::string(scheme_) + ": cannot connect to " + name_ + ": "; }

  std::string_view scheme_;
  std::string name_;
  std::string text_;
  StatusCode code_ = StatusCode::unavailable;
};

/// Looks again at a connection that is said to be made. TCP connects to itself when it picks the port that it dials as
/// its own: there is nobody else then.
std::error_code check_connected(const Socket& socket, const Target& target) {
  const Address remote = remote_address(socket.get());
  if (remote.size() == 0) return std::make_error_code(std::errc::not_connected);
  if (target.address.family() != AF_UNIX && local_address(socket.get()) == remote)
    return std::make_error_code(std::errc::connection_refused);
  return {};
}

bool is_queue_full(const std::error_code& error, const Target& target) noexcept {
  return target.address.family() == AF_UNIX && error == std::errc::resource_unavailable_try_again;
}

/// Between attempts to get into a full queue.
class Pauses {
 public:
  std::chrono::milliseconds next() noexcept {
    const auto pause = pause_;
    pause_ = (std::min)(pause_ * 2, std::chrono::milliseconds(50));
    return pause;
  }

 private:
  std::chrono::milliseconds pause_{1};
};

/// Connects on this thread, waiting as `wait` does (until the deadline, or until the dial is given up), and says how
/// that ended.
template <class Wait>
Status connect_here(Socket& socket, const Target& target, const Wait& wait, std::error_code& error) {
  for (Pauses pauses; !socket.connect(target.address, error);) {
    if (!error) {
      if (Status waited = wait(socket.get(), std::nullopt); !waited.ok()) return waited;
      error = socket.connect_outcome();
      break;
    }
    if (!is_queue_full(error, target)) break;
    if (Status waited = wait(no_handle, Clock::now() + pauses.next()); !waited.ok()) return waited;
  }
  if (!error) error = check_connected(socket, target);
  return {};
}

class LoopDial final : public std::enable_shared_from_this<LoopDial>, private Alarm {
 public:
  LoopDial(SocketKind kind, Loop& loop, DialHandler done) : kind_(kind), loop_(loop), done_(std::move(done)) {}

  void start(const FindTargets& find) {
    auto cancel = find([self = shared_from_this()](Result<Targets> targets) { self->found(std::move(targets)); });
    if (!over_) cancel_find_ = std::move(cancel);
  }

  void cancel() {
    if (over_) return;
    over_ = true;
    done_ = nullptr;
    if (const auto cancel_find = std::exchange(cancel_find_, nullptr)) cancel_find();
    if (is_set()) loop_.clear(*this);
    asio_socket_.reset();
    kept_.reset();
  }

 private:
  void found(Result<Targets> targets) {
    if (over_) return;
    cancel_find_ = nullptr;
    if (!targets.ok()) return finish(std::move(targets).status());
    targets_ = std::move(targets->list);
    errors_.emplace(kind_.scheme, std::move(targets->name));
    try_targets();
  }

  void try_targets() {
    for (; next_ < targets_.size(); ++next_) {
      const Target& target = targets_[next_];
      std::error_code error;
      Socket socket = Socket::open(target.address.family(), error);
      if (!error) {
        kind_.prepare(socket.get());
        if (target.address.family() == AF_UNIX) {
          if (socket.connect(target.address, error)) return connected(std::move(socket));
          if (is_queue_full(error, target)) return pause();
        } else {
          connect(std::move(socket), target, error);
          if (!error) return;
        }
      }
      errors_->add(target, error);
    }
    finish(errors_->status());
  }

  void connect(Socket socket, const Target& target, std::error_code& error) {
    asio_socket_.emplace(loop_.context());
    asio_socket_->assign(Protocol(target.address.family(), 0), socket.get(), error);
    if (error) return asio_socket_.reset();
    static_cast<void>(socket.release());
    const Protocol::endpoint endpoint(target.address.data(), static_cast<std::size_t>(target.address.size()));
    asio_socket_->async_connect(endpoint, [self = shared_from_this()](asio::error_code outcome) {
      if (self->over_) return;
      // What asio knows of the socket ends here; the connection begins with the socket alone.
      Socket made;
      if (!outcome) made = Socket(self->asio_socket_->release(outcome));
      self->asio_socket_.reset();
      if (!outcome) outcome = check_connected(made, self->targets_[self->next_]);
      if (!outcome) return self->connected(std::move(made));
      self->errors_->add(self->targets_[self->next_], outcome);
      ++self->next_;
      self->try_targets();
    });
  }

  // The dial keeps itself until the alarm rings.
  void pause() {
    kept_ = shared_from_this();
    loop_.set(*this, Clock::now() + pauses_.next());
  }
  void ring() override {
    const auto self = std::exchange(kept_, nullptr);
    try_targets();
  }

  void connected(Socket socket) {
    kind_.configure(socket.get());
    auto name = std::make_shared<const std::string>(targets_[next_].name);
    finish(
        std::make_unique<LoopConnection>(kind_.scheme, loop_.context(), std::move(socket), PeerName(std::move(name))));
  }

  // Later, even if the outcome is known at once.
  void finish(Result<std::unique_ptr<Connection>> outcome) {
    auto kept = std::make_shared<Result<std::unique_ptr<Connection>>>(std::move(outcome));
    loop_.post([self = shared_from_this(), kept] {
      if (self->over_) return;
      self->over_ = true;
      const DialHandler done = std::exchange(self->done_, nullptr);
      done(std::move(*kept));
    });
  }

  SocketKind kind_;
  Loop& loop_;
  DialHandler done_;
  std::function<void()> cancel_find_;
  std::vector<Target> targets_;
  std::optional<DialErrors> errors_;
  std::size_t next_ = 0;
  std::optional<AsioSocket> asio_socket_;
  Pauses pauses_;
  std::shared_ptr<LoopDial> kept_;
  bool over_ = false;
};

/// Accepts, and hands each connection to the loop that is picked for it.
class StreamListener final : public Listener {
 public:
  StreamListener(SocketKind kind, Socket socket, Loop& loop, Endpoint local, std::function<void()> closed)
      : state_(std::make_shared<State>(kind, socket, loop, std::move(local), std::move(closed))) {}
  ~StreamListener() override { close(); }

  void start(LoopPicker pick, AcceptHandler accepted) override {
    state_->pick = std::move(pick);
    state_->accepted = std::move(accepted);
    state_->wait();
  }
  Endpoint local() const override { return state_->local; }
  void close() override { state_->close(); }

 private:
  struct State final : std::enable_shared_from_this<State>, private Alarm {
    State(SocketKind what, Socket& from, Loop& where, Endpoint address, std::function<void()> at_close)
        : kind(what),
          loop(where),
          socket(where.context()),
          local(std::move(address)),
          path(std::make_shared<const std::string>(local.host)),
          on_close(std::move(at_close)) {
      const Address bound = local_address(from.get());
      socket.assign(Protocol(bound.family(), 0), from.get());
      static_cast<void>(from.release());
    }

    void wait() {
      socket.async_wait(AsioSocket::wait_read, [self = shared_from_this()](const asio::error_code& error) {
        if (!error) self->accept_all();
      });
    }

    void accept_all() {
      // Others have to get a turn too.
      for (int i = 0; i < 64; ++i) {
        if (closed) return;
        Address address;
        std::error_code error;
        Socket accepted_socket = Socket::accept(socket.native_handle(), address, error);
        if (!error)
          hand_over(std::move(accepted_socket), address);
        else if (error == std::errc::operation_would_block)
          break;
        else if (!is_passing(error))
          return loop.set(*this, Clock::now() + std::chrono::milliseconds(50));
      }
      if (!closed) wait();
    }

    // Descriptors or memory are short: the connections wait in the system's queue meanwhile.
    void ring() override { wait(); }

    void hand_over(Socket from, const Address& address) {
      kind.configure(from.get());
      const PeerName peer = address.family() == AF_UNIX ? PeerName(path) : PeerName(address);
      Loop& picked = pick();
      if (&picked == &loop)
        return accepted(std::make_unique<LoopConnection>(kind.scheme, loop.context(), std::move(from), peer));
      auto shared = std::make_shared<Socket>(std::move(from));
      picked.post([self = shared_from_this(), &picked, shared, peer] {
        if (self->closed) return;
        self->accepted(std::make_unique<LoopConnection>(self->kind.scheme, picked.context(), std::move(*shared), peer));
      });
    }

    void close() {
      if (closed.exchange(true)) return;
      if (is_set()) loop.clear(*this);
      asio::error_code ignored;
      socket.close(ignored);
      if (on_close) on_close();
    }

    const SocketKind kind;
    Loop& loop;
    AsioSocket socket;  // asio's acceptor could do no more than tell when to accept
    const Endpoint local;
    const std::shared_ptr<const std::string> path;
    std::function<void()> on_close;
    LoopPicker pick;
    AcceptHandler accepted;
    std::atomic<bool> closed{false};
  };

  std::shared_ptr<State> state_;
};

}  // namespace

std::function<void()> dial_on_loop(SocketKind kind, Loop& loop, FindTargets find, DialHandler done) {
  auto dial = std::make_shared<LoopDial>(kind, loop, std::move(done));
  dial->start(find);
  return [dial] { dial->cancel(); };
}

Result<std::unique_ptr<Connection>> dial_here(const SocketKind& kind, const Targets& targets,
                                              std::optional<Clock::time_point> deadline, const std::stop_token& stop) {
  Interrupt interrupt;
  const std::stop_callback on_stop(stop, [&] { interrupt.request(); });
  DialErrors errors(kind.scheme, targets.name);
  // Until the handle can be written, or, without one, until the end of a pause.
  const auto wait = [&](Handle handle, std::optional<Clock::time_point> pause_end) -> Status {
    const bool pausing = pause_end && (!deadline || *pause_end < *deadline);
    const Status waited = wait_for(handle, Direction::write, pausing ? pause_end : deadline, interrupt, kind.scheme);
    if (waited.code() != StatusCode::deadline_exceeded) return waited;
    return pausing ? Status() : errors.deadline_exceeded();
  };
  for (const Target& target : targets.list) {
    std::error_code error;
    Socket socket = Socket::open(target.address.family(), error);
    if (!error) {
      kind.prepare(socket.get());
      if (Status status = connect_here(socket, target, wait, error); !status.ok()) return status;
    }
    if (!error) {
      kind.configure(socket.get());
      return std::make_unique<BlockingConnection>(kind.scheme, std::move(socket), target_text(kind, target));
    }
    errors.add(target, error);
  }
  return errors.status();
}

std::unique_ptr<Listener> make_listener(SocketKind kind, Socket socket, Loop& loop, Endpoint local,
                                        std::function<void()> closed) {
  return std::make_unique<StreamListener>(kind, std::move(socket), loop, std::move(local), std::move(closed));
}

}  // namespace polyrpc::sockets
