#include "in.polyrpc_async.hpp"

#include <asio/use_awaitable.hpp>

using namespace acme::v1;

class Users : public UserService::Service {
 public:
  polyrpc::Status GetUser(polyrpc::Context&, const GetUserRequest& request, User& reply) override {
    reply.set_id(request.id());
    return {};
  }
  polyrpc::Awaitable<polyrpc::Status> ListUsers(polyrpc::Context&, const ListUsersRequest& request,
                                                polyrpc::Writer<User>& replies) override {
    User user;
    for (int i = 0; i < request.limit(); ++i) {
      polyrpc::Status sent = co_await replies.write(user);
      if (!sent.ok()) co_return sent;
    }
    co_return polyrpc::Status();
  }
  polyrpc::Awaitable<polyrpc::Status> CreateUsers(polyrpc::Context&, polyrpc::Reader<User>& requests,
                                                  Summary& reply) override {
    User user;
    while (co_await requests.read(user)) reply.set_count(reply.count() + 1);
    co_return requests.status();
  }
};

class CoUsers : public UserService::CoService {
 public:
  polyrpc::Awaitable<polyrpc::Status> GetUser(polyrpc::Context&, const GetUserRequest&, User&) override {
    co_return polyrpc::Status();
  }
  polyrpc::Awaitable<polyrpc::Status> Chat(polyrpc::Context&, polyrpc::Reader<Note>& requests,
                                           polyrpc::Writer<Note>& replies) override {
    Note note;
    while (co_await requests.read(note)) {
      polyrpc::Status sent = co_await replies.write(note);
      if (!sent.ok()) co_return sent;
    }
    co_return requests.status();
  }
};

void serve(polyrpc::Registry& registry, Users& users, CoUsers& co_users);
void serve(polyrpc::Registry& registry, Users& users, CoUsers& co_users) {
  add(registry, users);
  add(registry, co_users);
}

void call(UserService::Stub users);
void call(UserService::Stub users) {
  polyrpc::ServerStreamingCall<User> listed = users.ListUsers(ListUsersRequest());
  polyrpc::ClientStreamingCall<User, Summary> created = users.CreateUsers();
  polyrpc::BidirectionalCall<Note, Note> chat = users.Chat(polyrpc::CallOptions());
}

polyrpc::Awaitable<polyrpc::Status> call_async(UserService::Stub users);
polyrpc::Awaitable<polyrpc::Status> call_async(UserService::Stub users) {
  GetUserRequest request;
  polyrpc::CallOptions options;
  auto user = co_await users.async_GetUser(request, asio::use_awaitable);
  if (!user.ok()) co_return user.status();
  user = co_await users.async_GetUser(request, options, asio::use_awaitable);
  co_return user.status();
}
