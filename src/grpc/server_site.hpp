#pragma once

#include "polyrpc/grpc/server.hpp"

#include <string_view>

namespace polyrpc::grpc {

/// What is served where. Made once for a protocol; read-only.
class Site {
 public:
  /// Throws `std::invalid_argument` for options that contradict themselves.
  explicit Site(ServerOptions options);

  const ServerOptions& options() const noexcept { return options_; }
  /// The format that a content subtype names; empty: the first. Null if there is none.
  const MessageFormat* format(std::string_view subtype) const noexcept;
  /// Null: replies are not compressed unless a handler asks for it.
  const Compressor* compressor() const noexcept { return compressor_; }
  const connect::Service& connect() const noexcept { return connect_; }
  const http::Handler* find_page(std::string_view path) const noexcept;

 private:
  ServerOptions options_;
  connect::Service connect_;
  const Compressor* compressor_ = nullptr;
};

}  // namespace polyrpc::grpc
