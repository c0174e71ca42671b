#include "dump_transport.hpp"

#include "polyrpc/runtime/loop.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace {

using namespace polyrpc;

constexpr std::string_view scheme_name = "dump";

void dump(const PrintLine& print, char mark, std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t width = 16;
  for (std::size_t begin = 0; begin < bytes.size(); begin += width) {
    std::string line = {mark, ' '};
    std::string text;
    for (const std::byte byte : bytes.subspan(begin, (std::min)(width, bytes.size() - begin))) {
      const auto code = std::to_integer<unsigned>(byte);
      line += {digits[code >> 4], digits[code & 15], ' '};
      text += code >= ' ' && code <= '~' ? static_cast<char>(code) : '.';
    }
    line.resize(2 + 3 * width, ' ');
    print(line + ' ' + text);
  }
}

/// The address in the words of another scheme.
Endpoint renamed(Endpoint endpoint, std::string_view scheme) {
  endpoint.scheme = scheme;
  return endpoint;
}

class DumpConnection final : public Connection {
 public:
  DumpConnection(std::unique_ptr<Connection> inner, PrintLine print)
      : inner_(std::move(inner)), print_(std::move(print)), peer_(inner_->peer()) {
    peer_.address = std::string(scheme_name) + peer_.address.substr(peer_.address.find(':'));
  }

  const PeerInfo& peer() const noexcept override { return peer_; }

  IoResult read_some(std::span<std::byte> into) override {
    const IoResult result = inner_->read_some(into);
    if (result.state == IoState::done) dump(print_, '<', into.first(result.bytes));
    return result;
  }
  IoResult write_some(std::span<const std::byte> from) override {
    const IoResult result = inner_->write_some(from);
    if (result.state == IoState::done) dump(print_, '>', from.first(result.bytes));
    return result;
  }
  Status error() const override { return inner_->error(); }

  void wait(Direction direction, ReadyListener& listener) override { inner_->wait(direction, listener); }
  Status wait_until(Direction direction, std::optional<Clock::time_point> deadline) override {
    return inner_->wait_until(direction, deadline);
  }
  Status wait_until_either(std::optional<Clock::time_point> deadline) override {
    return inner_->wait_until_either(deadline);
  }
  void interrupt() override { inner_->interrupt(); }

  void shutdown_write() override { inner_->shutdown_write(); }
  void close() override { inner_->close(); }

 private:
  const std::unique_ptr<Connection> inner_;
  const PrintLine print_;
  PeerInfo peer_;
};

class DumpListener final : public Listener {
 public:
  DumpListener(std::unique_ptr<Listener> inner, PrintLine print) : inner_(std::move(inner)), print_(std::move(print)) {}

  void start(LoopPicker pick, AcceptHandler accepted) override {
    inner_->start(std::move(pick),
                  [print = print_, accepted = std::move(accepted)](std::unique_ptr<Connection> connection) {
                    accepted(std::make_unique<DumpConnection>(std::move(connection), print));
                  });
  }
  Endpoint local() const override { return renamed(inner_->local(), scheme_name); }
  void close() override { inner_->close(); }

 private:
  const std::unique_ptr<Listener> inner_;
  const PrintLine print_;
};

class DumpTransport final : public Transport {
 public:
  DumpTransport(std::shared_ptr<const Transport> inner, PrintLine print)
      : inner_(std::move(inner)), print_(std::move(print)) {}

  std::string_view scheme() const noexcept override { return scheme_name; }

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop) const override {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    Result<std::unique_ptr<Listener>> made = inner_->listen(renamed(endpoint, inner_->scheme()), loop);
    if (!made.ok()) return made;
    return std::make_unique<DumpListener>(*std::move(made), print_);
  }

  std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const override {
    if (const Status wrong = check(endpoint); !wrong.ok()) {
      // Known at once, told later; and not at all if the caller has changed his mind.
      const auto waiting = std::make_shared<DialHandler>(std::move(done));
      loop.post([waiting, wrong] {
        if (const DialHandler handler = std::exchange(*waiting, nullptr)) handler(wrong);
      });
      return [waiting] { *waiting = nullptr; };
    }
    return inner_->dial(renamed(endpoint, inner_->scheme()), loop,
                        [print = print_, done = std::move(done)](Result<std::unique_ptr<Connection>> made) {
                          done(wrapped(std::move(made), print));
                        });
  }

  Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point> deadline,
                                           const std::stop_token& stop) const override {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    return wrapped(inner_->dial(renamed(endpoint, inner_->scheme()), deadline, stop), print_);
  }

 private:
  static Status check(const Endpoint& endpoint) {
    if (endpoint.scheme == scheme_name) return {};
    return Status::invalid_argument("dump: " + endpoint.to_string() + " is no dump:// address");
  }

  static Result<std::unique_ptr<Connection>> wrapped(Result<std::unique_ptr<Connection>> made, const PrintLine& print) {
    if (!made.ok()) return made;
    return std::make_unique<DumpConnection>(*std::move(made), print);
  }

  const std::shared_ptr<const Transport> inner_;
  const PrintLine print_;
};

}  // namespace

std::shared_ptr<const polyrpc::Transport> dump_transport(std::shared_ptr<const polyrpc::Transport> inner,
                                                         PrintLine print) {
  return std::make_shared<const DumpTransport>(std::move(inner), std::move(print));
}
