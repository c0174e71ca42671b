// A service of all four kinds, typed errors, an interceptor, health and reflection: gRPC, Connect, gob and JSON-RPC on
// one port. See README.md.

#include <polyrpc/codecs/protobuf.hpp>
#include <polyrpc/grpc/reflection.hpp>
#include <polyrpc/grpc/server.hpp>
#include <polyrpc/polyrpc.hpp>
#include <polyrpc/runtime/interceptor.hpp>
#include <polyrpc/services/grpc_health.hpp>

#include "user.polyrpc_async.hpp"

#include <cstdio>
#include <map>
#include <mutex>
#include <string>

using namespace acme::v1;
using polyrpc::Awaitable;
using polyrpc::Context;
using polyrpc::Reader;
using polyrpc::Status;
using polyrpc::Writer;

class Users final : public UserService::Service {
 public:
  Users() {
    add(1, "Ada", "ada@example.org");
    add(2, "Grace", "grace@example.org");
  }

  Status GetUser(Context&, const GetUserRequest& request, User& reply) override {
    if (request.id() <= 0) return Status::invalid_argument("an id is a number above 0");
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(request.id());
    if (found == users_.end()) {
      Status status = Status::not_found("no user " + std::to_string(request.id()));
      status.add_detail({"type.googleapis.com/acme.v1.GetUserRequest", request.SerializeAsString()});
      return status;
    }
    reply = found->second;
    return {};
  }

  Awaitable<Status> ListUsers(Context&, const ListUsersRequest& request, Writer<User>& replies) override {
    int left = request.limit();
    for (const User& user : all()) {
      Status sent = co_await replies.write(user);
      if (!sent.ok()) co_return sent;
      if (request.limit() > 0 && --left == 0) break;
    }
    co_return Status();
  }

  Awaitable<Status> CreateUsers(Context&, Reader<User>& requests, CreateUsersReply& reply) override {
    User user;
    while (co_await requests.read(user)) {
      const std::lock_guard lock(mutex_);
      if (users_.emplace(user.id(), user).second)
        reply.set_created(reply.created() + 1);
      else
        reply.set_skipped(reply.skipped() + 1);
      user.Clear();
    }
    co_return requests.status();
  }

  Awaitable<Status> Chat(Context&, Reader<Note>& requests, Writer<Note>& replies) override {
    Note note;
    while (co_await requests.read(note)) {
      Note answer;
      answer.set_to(note.to());
      answer.set_text(name_of(note.to()) + ": I have read \"" + note.text() + "\"");
      Status sent = co_await replies.write(answer);
      if (!sent.ok()) co_return sent;
      note.Clear();
    }
    co_return requests.status();
  }

 private:
  void add(int id, const char* name, const char* email) {
    User& user = users_[id];
    user.set_id(id);
    user.set_name(name);
    user.set_email(email);
  }
  std::vector<User> all() {
    const std::lock_guard lock(mutex_);
    std::vector<User> list;
    for (const auto& [id, user] : users_) list.push_back(user);
    return list;
  }
  std::string name_of(int id) {
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(id);
    return found == users_.end() ? "nobody" : found->second.name();
  }

  std::mutex mutex_;  // guards users_
  std::map<int, User> users_;
};

// Stands around every call, whatever its kind and wire.
Awaitable<Status> tell(polyrpc::InterceptedCall& call, polyrpc::Next next) {
  Status status = co_await next(call);
  std::printf("%s %s: %s\n", call.context().peer().protocol.c_str(), std::string(call.method()).c_str(),
              status.to_string().c_str());
  std::fflush(stdout);
  co_return status;
}

int main(int argc, char** argv) {
  Users users;
  polyrpc::services::GrpcHealth health;
  polyrpc::Registry registry;
  add(registry, users);
  health.add_to(registry);
  polyrpc::grpc::add_reflection(registry);

  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  polyrpc::grpc::ServerOptions options;
  options.connect.formats = {polyrpc::json::format(), polyrpc::protobuf::format()};
  protocols.add(polyrpc::grpc::protocol(options));
  polyrpc::Server server(registry, protocols);
  server.intercept(tell);
  const polyrpc::Result<polyrpc::Endpoint> where = server.try_listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:50051");
  if (!where.ok()) {
    std::fprintf(stderr, "%s\n", where.status().message().c_str());
    return 1;
  }
  std::printf("listening on %s\n", where->to_string().c_str());
  std::fflush(stdout);
  server.run();
}
