// A chat room: each member has one bidirectional stream. See README.md.

#include <polyrpc/grpc/server.hpp>
#include <polyrpc/polyrpc.hpp>

#include "chat.polyrpc_async.hpp"

#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdio>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>

using namespace chat::v1;
using polyrpc::Awaitable;
using polyrpc::Context;
using polyrpc::Status;

namespace {

constexpr std::size_t most_waiting = 200;

/// What waits to be told to a member.
struct Member {
  explicit Member(const asio::any_io_executor& executor) : bell(executor, asio::steady_timer::time_point::max()) {}

  void tell(const ServerMessage& message) {
    if (waiting.size() < most_waiting) waiting.push_back(message);
    bell.cancel();
  }
  std::deque<ServerMessage> waiting;
  bool gone = false;
  bool listening = true;  // its writer has not ended
  asio::steady_timer bell;
};

/// Everything here happens on the server's one thread.
class Room {
 public:
  bool join(const std::string& name, const std::shared_ptr<Member>& member) {
    if (!members_.emplace(name, member).second) return false;
    say(ServerMessage::KIND_JOINED, name, "");
    return true;
  }
  void leave(const std::string& name) {
    members_.erase(name);
    say(ServerMessage::KIND_LEFT, name, "");
  }
  void say(ServerMessage::Kind kind, const std::string& from, const std::string& text) {
    const ServerMessage message = make(kind, from, text);
    for (const auto& [name, member] : members_) member->tell(message);
  }
  void whisper(const std::string& from, const std::string& to, const std::string& text) {
    const auto found = members_.find(to);
    Member& sender = *members_.at(from);
    if (found == members_.end())
      return sender.tell(make(ServerMessage::KIND_NOTICE, "", "nobody here is called " + to));
    found->second->tell(make(ServerMessage::KIND_PRIVATE, from, text));
  }

 private:
  static ServerMessage make(ServerMessage::Kind kind, const std::string& from, const std::string& text) {
    ServerMessage message;
    message.set_kind(kind);
    message.set_from(from);
    message.set_text(text);
    return message;
  }

  std::map<std::string, std::shared_ptr<Member>> members_;
};

/// Sends a member what is told to it, until it has gone.
Awaitable<void> keep_telling(std::shared_ptr<Member> member, polyrpc::Writer<ServerMessage>& out) {
  Status status;
  while (status.ok() && !(member->gone && member->waiting.empty())) {
    if (member->waiting.empty()) {
      asio::error_code ignored;
      auto token = asio::redirect_error(asio::use_awaitable, ignored);
      member->bell.expires_at(asio::steady_timer::time_point::max());
      co_await member->bell.async_wait(token);
      continue;
    }
    const ServerMessage message = std::move(member->waiting.front());
    member->waiting.pop_front();
    status = co_await out.write(message);
  }
  member->listening = false;
  member->bell.cancel();
}

class ChatService final : public Chat::Service {
 public:
  Awaitable<Status> Join(Context&, polyrpc::Reader<ClientMessage>& in, polyrpc::Writer<ServerMessage>& out) override {
    ClientMessage message;
    const bool has_come = co_await in.read(message);
    const std::string name = message.name();
    if (!has_come || name.empty()) co_return Status::invalid_argument("say your name first");
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto member = std::make_shared<Member>(executor);
    if (!room_.join(name, member)) co_return Status::already_exists("somebody here is called " + name);
    asio::co_spawn(executor, keep_telling(member, out), [](std::exception_ptr) {});

    for (;;) {
      message.Clear();
      const bool got = co_await in.read(message);
      if (!got) break;
      if (message.text().empty()) continue;
      if (message.to().empty())
        room_.say(ServerMessage::KIND_TEXT, name, message.text());
      else
        room_.whisper(name, message.to(), message.text());
    }

    room_.leave(name);
    member->gone = true;
    member->bell.cancel();
    while (member->listening) {  // the writer belongs to this call
      asio::error_code ignored;
      auto token = asio::redirect_error(asio::use_awaitable, ignored);
      asio::steady_timer turn(executor, std::chrono::milliseconds(1));
      co_await turn.async_wait(token);
    }
    co_return in.status();
  }

 private:
  Room room_;
};

}  // namespace

int main(int argc, char** argv) try {
  ChatService service;
  polyrpc::Registry registry;
  add(registry, service);
  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.add(polyrpc::grpc::protocol());
  polyrpc::Server server(registry, protocols);
  std::printf("listening on %s\n", server.listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:50053").to_string().c_str());
  std::fflush(stdout);
  server.run();
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 1;
}
