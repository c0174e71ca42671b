#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/context.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace polyrpc {

/// What the protocols on a server's connections have in common: they read a batch, serve it and send the replies
/// together; they hold buffers only while they need them; their time is limited; and they end without losing what was
/// sent. A protocol derives from this and says what is done with the input. For its loop's thread.
class ServedStream : public ServedConnection,
                     public PeerSource,
                     private ReadyListener,
                     private Alarm,
                     public std::enable_shared_from_this<ServedStream> {
 public:
  ~ServedStream() override;

  void start() final;
  void drain() final;
  void close() final;

  /// Whose connection this is. The text is made when somebody asks.
  const PeerInfo& peer() const final;

 protected:
  /// What came of reading once.
  enum class Got : std::uint8_t {
    more,     ///< perhaps there is more
    drained,  ///< nothing more is there just now
    stopped,  ///< no more is wanted, or the connection is over
  };
  static constexpr std::size_t read_size = 64 << 10;
  static constexpr int rounds_in_a_row = 16;  ///< then other connections get their turn

  /// `protocol` is the name in `PeerInfo` and lives for ever.
  ServedStream(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
               std::string_view protocol);

  // What a protocol says.

  /// Serves what stands in `input`, up to the beginning of a message, by means of `into_output`.
  virtual void serve(ByteQueue& input) = 0;
  /// Something may have become possible: there is room in the output, or `progress_later` was called.
  virtual void go_on() = 0;
  /// Whether reading goes on, unless the peer has ended or the output is full.
  virtual bool wants_input() const noexcept = 0;
  /// Ends the connection (`linger`, `end`) if nothing more can come of it. Called after all that changes something.
  virtual void settle() = 0;
  /// The end is near: no new calls.
  virtual void draining_begins() = 0;
  /// The connection is gone, and the calls under way with it.
  virtual void closing() noexcept = 0;
  /// Since when and for how long at most a message is under way; nothing if none is.
  struct Patience {
    Clock::time_point since;
    std::chrono::milliseconds limit;  ///< zero: none
  };
  virtual std::optional<Patience> message_under_way() noexcept = 0;
  /// That took too long.
  virtual void message_is_late() = 0;
  /// Whether nothing is going on that `idle_time` should spare.
  virtual bool is_idle() const noexcept = 0;
  /// Reads once; what is cut short stays in `input_`.
  virtual Got read_once();

  // What a protocol does.

  /// Runs `write(output, limit)` on the buffer that replies go to, and sends. Returns what `write` did.
  template <class Write>
  auto into_output(Write write) {
    const bool own = !output_.empty();
    const auto result = own ? write(output_, limits_.unsent_bytes) : write(loop_.output(), flush_size);
    if (own)
      flush();
    else
      flush_borrowed();
    return result;
  }
  /// Reads no more until the peer has taken half of what may wait for it.
  void pause() noexcept { paused_ = true; }
  bool is_paused() const noexcept { return paused_; }
  bool output_is_full() const noexcept { return output_.size() >= limits_.unsent_bytes; }
  /// Sends of `output_` what goes now.
  void flush();
  /// Has `go_on` called from the loop, soon.
  void progress_later();
  /// Reads into `into` what is there. Nothing came: why is in `got`.
  std::size_t read_into(std::span<std::byte> into, Got& got);
  /// Notes the message under way, so that it is late in time.
  void watch_message();
  /// Says the end and reads on for a while: closing a socket with unread bytes resets it, and the peer may lose the
  /// last replies.
  void linger();
  void end();
  void give_up(std::string_view why);
  void log(std::string_view what) const;
  /// The connection and what was read of it, for another protocol; this one is over.
  std::unique_ptr<Connection> take_connection() noexcept;

  bool is_over() const noexcept { return over_; }
  bool is_draining() const noexcept { return draining_; }
  bool peer_has_ended() const noexcept { return peer_ended_; }
  bool is_reading() const noexcept { return reading_; }

  ServerHost& host_;
  Loop& loop_;
  const Limits& limits_;
  ByteQueue input_;   ///< the beginning of a message, or messages not yet served
  ByteQueue output_;  ///< what the peer has not taken

 private:
  static constexpr std::size_t flush_size = 256 << 10;  // replies of one batch are sent in pieces of about this size

  void ready(Direction direction) final;
  void ring() final;
  void resume();
  void read();
  void wait_read();
  void wait_write();
  bool can_read() const noexcept;
  bool send(ByteQueue& output);
  void flush_borrowed();
  void discard();
  void touch();
  void keep_or_release(ByteQueue& queue);
  void alarm_by(Clock::time_point time);
  bool is_stalled() const noexcept { return stalled_ != Clock::time_point(); }

  std::unique_ptr<Connection> connection_;
  std::string_view protocol_;
  mutable std::unique_ptr<const PeerInfo> peer_;
  bool over_ = false;
  bool draining_ = false;
  bool lingering_ = false;
  bool peer_ended_ = false;
  bool paused_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool progress_posted_ = false;
  Clock::time_point stalled_{};  // since then the peer has taken nothing; zero: it takes what comes
  Clock::time_point last_read_{};
  Clock::time_point until_{};  // buffers are kept; lingering, that goes on
};

}  // namespace polyrpc
