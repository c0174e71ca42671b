#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/served_peer.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include "http1_exchange.hpp"
#include "http1_head.hpp"
#include "http1_response.hpp"
#include "http1_site.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace polyrpc::http1 {

/// One connection of an HTTP/1 server: reads a batch of requests, serves one after the other, sends the answers
/// together.
class HttpConnection final : public ServedConnection,
                             private ReadyListener,
                             private SessionOwner,
                             private Alarm,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
                 std::shared_ptr<const Site> site);
  ~HttpConnection() override;

  void start() override;
  void drain() override;
  void close() override;

 private:
  enum class State : std::uint8_t {
    head,        // of the next request
    body,        // of the exchange's request
    swallow,     // a body that is not wanted
    calls,       // the exchange's calls are under way
    pieces,      // the exchange's page is being sent
    connecting,  // another protocol goes on when the output is out
    ending,      // nothing more is served
    lingering,   // nothing more is sent
  };

  // Reading and writing.
  void ready(Direction direction) override;
  void session_progressed() override;
  void resume();
  void read();
  bool read_body_bytes();
  void wait_read();
  bool can_read() const noexcept;
  void serve(ByteQueue& input);
  void flush_scratch();
  void flush_own();
  bool send(ByteQueue& output);
  void wait_write();
  void settle();
  void hand_over();
  void linger();
  void discard();
  void end();

  // Requests. What returns a bool: whether something can go on at once.
  bool serve_some(ByteQueue& input, ByteQueue& output, std::size_t output_limit);
  bool read_head(ByteQueue& input, ByteQueue& output);
  void begin_exchange(ByteQueue& input, ByteQueue& output);
  void answer(const Decision& decision, ByteQueue& output);
  void refuse(int status, std::string_view why, ByteQueue& output);
  bool read_body(ByteQueue& input, ByteQueue& output);
  bool swallow(ByteQueue& input);
  void run(ByteQueue& output);
  void begin_calls(ByteQueue& output);
  bool go_on_with_calls(ByteQueue& output);
  void end_calls(ByteQueue& output);
  void fail_calls(int status, std::string_view why, ByteQueue& output);
  void run_page(ByteQueue& output);
  bool send_piece(ByteQueue& output);
  void exchange_over();

  // Time.
  void touch();
  void note_partial();
  void keep_or_release(ByteQueue& queue);
  void alarm_by(Clock::time_point time);
  void ring() override;
  void give_up(std::string_view why);
  void log(std::string_view what) const;

  ServerHost& host_;
  Loop& loop_;
  const Limits& limits_;
  const std::shared_ptr<const Site> site_;
  std::unique_ptr<Connection> connection_;
  const ServedPeer peer_;
  ByteQueue input_;   // the beginning of a request, or requests not yet served
  ByteQueue output_;  // answers that the peer has not taken
  HeadScanner scanner_;
  std::unique_ptr<Exchange> exchange_;
  std::uint64_t unwanted_ = 0;  // bytes of a body still to be swallowed
  State state_ = State::head;
  bool keep_alive_ = true;  // after the answer that is being made
  bool over_ = false;
  bool peer_done_ = false;
  bool draining_ = false;
  bool paused_ = false;  // until the peer has taken enough of the output
  bool reading_ = false;
  bool writing_ = false;
  bool resume_posted_ = false;
  std::optional<Clock::time_point> stalled_;  // since then the peer has taken nothing
  std::optional<Clock::time_point> begun_;    // the request that is not whole yet
  Clock::time_point last_read_{};
  Clock::time_point kept_until_{};
  Clock::time_point linger_until_{};
};

}  // namespace polyrpc::http1
