// Calls HelloService.SayHello over three wires. Usage: hello_client [host:port]

#include "polyrpc/polyrpc.hpp"

#include <cstdio>
#include <exception>

inline constexpr polyrpc::Method<std::string, std::string> say_hello{"HelloService.SayHello"};

static bool greet(const char* wire, polyrpc::Client& client) {
  const polyrpc::Result<std::string> greeting = client.call(say_hello, std::string("hello"));
  std::printf("%-22s %s\n", wire, greeting.ok() ? greeting->c_str() : greeting.status().to_string().c_str());
  return greeting.ok();
}

int main(int argc, char** argv) try {
  const std::string where = argc > 1 ? argv[1] : "127.0.0.1:1234";
  bool ok = greet("gob over TCP", *polyrpc::dial("tcp://" + where, polyrpc::gob::net_rpc()));
  ok &= greet("JSON-RPC over TCP", *polyrpc::dial("tcp://" + where, polyrpc::json::rpc()));
  ok &= greet("JSON-RPC over HTTP", *polyrpc::dial("http://" + where + "/jsonrpc", polyrpc::json::rpc()));
  return ok ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "hello_client: %s\n", error.what());
  return 1;
}
