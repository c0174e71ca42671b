#pragma once

#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace polyrpc::grpc {

/// One block of header fields that a server sent: headers, trailers, or both in one.
struct ResponseBlock {
  int http_status = 0;  ///< 0: none, as in trailers
  bool is_grpc = false;
  std::string content_type;
  std::string encoding;
  bool has_status = false;
  std::optional<StatusCode> code;  ///< nothing: not given, or no number
  std::string message;             ///< decoded
  std::string details;             ///< a google.rpc.Status
  Metadata metadata;
  std::size_t bytes = 0;  ///< as HTTP/2 counts them
  Status error;           ///< what is wrong with a field, or with their size

  void clear();
  /// Takes a field; those past `limit` bytes are dropped.
  void add(std::string_view name, std::string_view value, std::size_t limit);

  /// How the call ended: what `grpc-status` says, or what stands in for it.
  Status outcome() const;
  /// What an answer that is not gRPC's means. Never ok.
  Status not_grpc() const;
};

}  // namespace polyrpc::grpc
