#pragma once

#include "polyrpc/grpc/server.hpp"
#include "polyrpc/runtime/served_stream.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include "server_site.hpp"
#include "server_stream.hpp"
#include "session_memory.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc::grpc {

/// One HTTP/2 connection of a server. nghttp2 knows the frames; the session runs the calls, with this object's codec
/// between them.
class ServerConnection final : public ServedStream, private SessionOwner {
 public:
  ServerConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
                   std::shared_ptr<const Site> site, const UpgradeRequest* upgraded = nullptr);
  ~ServerConnection() override;

 private:
  class Codec;
  struct Callbacks;
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
  };
  /// A point in time or none, in half the room that `std::optional` takes.
  class Moment {
   public:
    explicit operator bool() const noexcept { return time_ != none; }
    Clock::time_point operator*() const noexcept { return time_; }
    Moment& operator=(Clock::time_point time) noexcept {
      time_ = time;
      return *this;
    }
    void reset() noexcept { time_ = none; }

   private:
    static constexpr Clock::time_point none = (Clock::time_point::max)();
    Clock::time_point time_ = none;
  };
  class Upkeep final : public ::polyrpc::Alarm {
   public:
    explicit Upkeep(ServerConnection& connection) noexcept : connection_(connection) {}

   private:
    void ring() override { connection_.look_after(); }
    ServerConnection& connection_;
  };

  // ServedStream
  void serve(ByteQueue& input) override;
  void go_on() override;
  bool wants_input() const noexcept override;
  void settle() override;
  void draining_begins() override;
  void closing() noexcept override;
  std::optional<Patience> message_under_way() noexcept override;
  void message_is_late() override { give_up("the HTTP/2 preface took too long to arrive"); }
  bool is_idle() const noexcept override { return streams_.empty(); }
  // SessionOwner
  void session_progressed() override { progress_later(); }

  const ServerOptions& options() const noexcept { return site_->options(); }

  // What the codec does for the session.
  Result<bool> next_request(ByteQueue& input, IncomingRequest& request);
  Status write_reply(const ReplyHead& head, MessageRef body);
  Result<Pulled> read_message(std::int32_t id, MessageSlot into);
  Status write_headers(std::int32_t id, const Metadata& headers);
  Status write_message(std::int32_t id, MessageRef message);
  bool has_room(std::int32_t id);
  /// Moves to `output` what nghttp2 has to say, up to a piece's size.
  void pump(ByteQueue& output);

  // What nghttp2 tells.
  Status feed(ByteQueue& input);
  void look_through(std::span<const std::byte> received);
  void frame_came(std::uint32_t length, std::uint8_t type, std::uint8_t flags, std::int32_t id);
  int header_begins(std::int32_t id);
  int header_field(Stream& stream, std::string_view name, std::string_view value);
  void frame_received(const nghttp2_frame& frame);
  void frame_sent(const nghttp2_frame& frame);
  void data_received(Stream& stream, std::span<const std::byte> bytes);
  void stream_closed(Stream& stream);
  std::ptrdiff_t read_data(Stream& stream, std::size_t length, std::uint32_t& flags);
  void send_settings(const std::uint8_t* data, std::size_t length);
  void send_data(Stream& stream, const std::uint8_t* frame_header, std::size_t length);

  // Streams.
  Stream* find(std::int32_t id) const noexcept;
  void begin(Stream& stream);
  void receive_until(Stream& stream);
  void received(Stream& stream) noexcept;
  void begin_call(Stream& stream, std::string_view subtype);
  Status read_call_header(Stream& stream);
  void remote_ended(Stream& stream);
  void dispatch(Stream& stream);
  void fail(Stream& stream, Status status);
  void fail_reading(Stream& stream, Status status);
  void readable(Stream& stream);
  void count_unread(Stream& stream) noexcept;
  void give_credit(Stream& stream);
  void open_other(Stream& stream);
  void answer_page(Stream& stream);
  http::Request request_of(const Stream& stream, std::vector<http::Field>& fields) const;
  void refuse_connect(Stream& stream, const Status& status);
  Status write_connect_reply(Stream& stream, const ReplyHead& head, MessageRef body);
  void respond(Stream& stream, http::Response response);
  void refuse(Stream& stream, int http_status, std::string_view text, std::string_view extra_name = {},
              std::string_view extra_value = {});
  Status submit_headers(Stream& stream, const Metadata* headers);
  void submit_trailers(Stream& stream);
  void resume(Stream& stream);
  Status append_reply(Stream& stream, MessageRef message);
  void finish(Stream& stream);
  void reset(std::int32_t id, std::uint32_t code);

  void take_upgraded(const UpgradeRequest& request);

  // The connection.
  void say_goodbye(std::uint32_t code, std::string_view why);
  void leave();
  void finish_leaving();
  bool spend(std::int32_t amount);
  void ping_received();
  void count_reset();
  void rest();
  void look_after();
  void fail_late(Clock::time_point now);
  void plan(std::optional<Clock::time_point> time);

  const std::shared_ptr<const Site> site_;
  SessionMemory memory_;
  std::unique_ptr<nghttp2_session, SessionDeleter> http2_;
  Codec* const codec_;  // the session's
  ServerSession session_;
  Upkeep upkeep_{*this};

  struct News {
    RequestKind kind;
    std::int32_t id;
  };
  std::vector<News> news_;           // of calls under way
  std::vector<std::int32_t> calls_;  // whose requests are there
  std::uint32_t next_news_ = 0;      // in front of it all has been told
  std::uint32_t next_call_ = 0;
  ByteQueue* sink_ = nullptr;  // while nghttp2 sends
  bool sink_full_ = false;
  bool first_settings_ = true;  // not sent yet
  bool settings_seen_ = false;
  bool broken_ = false;             // nothing more is taken or made
  bool ending_ = false;             // the reason has been told
  bool left_ = false;               // the last GOAWAY has been submitted
  bool rested_ = false;             // since the last stream
  std::uint32_t recent_slash_ = 0;  // in the path of `recent_`
  std::uint32_t receiving_ = 0;     // streams with a `receive_by`
  std::int32_t budget_;             // of frames that ask for work without doing any
  unsigned ping_strikes_ = 0;
  std::int32_t last_id_ = 0;  // of a stream that the client has opened
  std::int32_t id_before_ = 0;
  std::array<std::int32_t, 4> closed_by_client_{};  // lately
  std::array<std::uint8_t, 14> frame_head_{};       // that has come in part
  std::uint8_t frame_head_size_ = 0;
  std::uint32_t passed_over_ = 24;       // bytes to come before the next frame: at first the preface
  const MethodEntry* recent_ = nullptr;  // the method that was called last
  std::vector<Stream*> streams_;
  std::size_t unread_ = 0;  // bytes received for calls and not read
  std::size_t unsent_ = 0;  // bytes of replies that nghttp2 has not taken

  double resets_left_;
  Clock::time_point resets_counted_;
  Moment last_ping_;
  Clock::time_point last_heard_;
  Clock::time_point idle_since_;
  Moment ping_sent_;
  Moment age_limit_;
  Moment cut_at_;
  Moment leaving_since_;
};

}  // namespace polyrpc::grpc
