#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/runtime/client.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/transports/memory.hpp"

#include "support/catch.hpp"
#include "support/running_server.hpp"
#include "user.polyrpc_async.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc::test {
namespace {

using namespace v1;

Status find(const GetUserRequest& request, User& reply) {
  if (request.id() != "7") return Status::not_found("no user " + request.id());
  reply.set_id(request.id());
  reply.set_name("Ada");
  return {};
}

Awaitable<Status> list(int limit, Writer<User>& replies) {
  User user;
  for (int i = 0; i < limit; ++i) {
    user.set_id(std::to_string(i));
    Status sent = co_await replies.write(user);
    if (!sent.ok()) co_return sent;
  }
  co_return Status();
}

Awaitable<Status> count(Reader<User>& requests, Summary& reply) {
  User user;
  while (co_await requests.read(user)) reply.set_count(reply.count() + 1);
  co_return requests.status();
}

Awaitable<Status> echo(Reader<Note>& requests, Writer<Note>& replies) {
  Note note;
  while (co_await requests.read(note)) {
    Status sent = co_await replies.write(note);
    if (!sent.ok()) co_return sent;
  }
  co_return requests.status();
}

class Users final : public UserService::Service {
 public:
  Status GetUser(Context&, const GetUserRequest& request, User& reply) override { return find(request, reply); }
  Awaitable<Status> ListUsers(Context&, const ListUsersRequest& request, Writer<User>& replies) override {
    return list(request.limit(), replies);
  }
  Awaitable<Status> CreateUsers(Context&, Reader<User>& requests, Summary& reply) override {
    return count(requests, reply);
  }
  Awaitable<Status> Chat(Context&, Reader<Note>& requests, Writer<Note>& replies) override {
    return echo(requests, replies);
  }
};

class CoUsers final : public UserService::CoService {
 public:
  Awaitable<Status> GetUser(Context&, const GetUserRequest& request, User& reply) override {
    co_return find(request, reply);
  }
  Awaitable<Status> ListUsers(Context&, const ListUsersRequest& request, Writer<User>& replies) override {
    return list(request.limit(), replies);
  }
  Awaitable<Status> CreateUsers(Context&, Reader<User>& requests, Summary& reply) override {
    return count(requests, reply);
  }
  Awaitable<Status> Chat(Context&, Reader<Note>& requests, Writer<Note>& replies) override {
    return echo(requests, replies);
  }
};

Protocols protocols_over(MemoryNetwork& network) {
  Protocols protocols;
  protocols.transports.add(network.transport());
  protocols.add(codec_protocol(protobuf::rpc()));
  return protocols;
}

/// A service behind the memory transport.
template <class Service>
struct Served {
  ClientTarget target() {
    ClientTarget target;
    target.endpoint = Endpoint::parse(server.address()).value();
    target.transport = network.transport();
    target.codec = protobuf::rpc();
    return target;
  }

  Registry& filled() {
    add(registry, service);
    return registry;
  }

  Service service;
  Registry registry;
  MemoryNetwork network;
  RunningServer server{filled(), protocols_over(network), {}, 1, "memory://users"};
};

GetUserRequest user_of(const std::string& id) {
  GetUserRequest request;
  request.set_id(id);
  return request;
}

}  // namespace

TEMPLATE_TEST_CASE("a stub calls a service's methods of all four kinds", "[protoc]", Users, CoUsers) {
  Served<TestType> served;
  Client client(served.target());
  UserService::Stub users(client);

  const Result<User> found = users.GetUser(user_of("7"));
  REQUIRE(found.ok());
  CHECK(found->name() == "Ada");
  CHECK(users.go_GetUser(user_of("7")).wait().value().name() == "Ada");

  ListUsersRequest three;
  three.set_limit(3);
  ServerStreamingCall<User> listing = users.ListUsers(three);
  std::vector<std::string> ids;
  for (User user; listing.read(user);) ids.push_back(user.id());
  CHECK(ids == std::vector<std::string>{"0", "1", "2"});
  CHECK(listing.finish().ok());

  ClientStreamingCall<User, Summary> creating = users.CreateUsers();
  CHECK(creating.write(User()).ok());
  CHECK(creating.write(User()).ok());
  CHECK(creating.finish().value().count() == 2);

  BidirectionalCall<Note, Note> chat = users.Chat();
  Note note;
  for (const char* const text : {"one", "two"}) {
    note.set_text(text);
    REQUIRE(chat.write(note).ok());
    Note answer;
    REQUIRE(chat.read(answer));
    CHECK(answer.text() == text);
  }
  CHECK(chat.finish().ok());
}

TEMPLATE_TEST_CASE("a stub gets a method's error, with its code", "[protoc]", Users, CoUsers) {
  Served<TestType> served;
  Client client(served.target());
  const Result<User> missing = UserService::Stub(client).GetUser(user_of("8"));
  CHECK(missing.status().code() == StatusCode::not_found);
  CHECK(missing.status().message() == "no user 8");
}

TEMPLATE_TEST_CASE("a method that is not overridden is unimplemented, by name", "[protoc]", UserService::Service,
                   UserService::CoService) {
  struct Nothing : TestType {};
  Served<Nothing> served;
  Client client(served.target());
  UserService::Stub users(client);
  const auto check = [](const Status& status, const std::string& method) {
    CHECK(status.code() == StatusCode::unimplemented);
    CHECK(status.message() == "polyrpc.test.v1.UserService." + method + " is not implemented");
  };
  check(users.Forget(user_of("7")).status(), "Forget");
  check(users.ListUsers(ListUsersRequest()).finish(), "ListUsers");
  check(users.CreateUsers().finish().status(), "CreateUsers");
  check(users.Chat().finish(), "Chat");
}

TEST_CASE("a stub calls from coroutines", "[protoc]") {
  Served<CoUsers> served;
  asio::io_context context;
  Client client(context, served.target());
  UserService::Stub users(client);

  std::string name;
  std::vector<std::string> ids;
  Status ended = Status::internal("the coroutine did not come to its end");
  const auto calls = [](UserService::Stub stub, std::string& into_name, std::vector<std::string>& into_ids,
                        Status& into_ended) -> Awaitable<void> {
    GetUserRequest request;
    request.set_id("7");
    CallOptions options;
    Result<User> found = co_await stub.async_GetUser(request, asio::use_awaitable);
    found = co_await stub.async_GetUser(request, options, asio::use_awaitable);
    if (found.ok()) into_name = found->name();

    ListUsersRequest two;
    two.set_limit(2);
    auto listing = stub.ListUsers(two);
    User user;
    while (co_await listing.async_read(user)) into_ids.push_back(user.id());
    into_ended = co_await listing.async_finish();
  };
  asio::co_spawn(context, calls(users, name, ids, ended), [&](const std::exception_ptr&) { client.close(); });
  context.run();
  CHECK(name == "Ada");
  CHECK(ids == std::vector<std::string>{"0", "1"});
  CHECK(ended.ok());
}

TEST_CASE("the registry has a service's methods under their full names", "[protoc]") {
  Registry registry;
  Users users;
  add(registry, users);
  CHECK(registry.size() == 5);
  const MethodEntry* const chat = registry.find(UserService::methods::Chat.name);
  REQUIRE(chat != nullptr);
  CHECK(chat->service == UserService::full_name);
  CHECK(chat->handler->kind() == CallKind::bidirectional);
  CHECK(registry.find(UserService::methods::GetUser.name)->handler->kind() == CallKind::unary);
}

}  // namespace polyrpc::test
