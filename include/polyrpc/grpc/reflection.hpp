#pragma once

#include "polyrpc/runtime/registry.hpp"

namespace polyrpc::grpc {

/// Registers `grpc.reflection.v1.ServerReflection` and its older twin `v1alpha`, so that tools like grpcurl know what
/// `registry` serves: generated messages by their own files, described structs by files made for them
/// (`protobuf::export_proto`). What is registered later counts too, up to the first question. `registry` must outlive
/// the servers.
void add_reflection(Registry& registry);

}  // namespace polyrpc::grpc
