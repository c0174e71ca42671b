// The interop cases, by our client. Prints "ok CASE" or "FAIL CASE: why" for each.
//
//   grpc_interop_client --address HOST:PORT [--cases CASE,CASE...] [--ca FILE [--certificate FILE --key FILE]]
//
// With --ca it speaks TLS, to a server called localhost.

#include "polyrpc/grpc/client.hpp"
#include "polyrpc/runtime/client.hpp"

#include "test_service.hpp"
#ifdef INTEROP_GZIP
#include "polyrpc/compression/gzip.hpp"
#endif
#ifdef INTEROP_TLS
#include "polyrpc/transports/tls.hpp"
#endif

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing = interop::testing;
using polyrpc::CallOptions;
using polyrpc::Metadata;
using polyrpc::Status;
using polyrpc::StatusCode;

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

void is_status(const Status& got, StatusCode code) {
  if (got.code() != code) throw Failed("the call ended with " + got.to_string());
}

void is_status(const Status& got, StatusCode code, std::string_view message) {
  is_status(got, code);
  same(std::string_view(got.message()), message, "message");
}

CallOptions within(std::chrono::milliseconds patience) {
  CallOptions options;
  options.timeout = patience;
  return options;
}

CallOptions late() { return within(std::chrono::seconds(20)); }

std::string zeros(std::size_t size) { return std::string(size, '\0'); }

testing::StreamingOutputCallRequest ask(std::int32_t answer, std::size_t size) {
  testing::StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(answer);
  request.mutable_payload()->set_body(zeros(size));
  return request;
}

struct Options {
  std::string address;
  std::string cases;
  std::string ca;
  std::string certificate;
  std::string key;
};

class Cases {
 public:
  explicit Cases(Options options) : options_(std::move(options)) {
    polyrpc::grpc::WireOptions plain;
    polyrpc::grpc::WireOptions small;
#ifdef INTEROP_GZIP
    plain.compressors = {polyrpc::gzip()};
    small.compressors = {polyrpc::gzip()};
    small.compress_with = "gzip";
#endif
    client_ = dial(plain);
    compressing_client_ = dial(small);
  }

  void empty_unary() {
    const auto reply = client_->call(interop::empty_call, {}, late());
    is_status(reply.status(), StatusCode::ok);
  }

  void large_unary() { large(*client_); }
  void gzip_unary() { large(*compressing_client_); }

  void client_streaming() { sum(*client_); }
  void gzip_client_streaming() { sum(*compressing_client_); }

  void server_streaming() {
    testing::StreamingOutputCallRequest request;
    for (const std::int32_t size : response_sizes) request.add_response_parameters()->set_size(size);
    auto call = client_->open(interop::streaming_output_call, request, late());
    std::size_t count = 0;
    testing::StreamingOutputCallResponse reply;
    while (call.read(reply)) {
      same(count < response_sizes.size(), true, "number of replies");
      is_body(reply, response_sizes.at(count++));
    }
    is_status(call.finish(), StatusCode::ok);
    same(count, response_sizes.size(), "replies");
  }

  void ping_pong() {
    auto call = client_->open(interop::full_duplex_call, late());
    testing::StreamingOutputCallResponse reply;
    for (std::size_t i = 0; i < request_sizes.size(); ++i) {
      is_status(call.write(ask(response_sizes.at(i), request_sizes.at(i))), StatusCode::ok);
      same(call.read(reply), true, "read");
      is_body(reply, response_sizes.at(i));
    }
    is_status(call.close_writing(), StatusCode::ok);
    same(call.read(reply), false, "read behind the last reply");
    is_status(call.finish(), StatusCode::ok);
  }

  void empty_stream() {
    auto call = client_->open(interop::full_duplex_call, late());
    is_status(call.close_writing(), StatusCode::ok);
    testing::StreamingOutputCallResponse reply;
    same(call.read(reply), false, "read");
    is_status(call.finish(), StatusCode::ok);
  }

  void custom_metadata() {
    CallOptions options = late();
    options.metadata = metadata();
    Metadata headers;
    Metadata trailers;
    options.headers = &headers;
    options.trailers = &trailers;
    testing::SimpleRequest request;
    request.set_response_size(1);
    is_status(client_->call(interop::unary_call, request, options).status(), StatusCode::ok);
    is_echoed(headers, trailers);

    CallOptions streaming = late();
    streaming.metadata = metadata();
    auto call = client_->open(interop::full_duplex_call, streaming);
    testing::StreamingOutputCallResponse reply;
    is_status(call.write(ask(1, 1)), StatusCode::ok);
    same(call.read(reply), true, "read");
    is_status(call.close_writing(), StatusCode::ok);
    is_status(call.finish(), StatusCode::ok);
    is_echoed(call.headers(), call.trailers());
  }

  void status_code_and_message() {
    refused("test status message");
    auto call = client_->open(interop::full_duplex_call, late());
    testing::StreamingOutputCallRequest request;
    request.mutable_response_status()->set_code(2);
    request.mutable_response_status()->set_message("test status message");
    is_status(call.write(request), StatusCode::ok);
    is_status(call.finish(), StatusCode::unknown, "test status message");
  }

  void special_status_message() {
    refused("\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n");
  }

  void unimplemented_method() {
    is_status(client_->call(interop::unimplemented_call, {}, late()).status(), StatusCode::unimplemented);
  }

  void unimplemented_service() {
    is_status(client_->call(interop::unimplemented_service_call, {}, late()).status(), StatusCode::unimplemented);
  }

