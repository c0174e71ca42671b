// The interop cases, by gRPC C++. Prints "ok CASE" or "FAIL CASE: why" for each.
//
//   grpc_cpp_client --address HOST:PORT [--cases CASE,CASE...]

#include "grpc/testing/test.grpc.pb.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <grpcpp/grpcpp.h>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace testing = grpc::testing;

namespace {

constexpr std::array<std::size_t, 4> request_sizes{27182, 8, 1828, 45904};
constexpr std::array<std::int32_t, 4> response_sizes{31415, 9, 2653, 58979};

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class Got, class Want>
void same(const Got& got, const Want& want, const char* what) {
  if (got == want) return;
  std::ostringstream text;
  text << what << ": got " << got << ", want " << want;
  throw Failed(text.str());
}

void is_status(const grpc::Status& got, grpc::StatusCode code) {
  if (got.error_code() != code) throw Failed("status " + std::to_string(got.error_code()) + ": " + got.error_message());
}

void is_status(const grpc::Status& got, grpc::StatusCode code, const std::string& message) {
  is_status(got, code);
  same(got.error_message(), message, "message");
}

struct Context : grpc::ClientContext {
  explicit Context(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    set_deadline(std::chrono::system_clock::now() + patience);
  }
};

testing::StreamingOutputCallRequest ask(std::int32_t answer, std::size_t size) {
  testing::StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(answer);
  request.mutable_payload()->set_body(std::string(size, '\0'));
  return request;
}

class Cases {
 public:
  explicit Cases(const std::string& address)
      : channel_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        stub_(testing::TestService::NewStub(channel_)) {}

  void empty_unary() {
    Context context;
    testing::Empty reply;
    is_status(stub_->EmptyCall(&context, {}, &reply), grpc::StatusCode::OK);
  }

  void large_unary() {
    Context context;
    testing::SimpleRequest request;
    testing::SimpleResponse reply;
    request.set_response_size(314159);
    request.mutable_payload()->set_body(std::string(271828, '\0'));
    is_status(stub_->UnaryCall(&context, request, &reply), grpc::StatusCode::OK);
    same(reply.payload().body() == std::string(314159, '\0'), true, "body of 314159 zeros");
  }

  // The server does not say that it can inflate, but it must, or say UNIMPLEMENTED.
  void gzip_unary() {
    Context context;
    context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    testing::SimpleRequest request;
    testing::SimpleResponse reply;
    request.set_response_size(314159);
    request.mutable_payload()->set_body(std::string(271828, '\0'));
    request.mutable_response_compressed()->set_value(true);
    is_status(stub_->UnaryCall(&context, request, &reply), grpc::StatusCode::OK);
    same(reply.payload().body() == std::string(314159, '\0'), true, "body of 314159 zeros");
  }

  void client_streaming() {
    Context context;
    testing::StreamingInputCallResponse reply;
    const auto writer = stub_->StreamingInputCall(&context, &reply);
    for (const std::size_t size : request_sizes) {
      testing::StreamingInputCallRequest request;
      request.mutable_payload()->set_body(std::string(size, '\0'));
      same(writer->Write(request), true, "write");
    }
    writer->WritesDone();
    is_status(writer->Finish(), grpc::StatusCode::OK);
    same(reply.aggregated_payload_size(), 74922, "sum");
  }

  void server_streaming() {
    Context context;
    testing::StreamingOutputCallRequest request;
    for (const std::int32_t size : response_sizes) request.add_response_parameters()->set_size(size);
    const auto reader = stub_->StreamingOutputCall(&context, request);
    testing::StreamingOutputCallResponse reply;
    std::size_t count = 0;
    while (reader->Read(&reply)) {
      same(count < response_sizes.size(), true, "number of replies");
      same(reply.payload().body().size(), static_cast<std::size_t>(response_sizes.at(count++)), "size");
    }
    is_status(reader->Finish(), grpc::StatusCode::OK);
    same(count, response_sizes.size(), "replies");
  }

  void ping_pong() {
    Context context;
    const auto stream = stub_->FullDuplexCall(&context);
    testing::StreamingOutputCallResponse reply;
    for (std::size_t i = 0; i < request_sizes.size(); ++i) {
      same(stream->Write(ask(response_sizes.at(i), request_sizes.at(i))), true, "write");
      same(stream->Read(&reply), true, "read");
      same(reply.payload().body().size(), static_cast<std::size_t>(response_sizes.at(i)), "size");
    }
    stream->WritesDone();
    same(stream->Read(&reply), false, "read behind the last reply");
    is_status(stream->Finish(), grpc::StatusCode::OK);
  }

  void empty_stream() {
    Context context;
    const auto stream = stub_->FullDuplexCall(&context);
    testing::StreamingOutputCallResponse reply;
    stream->WritesDone();
    same(stream->Read(&reply), false, "read");
    is_status(stream->Finish(), grpc::StatusCode::OK);
  }

  void custom_metadata() {
    Context context;
    add_metadata(context);
    testing::SimpleRequest request;
    testing::SimpleResponse response;
    request.set_response_size(1);
    is_status(stub_->UnaryCall(&context, request, &response), grpc::StatusCode::OK);
    is_echoed(context);

    Context streaming;
    add_metadata(streaming);
    const auto stream = stub_->FullDuplexCall(&streaming);
    testing::StreamingOutputCallResponse reply;
    same(stream->Write(ask(1, 1)), true, "write");
    same(stream->Read(&reply), true, "read");
    stream->WritesDone();
    same(stream->Read(&reply), false, "read behind the last reply");
    is_status(stream->Finish(), grpc::StatusCode::OK);
    is_echoed(streaming);
  }

