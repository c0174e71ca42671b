// Calls demo_server over every wire that the C++ client has, a line each: client | wire | call | answer. Usage:
// demo_client host:port

#include "polyrpc/grpc/client.hpp"

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/connect_client.hpp"

#include "../arith/arith.hpp"

#include <cstdio>
#include <exception>

namespace {

bool call_all(const char* wire, const std::string& address, std::shared_ptr<const polyrpc::Codec> codec) {
  const auto client = polyrpc::dial(address, std::move(codec));
  const auto product = client->call(arith::multiply, arith::Args{6, 7});
  const auto greeting = client->call<std::string>("HelloService.SayHello", std::string("C++"));
  const auto failed = client->call(arith::divide, arith::Args{1, 0});
  std::printf("C++|%s|Arith.Multiply 6 7|%s\n", wire,
              product.ok() ? std::to_string(*product).c_str() : product.status().to_string().c_str());
  std::printf("C++|%s|HelloService.SayHello|%s\n", wire,
              greeting.ok() ? greeting->c_str() : greeting.status().to_string().c_str());
  std::printf("C++|%s|Arith.Divide 1 0|error: %s\n", wire, failed.status().message().c_str());
  return product.ok() && *product == 42 && greeting.ok() && failed.status().message() == "divide by zero";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: demo_client host:port\n");
    return 2;
  }
  const std::string where = argv[1];
  bool ok = call_all("gob, TCP", "tcp://" + where, polyrpc::gob::net_rpc());
  ok &= call_all("gob, HTTP CONNECT", "http://" + where, polyrpc::gob::net_rpc());
  ok &= call_all("JSON-RPC 2.0, TCP", "tcp://" + where, polyrpc::json::rpc());
  ok &= call_all("JSON-RPC 2.0, HTTP POST", "http://" + where, polyrpc::json::rpc());
  ok &= call_all("protobuf, TCP", "tcp://" + where, polyrpc::protobuf::rpc());
  ok &= call_all("Connect, HTTP POST", "http://" + where, polyrpc::connect::unary(polyrpc::json::format()));
  ok &= call_all("gRPC, HTTP/2", "tcp://" + where, polyrpc::grpc::rpc());
  return ok ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "demo_client: %s\n", error.what());
  return 1;
}
