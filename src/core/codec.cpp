#include "polyrpc/core/codec.hpp"

namespace polyrpc {

namespace {

Status no_streaming() { return Status::unimplemented("polyrpc: this wire does not stream"); }

}  // namespace

Result<Pulled> ServerCodec::read_message(const CallTag&, MessageSlot) { return no_streaming(); }
Status ServerCodec::write_headers(const CallTag&, const Metadata&, ByteQueue&) { return no_streaming(); }
Status ServerCodec::write_message(const CallTag&, MessageRef, ByteQueue&) { return no_streaming(); }
bool ServerCodec::has_room(const CallTag&) const noexcept { return true; }

Result<Pulled> ClientCodec::read_message(std::uint64_t, MessageSlot) { return no_streaming(); }
const Metadata* ClientCodec::headers(std::uint64_t) const noexcept { return nullptr; }
Status ClientCodec::write_message(std::uint64_t, MessageRef, ByteQueue&) { return no_streaming(); }
Status ClientCodec::write_end(std::uint64_t, ByteQueue&) { return no_streaming(); }
bool ClientCodec::has_room(std::uint64_t) const noexcept { return true; }
Result<std::optional<std::chrono::steady_clock::time_point>> ClientCodec::tick(std::chrono::steady_clock::time_point,
                                                                               ByteQueue&) {
  return std::optional<std::chrono::steady_clock::time_point>();
}

}  // namespace polyrpc
