// A server of one method with gRPC C++, as its own examples have it: what compare/footprint.py builds.

#include "hello.grpc.pb.h"

#include <cstdio>
#include <grpcpp/grpcpp.h>
#include <memory>

namespace {

class Service final : public bench::HelloService::Service {
  grpc::Status SayHello(grpc::ServerContext*, const bench::Hello* name, bench::Hello* reply) override {
    reply->set_text("Hello World:" + name->text());
    return grpc::Status::OK;
  }
};

}  // namespace

int main() {
  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  server->Wait();
}
