#pragma once

#include "polyrpc/codecs/protobuf_message.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/runtime/registry.hpp"

#include "grpc/testing/test.pb.h"

#include <string_view>

/// The interop suite's TestService: its methods for the client, their handlers for the server.
namespace interop {

namespace testing = ::grpc::testing;

inline constexpr polyrpc::Method<testing::Empty, testing::Empty> empty_call{"grpc.testing.TestService.EmptyCall"};
inline constexpr polyrpc::Method<testing::SimpleRequest, testing::SimpleResponse> unary_call{
    "grpc.testing.TestService.UnaryCall"};
inline constexpr polyrpc::ClientStreaming<testing::StreamingInputCallRequest, testing::StreamingInputCallResponse>
    streaming_input_call{"grpc.testing.TestService.StreamingInputCall"};
inline constexpr polyrpc::ServerStreaming<testing::StreamingOutputCallRequest, testing::StreamingOutputCallResponse>
    streaming_output_call{"grpc.testing.TestService.StreamingOutputCall"};
inline constexpr polyrpc::Bidirectional<testing::StreamingOutputCallRequest, testing::StreamingOutputCallResponse>
    full_duplex_call{"grpc.testing.TestService.FullDuplexCall"};
// Nobody serves these two.
inline constexpr polyrpc::Method<testing::Empty, testing::Empty> unimplemented_call{
    "grpc.testing.TestService.UnimplementedCall"};
inline constexpr polyrpc::Method<testing::Empty, testing::Empty> unimplemented_service_call{
    "grpc.testing.UnimplementedService.UnimplementedCall"};

inline constexpr std::string_view echo_initial = "x-grpc-test-echo-initial";
inline constexpr std::string_view echo_trailing = "x-grpc-test-echo-trailing-bin";

void register_test_service(polyrpc::Registry& registry);

}  // namespace interop
