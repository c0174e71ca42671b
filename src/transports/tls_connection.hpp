#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/transport.hpp"

#include "tls_context.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace polyrpc::tls {

/// TLS on another connection. OpenSSL reads from that one directly and writes to it directly; what it does not take at
/// once waits here. The handshake goes on by itself on a loop, and inside reads, writes and waits in blocking use.
///
/// A write that would block may have been encrypted already: the next one has to begin with the same bytes.
class TlsConnection final : public Connection, private ReadyListener, private Alarm {
 public:
  /// `loop` is the inner connection's, null for blocking use; `first_bytes` have been read from it already. On a loop
  /// `start` has to follow.
  TlsConnection(std::unique_ptr<Connection> inner, SslPtr ssl, std::shared_ptr<const detail::Context> context,
                Loop* loop, ByteQueue first_bytes = {});
  ~TlsConnection() override;

  /// Lets the handshake go on by itself.
  void start();
  bool handshake_is_done() const;

  const PeerInfo& peer() const noexcept override;
  IoResult read_some(std::span<std::byte> into) override;
  IoResult write_some(std::span<const std::byte> from) override;
  Status error() const override;

  void wait(Direction direction, ReadyListener& listener) override;
  Status wait_until(Direction direction, std::optional<Clock::time_point> deadline) override;
  Status wait_until_either(std::optional<Clock::time_point> deadline) override;
  void interrupt() override;

  void shutdown_write() override;
  void close() override;

 private:
  enum class State : std::uint8_t {
    handshake,
    open,
    failed,  // `error_` says how
  };
  using Lock = std::lock_guard<std::mutex>;

  // OpenSSL's way to the inner connection.
  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* count);
  static int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* count);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  bool read_inner(std::span<std::byte> into, std::size_t& count, bool& again);
  bool write_inner(std::span<const std::byte> from);

  // All below with the mutex held.
  void handshake();
  void handshake_failed();
  void fail(Status why);
  IoState end_of_read(int result);
  void flush();
  void say_end();
  bool is_ready(Direction direction) const;

  void arm();
  void post();

  // On a loop.
  void notify();
  void ready(Direction direction) override;
  void ring() override;
  // In blocking use.
  void look_for_record();
  Status wait_blocking(std::optional<Direction> direction, std::optional<Clock::time_point> deadline);

  const std::unique_ptr<Connection> inner_;
  const std::shared_ptr<const detail::Context> context_;
  const SslPtr ssl_;
  Loop* const loop_;

  mutable std::mutex mutex_;  // guards all below: two threads may use a blocking connection
  State state_ = State::handshake;
  bool drained_ = false;         // the inner connection had nothing more, in this step
  bool starved_ = false;         // OpenSSL needs more bytes than it has
  bool received_ = false;        // anything at all
  bool inner_ended_ = false;     // its read side
  bool inner_closed_ = false;    // its write side
  bool read_ended_ = false;      // by close_notify, or before anything was said
  bool finished_ = false;        // nothing more is to be written
  bool end_said_ = false;        // close_notify has been written, perhaps to `unsent_`
  bool inner_finished_ = false;  // and the inner connection's end
  bool closed_ = false;
  bool posted_ = false;
  bool reader_waits_ = false;  // a thread, for reading only
  std::array<bool, 2> armed_{};
  bool due_ = false;  // the inner connection may be read
  std::array<ReadyListener*, 2> listeners_{};
  std::size_t owed_ = 0;  // bytes that are encrypted but were not reported as written
  ByteQueue early_;       // read before this connection was made
  ByteQueue unsent_;      // encrypted
  Status error_;
  mutable std::unique_ptr<PeerInfo> peer_;
  std::shared_ptr<TlsConnection*> self_;  // null inside when this is over; only on a loop
  std::array<std::atomic<bool>, 2> interrupts_{};
};

/// `tls` over TCP, `tls+unix` and so on over others.
std::string scheme_over(std::string_view inner);

}  // namespace polyrpc::tls