  void cancel_after_begin() {
    auto call = client_->open(interop::streaming_input_call, late());
    call.cancel();
    is_status(call.finish().status(), StatusCode::cancelled);
    empty_unary();
  }

  void cancel_after_first_response() {
    auto call = client_->open(interop::full_duplex_call, late());
    testing::StreamingOutputCallResponse reply;
    is_status(call.write(ask(31415, 27182)), StatusCode::ok);
    same(call.read(reply), true, "read");
    is_body(reply, 31415);
    call.cancel();
    is_status(call.finish(), StatusCode::cancelled);
    empty_unary();
  }

  void timeout_on_sleeping_server() {
    auto call = client_->open(interop::full_duplex_call, within(std::chrono::milliseconds(10)));
    testing::StreamingOutputCallRequest request;
    request.mutable_payload()->set_body(zeros(27182));
    (void)call.write(request);
    testing::StreamingOutputCallResponse reply;
    same(call.read(reply), false, "read");
    is_status(call.finish(), StatusCode::deadline_exceeded);
    empty_unary();
  }

  // Not of gRPC's list: more calls at once than a server may take.
  void many_at_once() {
    std::vector<polyrpc::Pending<testing::SimpleResponse>> pending;
    testing::SimpleRequest request;
    request.set_response_size(1000);
    for (int i = 0; i < 500; ++i) pending.push_back(client_->go(interop::unary_call, request, late()));
    for (auto& one : pending) is_status(one.wait().status(), StatusCode::ok);
  }

  void rpc_soak() {
    for (int i = 0; i < 100; ++i) large(*client_);
  }

  void channel_soak() {
    for (int i = 0; i < 50; ++i) {
      const auto client = dial({});
      large(*client);
    }
  }

 private:
  static void is_body(const testing::StreamingOutputCallResponse& reply, std::int32_t size) {
    same(reply.payload().body().size(), static_cast<std::size_t>(size), "size");
  }

  static void large(polyrpc::Client& client) {
    testing::SimpleRequest request;
    request.set_response_size(314159);
    request.mutable_payload()->set_body(zeros(271828));
    const auto reply = client.call(interop::unary_call, request, late());
    is_status(reply.status(), StatusCode::ok);
    same(reply->payload().body() == zeros(314159), true, "a body of 314159 zeros");
  }

  static void sum(polyrpc::Client& client) {
    auto call = client.open(interop::streaming_input_call, late());
    for (const std::size_t size : request_sizes) {
      testing::StreamingInputCallRequest request;
      request.mutable_payload()->set_body(zeros(size));
      is_status(call.write(request), StatusCode::ok);
    }
    const auto reply = call.finish();
    is_status(reply.status(), StatusCode::ok);
    same(reply->aggregated_payload_size(), 74922, "sum");
  }

  static Metadata metadata() {
    Metadata metadata;
    metadata.add(interop::echo_initial, "test_initial_metadata_value");
    metadata.add(interop::echo_trailing, "\x0a\x0b\x0a\x0b\x0a\x0b");
    return metadata;
  }

  static void is_echoed(const Metadata& headers, const Metadata& trailers) {
    same(headers.get(interop::echo_initial) == "test_initial_metadata_value", true, "header echoed");
    same(trailers.get(interop::echo_trailing) == "\x0a\x0b\x0a\x0b\x0a\x0b", true, "trailer echoed");
  }

  void refused(std::string_view message) {
    testing::SimpleRequest request;
    request.mutable_response_status()->set_code(2);
    request.mutable_response_status()->set_message(std::string(message));
    is_status(client_->call(interop::unary_call, request, late()).status(), StatusCode::unknown, message);
  }

  std::unique_ptr<polyrpc::Client> dial(polyrpc::grpc::WireOptions wire) const {
    if (options_.ca.empty()) return polyrpc::grpc::dial("tcp://" + options_.address, std::move(wire));
#ifdef INTEROP_TLS
    polyrpc::tls::ClientOptions security;
    security.ca = polyrpc::tls::Pem::file(options_.ca);
    security.server_name = "localhost";
    security.alpn = {"h2"};
    security.require_alpn = true;
    if (!options_.certificate.empty()) {
      security.certificate = polyrpc::tls::Pem::file(options_.certificate);
      security.key = polyrpc::tls::Pem::file(options_.key);
    }
    wire.secure = true;
    return std::make_unique<polyrpc::Client>(
        polyrpc::grpc::target("tls://" + options_.address, std::move(wire), polyrpc::tls::client_transport(security)));
#else
    throw std::runtime_error("built without TLS");
#endif
  }

  Options options_;
  std::unique_ptr<polyrpc::Client> client_;
  std::unique_ptr<polyrpc::Client> compressing_client_;
};

const std::vector<std::pair<std::string, void (Cases::*)()>> all_cases{
    {"empty_unary", &Cases::empty_unary},
    {"large_unary", &Cases::large_unary},
    {"gzip_unary", &Cases::gzip_unary},
    {"client_streaming", &Cases::client_streaming},
    {"gzip_client_streaming", &Cases::gzip_client_streaming},
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
    {"many_at_once", &Cases::many_at_once},
    {"rpc_soak", &Cases::rpc_soak},
    {"channel_soak", &Cases::channel_soak},
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::map<std::string_view, std::string*> flags{{"--address", &options.address},
                                                       {"--cases", &options.cases},
                                                       {"--ca", &options.ca},
                                                       {"--certificate", &options.certificate},
                                                       {"--key", &options.key}};
  for (int i = 1; i + 1 < argc; i += 2) *flags.at(argv[i]) = argv[i + 1];
  const std::string chosen = options.cases;
  Cases cases(options);
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
