#include "polyrpc/core/context.hpp"

namespace polyrpc {

const PeerInfo& Context::peer() const {
  static const PeerInfo nobody;
  if (peer_ != nullptr) return *peer_;
  return peer_source_ != nullptr ? peer_source_->peer() : nobody;
}

std::optional<std::chrono::nanoseconds> Context::time_left() const noexcept {
  if (!deadline_) return std::nullopt;
  const Clock::time_point now = Clock::now();
  if (*deadline_ < Clock::time_point() && *deadline_ < Clock::time_point::min() + now.time_since_epoch())
    return std::chrono::nanoseconds::min();
  return *deadline_ - now;
}

void Context::prepare_stop() const {
  if (!stop_.stop_possible()) stop_ = std::stop_source();
}

std::stop_token Context::stop_token() const {
  prepare_stop();
  return stop_.get_token();
}

void Context::set_attachment(const void* key, std::shared_ptr<void> value) {
  for (auto& [known, attached] : attachments_) {
    if (known == key) {
      attached = std::move(value);
      return;
    }
  }
  attachments_.emplace_back(key, std::move(value));
}

void* Context::attachment(const void* key) const noexcept {
  for (const auto& [known, attached] : attachments_)
    if (known == key) return attached.get();
  return nullptr;
}

}  // namespace polyrpc
