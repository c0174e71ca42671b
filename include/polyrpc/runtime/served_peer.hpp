#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/runtime/transport.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace polyrpc {

/// The peer of a served connection. Its name is made when somebody asks, so that others cost nothing.
class ServedPeer final : public PeerSource {
 public:
  /// Both must outlive this.
  ServedPeer(const Connection& connection, std::string_view protocol) noexcept
      : connection_(&connection), protocol_(protocol) {}

  const PeerInfo& peer() const override {
    if (info_ == nullptr) info_.reset(new PeerInfo{connection_->peer().address, std::string(protocol_)});
    return *info_;
  }

 private:
  const Connection* connection_;
  std::string_view protocol_;
  mutable std::unique_ptr<const PeerInfo> info_;
};

}  // namespace polyrpc
