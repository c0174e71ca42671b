// Calls of all four kinds with a generated stub, blocking. See README.md.

#include <polyrpc/grpc/client.hpp>

#include "user.polyrpc.hpp"

#include <chrono>
#include <cstdio>

using namespace acme::v1;

int main(int argc, char** argv) {
  const auto client = polyrpc::grpc::dial(argc > 1 ? argv[1] : "tcp://127.0.0.1:50051");
  UserService::Stub users(*client);
  polyrpc::CallOptions soon;
  soon.timeout = std::chrono::seconds(5);  // the server is told as well

  GetUserRequest request;
  request.set_id(1);
  const polyrpc::Result<User> ada = users.GetUser(request, soon);
  if (!ada.ok()) {
    std::fprintf(stderr, "GetUser: %s\n", ada.status().to_string().c_str());
    return 1;
  }
  std::printf("GetUser 1: %s <%s>\n", ada->name().c_str(), ada->email().c_str());

  request.set_id(99);
  const polyrpc::Result<User> nobody = users.GetUser(request, soon);
  std::printf("GetUser 99: %s, %zu detail\n", nobody.status().to_string().c_str(), nobody.status().details().size());
  request.set_id(0);
  std::printf("GetUser 0: %s\n", users.GetUser(request, soon).status().to_string().c_str());

  auto creating = users.CreateUsers(soon);
  for (const char* name : {"Edsger", "Barbara", "Tony"}) {
    User user;
    user.set_id(10 + static_cast<int>(name[0] % 5));
    user.set_name(name);
    if (const polyrpc::Status sent = creating.write(user); !sent.ok()) break;
  }
  const polyrpc::Result<CreateUsersReply> created = creating.finish();
  if (created.ok()) std::printf("CreateUsers: %d new, %d known\n", created->created(), created->skipped());

  auto listing = users.ListUsers(ListUsersRequest(), soon);
  User user;
  while (listing.read(user)) std::printf("ListUsers: %d %s\n", user.id(), user.name().c_str());
  std::printf("ListUsers: %s\n", listing.finish().to_string().c_str());

  auto chat = users.Chat(soon);
  for (const char* text : {"hello", "and good-bye"}) {
    Note note;
    note.set_to(2);
    note.set_text(text);
    if (const polyrpc::Status sent = chat.write(note); !sent.ok()) break;
    if (chat.read(note)) std::printf("Chat: %s\n", note.text().c_str());
  }
  if (const polyrpc::Status closed = chat.close_writing(); !closed.ok()) std::printf("%s\n", closed.message().c_str());
  const polyrpc::Status ended = chat.finish();
  std::printf("Chat: %s\n", ended.to_string().c_str());
  return ended.ok() ? 0 : 1;
}
