#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace polyrpc::grpc {

/// The memory of one nghttp2 session. Two pieces that every session has, the buffer of the frame that it is sending and
/// the table of its streams, take 20 KiB, of which a session at rest needs nothing: they are in pages of their own,
/// which can be given back meanwhile. Where the system can't do that, all is `malloc`'s.
class SessionMemory {
 public:
  SessionMemory() noexcept;
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;
  ~SessionMemory();

  /// For `nghttp2_session_server_new3`, which copies it.
  nghttp2_mem functions() noexcept;
  /// Gives the pages back, until they are written to again. The session must have no stream and nothing to send.
  void rest() noexcept;

 private:
  void* allocate(std::size_t size) noexcept;
  void* allocate_zeroed(std::size_t size) noexcept;
  void* reallocate(void* memory, std::size_t size) noexcept;
  void release(void* memory) noexcept;
  bool is_own(const void* memory) const noexcept;

  std::byte* const pages_;  // null: none
  bool table_taken_ = false;
  bool frame_taken_ = false;
};

}  // namespace polyrpc::grpc
