// A gRPC C++ server with the interop cases' TestService, health and, where it was built with it, reflection. It prints
// "listening tcp HOST:PORT", then "ready", and stops when its standard input closes.
//
//   grpc_cpp_server [HOST:PORT]

#include "grpc/testing/test.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#ifdef POLYRPC_PEER_REFLECTION
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#endif

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>

namespace testing = grpc::testing;

namespace {

void echo_metadata(grpc::ServerContext& context) {
  for (const auto& [key, value] : context.client_metadata()) {
    const std::string name(key.data(), key.size());
    const std::string text(value.data(), value.size());
    if (name == "x-grpc-test-echo-initial") context.AddInitialMetadata(name, text);
    if (name == "x-grpc-test-echo-trailing-bin") context.AddTrailingMetadata(name, text);
  }
}

grpc::Status asked_for(const testing::EchoStatus& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message()};
}

/// Writes one reply for each of the parameters, when its time has come. False: nobody reads them.
template <class Stream, class Parameters>
bool reply(Stream& stream, const Parameters& parameters) {
  for (const auto& one : parameters) {
    std::this_thread::sleep_for(std::chrono::microseconds(one.interval_us()));
    testing::StreamingOutputCallResponse response;
    response.mutable_payload()->set_body(std::string(static_cast<std::size_t>(one.size()), '\0'));
    if (!stream.Write(response)) return false;
  }
  return true;
}

class TestService final : public testing::TestService::Service {
  grpc::Status EmptyCall(grpc::ServerContext* context, const testing::Empty*, testing::Empty*) override {
    echo_metadata(*context);
    return grpc::Status::OK;
  }

  grpc::Status UnaryCall(grpc::ServerContext* context, const testing::SimpleRequest* request,
                         testing::SimpleResponse* response) override {
    echo_metadata(*context);
    if (request->response_status().code() != 0) return asked_for(request->response_status());
    if (request->response_compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    response->mutable_payload()->set_body(std::string(static_cast<std::size_t>(request->response_size()), '\0'));
    return grpc::Status::OK;
  }

  grpc::Status StreamingOutputCall(grpc::ServerContext* context, const testing::StreamingOutputCallRequest* request,
                                   grpc::ServerWriter<testing::StreamingOutputCallResponse>* writer) override {
    echo_metadata(*context);
    reply(*writer, request->response_parameters());
    return grpc::Status::OK;
  }

  grpc::Status StreamingInputCall(grpc::ServerContext* context,
                                  grpc::ServerReader<testing::StreamingInputCallRequest>* reader,
                                  testing::StreamingInputCallResponse* response) override {
    echo_metadata(*context);
    testing::StreamingInputCallRequest request;
    std::int32_t sum = 0;
    while (reader->Read(&request)) sum += static_cast<std::int32_t>(request.payload().body().size());
    response->set_aggregated_payload_size(sum);
    return grpc::Status::OK;
  }

  grpc::Status FullDuplexCall(grpc::ServerContext* context,
                              grpc::ServerReaderWriter<testing::StreamingOutputCallResponse,
                                                       testing::StreamingOutputCallRequest>* stream) override {
    echo_metadata(*context);
    testing::StreamingOutputCallRequest request;
    while (stream->Read(&request)) {
      if (request.response_status().code() != 0) return asked_for(request.response_status());
      if (!reply(*stream, request.response_parameters())) break;
    }
    return grpc::Status::OK;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::string address = argc > 1 ? argv[1] : "127.0.0.1:0";
  grpc::EnableDefaultHealthCheckService(true);
#ifdef POLYRPC_PEER_REFLECTION
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
#endif
  TestService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return 1;
  std::cout << "listening tcp " << address.substr(0, address.rfind(':')) << ':' << port << "\nready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  server->Shutdown(std::chrono::system_clock::now());
}
