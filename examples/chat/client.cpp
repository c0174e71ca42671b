// A terminal for the chat room: what is typed goes out, what others say is printed. See README.md.

#include <polyrpc/grpc/client.hpp>

#include "chat.polyrpc.hpp"

#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

using namespace chat::v1;

namespace {

void print(const ServerMessage& message) {
  const char* from = message.from().c_str();
  const char* text = message.text().c_str();
  switch (message.kind()) {
    case ServerMessage::KIND_JOINED:
      std::printf("* %s has joined\n", from);
      break;
    case ServerMessage::KIND_LEFT:
      std::printf("* %s has left\n", from);
      break;
    case ServerMessage::KIND_PRIVATE:
      std::printf("%s (to you alone): %s\n", from, text);
      break;
    case ServerMessage::KIND_NOTICE:
      std::printf("* %s\n", text);
      break;
    default:
      std::printf("%s: %s\n", from, text);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "chat_client tcp://HOST:PORT NAME\n");
    return 2;
  }
  const auto client = polyrpc::grpc::dial(argv[1]);
  Chat::Stub stub(*client);
  auto room = stub.Join();
  ClientMessage hello;
  hello.set_name(argv[2]);
  polyrpc::Status sent = room.write(hello);
  std::thread listener([&room] {
    ServerMessage message;
    while (room.read(message)) {
      print(message);
      message.Clear();
    }
  });
  for (std::string line; sent.ok() && std::getline(std::cin, line);) {
    if (line == "/quit") break;
    ClientMessage message;
    if (line.starts_with("@")) {
      const std::size_t space = line.find(' ');
      message.set_to(line.substr(1, space == std::string::npos ? space : space - 1));
      if (space != std::string::npos) line.erase(0, space + 1);
    }
    message.set_text(line);
    sent = room.write(message);
  }
  if (sent.ok()) sent = room.close_writing();
  listener.join();
  const polyrpc::Status ended = room.finish();
  if (ended.ok()) return 0;
  std::fprintf(stderr, "%s\n", ended.to_string().c_str());
  return 1;
}
