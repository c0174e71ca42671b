#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/served_stream.hpp"
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

/// One connection of an HTTP/1 server: serves one request after the other, and sends their answers together.
class HttpConnection final : public ServedStream, private SessionOwner {
 public:
  HttpConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
                 std::shared_ptr<const Site> site);
  ~HttpConnection() override;

 private:
  enum class State : std::uint8_t {
    head,        // of the next request
    body,        // of the exchange's request
    swallow,     // a body that is not wanted
    calls,       // the exchange's calls are under way
    pieces,      // the exchange's page is being sent
    connecting,  // another protocol goes on when the output is out
    ending,      // nothing more is served
  };

  // The stream.
  void session_progressed() override { progress_later(); }
  void serve(ByteQueue& input) override;
  void go_on() override;
  bool wants_input() const noexcept override;
  Got read_once() override;
  void settle() override;
  void draining_begins() override {}
  void closing() noexcept override { exchange_.reset(); }
  std::optional<Patience> message_under_way() noexcept override;
  void message_is_late() override;
  bool is_idle() const noexcept override;
  Got read_body_bytes();
  void hand_over();

  // Requests. What returns a bool: whether something can go on at once.
  bool serve_some(ByteQueue& input, ByteQueue& output, std::size_t output_limit);
  bool read_head(ByteQueue& input, ByteQueue& output);
  void begin_exchange(ByteQueue& input, ByteQueue& output);
  bool begin_upgrade(ByteQueue& input, ByteQueue& output);
  void answer(const Decision& decision, ByteQueue& output);
  void refuse(int status, std::string_view why, ByteQueue& output);
  bool read_body(ByteQueue& input, ByteQueue& output);
  bool swallow(ByteQueue& input);
  void run(ByteQueue& output);
  void begin_calls(ByteQueue& output);
  bool go_on_with_calls(ByteQueue& output);
  void end_calls(ByteQueue& output);
  bool go_on_with_connect(ByteQueue& output);
  void too_large(ByteQueue& output);
  void fail_calls(int status, std::string_view why, ByteQueue& output);
  void run_page(ByteQueue& output);
  bool send_piece(ByteQueue& output);
  void exchange_over();

  const std::shared_ptr<const Site> site_;
  HeadScanner scanner_;
  std::unique_ptr<Exchange> exchange_;
  std::uint64_t unwanted_ = 0;  // bytes of a body still to be swallowed
  State state_ = State::head;
  const Protocol* upgrades_to_ = nullptr;
  std::unique_ptr<UpgradeRequest> upgrade_;
  bool keep_alive_ = true;                  // after the answer that is being made
  std::optional<Clock::time_point> begun_;  // the request that is not whole yet
};

}  // namespace polyrpc::http1