  void status_code_and_message() {
    refused("test status message");
    Context context;
    const auto stream = stub_->FullDuplexCall(&context);
    testing::StreamingOutputCallRequest request;
    request.mutable_response_status()->set_code(2);
    request.mutable_response_status()->set_message("test status message");
    stream->Write(request);
    stream->WritesDone();
    testing::StreamingOutputCallResponse reply;
    same(stream->Read(&reply), false, "read");
    is_status(stream->Finish(), grpc::StatusCode::UNKNOWN, "test status message");
  }

  void special_status_message() {
    refused("\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n");
  }

  void unimplemented_method() {
    Context context;
    testing::Empty reply;
    is_status(stub_->UnimplementedCall(&context, {}, &reply), grpc::StatusCode::UNIMPLEMENTED);
  }

  void unimplemented_service() {
    Context context;
    testing::Empty reply;
    const auto stub = testing::UnimplementedService::NewStub(channel_);
    is_status(stub->UnimplementedCall(&context, {}, &reply), grpc::StatusCode::UNIMPLEMENTED);
  }

  void cancel_after_begin() {
    Context context;
    testing::StreamingInputCallResponse reply;
    const auto writer = stub_->StreamingInputCall(&context, &reply);
    context.TryCancel();
    is_status(writer->Finish(), grpc::StatusCode::CANCELLED);
    empty_unary();
  }

  void cancel_after_first_response() {
    Context context;
    const auto stream = stub_->FullDuplexCall(&context);
    testing::StreamingOutputCallResponse reply;
    same(stream->Write(ask(31415, 27182)), true, "write");
    same(stream->Read(&reply), true, "read");
    same(reply.payload().body().size(), std::size_t{31415}, "size");
    context.TryCancel();
    is_status(stream->Finish(), grpc::StatusCode::CANCELLED);
    empty_unary();
  }

  void timeout_on_sleeping_server() {
    Context context(std::chrono::milliseconds(10));
    const auto stream = stub_->FullDuplexCall(&context);
    testing::StreamingOutputCallRequest request;
    request.mutable_payload()->set_body(std::string(27182, '\0'));
    stream->Write(request);
    testing::StreamingOutputCallResponse reply;
    same(stream->Read(&reply), false, "read");
    is_status(stream->Finish(), grpc::StatusCode::DEADLINE_EXCEEDED);
    empty_unary();
  }

 private:
  static void add_metadata(Context& context) {
    context.AddMetadata("x-grpc-test-echo-initial", "test_initial_metadata_value");
    context.AddMetadata("x-grpc-test-echo-trailing-bin", "\x0a\x0b\x0a\x0b\x0a\x0b");
  }

  static void is_echoed(const Context& context) {
    const auto& headers = context.GetServerInitialMetadata();
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto initial = headers.find("x-grpc-test-echo-initial");
    const auto trailing = trailers.find("x-grpc-test-echo-trailing-bin");
    same(initial != headers.end() && initial->second == "test_initial_metadata_value", true, "header echoed");
    same(trailing != trailers.end() && trailing->second == "\x0a\x0b\x0a\x0b\x0a\x0b", true, "trailer echoed");
  }

  void refused(const std::string& message) {
    Context context;
    testing::SimpleRequest request;
    testing::SimpleResponse reply;
    request.mutable_response_status()->set_code(2);
    request.mutable_response_status()->set_message(message);
    is_status(stub_->UnaryCall(&context, request, &reply), grpc::StatusCode::UNKNOWN, message);
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<testing::TestService::Stub> stub_;
};

const std::vector<std::pair<std::string, void (Cases::*)()>> all_cases{
    {"empty_unary", &Cases::empty_unary},
    {"large_unary", &Cases::large_unary},
    {"gzip_unary", &Cases::gzip_unary},
    {"client_streaming", &Cases::client_streaming},
    {"server_streaming", &Cases::server_streaming},
    {"ping_pong", &Cases::ping_pong},
    {"empty_stream", &Cases::empty_stream},
    {"custom_metadata", &Cases::custom_metadata},
    {"status_code_and_message", &Cases::status_code_and_message},
    {"special_status_message", &Cases::special_status_message},
    {"unimplemented_method", &Cases::unimplemented_method},
    {"unimplemented_service", &Cases::unimplemented_service},
    {"cancel_after_begin", &Cases::cancel_after_begin},
    {"cancel_after_first_response", &Cases::cancel_after_first_response},
    {"timeout_on_sleeping_server", &Cases::timeout_on_sleeping_server},
};

}  // namespace

int main(int argc, char** argv) {
  std::string address;
  std::string chosen;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    (flag == "--cases" ? chosen : address) = argv[i + 1];
  }
  Cases cases(address);
  int failed = 0;
  for (const auto& [name, function] : all_cases) {
    if (!chosen.empty() && ("," + chosen + ",").find("," + name + ",") == std::string::npos) continue;
    try {
      std::invoke(function, cases);
      std::cout << "ok " << name << std::endl;
    } catch (const Failed& why) {
      ++failed;
      std::cout << "FAIL " << name << ": " << why.what() << std::endl;
    }
  }
  return failed == 0 ? 0 : 1;
}
