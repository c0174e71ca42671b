#include "load/speaker.hpp"

#include "load/http2.hpp"
#include "load/recording.hpp"

#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bench {
namespace {

[[noreturn]] void bad_reply(std::string_view reply) {
  throw std::runtime_error("not an echo: " + std::string(reply.substr(0, 300)));
}

/// A call in bytes, with a place where its number stands.
struct Numbered {
  std::string bytes;
  std::size_t at = 0;
};

/// Calls are the recorded ones; which of them a reply answers, the classes below know.
class RecordedSpeaker : public Speaker {
 public:
  RecordedSpeaker(Recording recording, std::string_view other) : recording_(std::move(recording)) {
    echo_.bytes = recording_.request;
    other_.bytes = recording_.request;
    const std::size_t name = other_.bytes.find("Echo.Echo");
    if (name != std::string::npos) other_.bytes.replace(name + 5, other.size(), other);
  }

  std::string start() override { return recording_.handshake + recording_.first_request; }

  void call(std::uint32_t number, bool other, std::string& out) override {
    Numbered& numbered = other ? other_ : echo_;
    write_number(numbered, number);
    out += numbered.bytes;
  }

  std::size_t take(std::string_view bytes, std::optional<std::uint32_t>& answered, std::string&) override {
    if (!greeted_) {
      const std::string& greeting = recording_.handshake_answer;
      if (bytes.size() < greeting.size()) return 0;
      if (!bytes.starts_with(greeting)) bad_reply(bytes);
      greeted_ = true;
      if (!greeting.empty()) return greeting.size();
    }
    const std::size_t size = reply_size(recording_.framing, bytes);
    if (size == 0) return 0;
    const std::string_view reply = bytes.substr(0, size);
    if (!started_) {
      if (reply.find(recording_.good_reply_has) == std::string_view::npos) bad_reply(reply);
      started_ = true;
      answered = 0;
      return size;
    }
    // Every reply is at least as long as what it must bring back; a short one is an error.
    if (size < recording_.good_reply_has.size()) bad_reply(reply);
    answered = number_of(reply);
    return size;
  }

 protected:
  virtual void write_number(Numbered&, std::uint32_t) {}
  virtual std::uint32_t number_of(std::string_view) { return next_answered_++ % numbers; }

  const Recording recording_;
  Numbered echo_;
  Numbered other_;

 private:
  bool greeted_ = false;
  bool started_ = false;
  std::uint32_t next_answered_ = 0;
};

class GobSpeaker final : public RecordedSpeaker {
 public:
  GobSpeaker(Recording recording, std::string_view other) : RecordedSpeaker(std::move(recording), other) {
    for (Numbered* numbered : {&echo_, &other_}) {
      std::string& bytes = numbered->bytes;
      // The header ends with the field Seq, of one byte; it gets three and their length, from 65,536 on.
      const std::size_t header = static_cast<unsigned char>(bytes[0]);
      bytes.replace(header - 1, 1, std::string("\xfd\x01\x00\x00", 4));
      numbered->at = header;
      bytes[0] = static_cast<char>(header + 3);
    }
  }

 private:
  void write_number(Numbered& numbered, std::uint32_t number) override {
    const std::uint32_t seq = number + first;
    for (std::size_t i = 0; i < 3; ++i) numbered.bytes[numbered.at + i] = static_cast<char>(seq >> (16 - 8 * i));
  }

  std::uint32_t number_of(std::string_view reply) override {
    // Length, type and the method's name, behind a field number each; then the field Seq.
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(reply.at(at)); };
    std::size_t at = 1;
    at += byte(at) < 128 ? 1 : 257U - byte(at);
    if (byte(at) == 1) at += 2U + byte(at + 1);
    if (byte(at) != 1 || byte(at + 1) != 0xfd) bad_reply(reply);
    const std::uint32_t seq = std::uint32_t{byte(at + 2)} << 16 | std::uint32_t{byte(at + 3)} << 8 | byte(at + 4);
    if (byte(at + 5) != 0) bad_reply(reply);  // the field Error
    return seq - first;
  }

  static constexpr std::uint32_t first = 65'536;
};

class JsonSpeaker final : public RecordedSpeaker {
 public:
  JsonSpeaker(Recording recording, std::string_view other) : RecordedSpeaker(std::move(recording), other) {
    for (Numbered* numbered : {&echo_, &other_}) {
      numbered->at = numbered->bytes.rfind("\"id\":7") + 5;
      numbered->bytes.replace(numbered->at, 1, std::string(digits, '0'));
    }
  }

 private:
  void write_number(Numbered& numbered, std::uint32_t number) override {
    char* const at = numbered.bytes.data() + numbered.at;
    std::to_chars(at, at + digits, number + first);
  }

  std::uint32_t number_of(std::string_view reply) override {
    // Near an end: payloads hold no quotation marks.
    constexpr std::string_view name = "\"id\":";
    std::size_t at = reply.substr(0, 64).find(name);
    if (at == std::string_view::npos) at = reply.rfind(name);
    std::uint32_t id = 0;
    if (at == std::string_view::npos || reply.find("\"S\":\"") == std::string_view::npos) bad_reply(reply);
    std::from_chars(reply.data() + at + name.size(), reply.data() + reply.size(), id);
    return id - first;
  }

  static constexpr std::size_t digits = 7;
  static constexpr std::uint32_t first = 1'000'000;
};

class ProtobufSpeaker final : public RecordedSpeaker {
 public:
  ProtobufSpeaker(Recording recording, std::string_view other) : RecordedSpeaker(std::move(recording), other) {
    for (Numbered* numbered : {&echo_, &other_}) {
      // The header begins with the field id, of one byte; it gets four.
      std::string& bytes = numbered->bytes;
      bytes.replace(2, 1, std::string(4, '\0'));
      bytes[0] = static_cast<char>(bytes[0] + 3);
      numbered->at = 2;
    }
  }

 private:
  void write_number(Numbered& numbered, std::uint32_t number) override {
    const std::uint32_t id = number + first;
    for (unsigned i = 0; i < 4; ++i)
      numbered.bytes[numbered.at + i] = static_cast<char>((id >> (7 * i) & 127) | (i < 3 ? 128 : 0));
  }

  std::uint32_t number_of(std::string_view reply) override {
    if (reply.size() < 6 || reply[1] != '\x08') bad_reply(reply);
    std::uint32_t id = 0;
    for (unsigned i = 0; i < 4; ++i) id |= (static_cast<unsigned char>(reply[2 + i]) & std::uint32_t{127}) << (7 * i);
    return id - first;
  }

  static constexpr std::uint32_t first = std::uint32_t{1} << 21;
};

class GrpcSpeaker final : public Speaker {
 public:
  GrpcSpeaker(const Recording& recording, std::size_t payload_bytes, std::string_view other)
      : start_(recording.first_request), message_(http2::message(std::string(payload_bytes, 'x'))), had_data_(numbers) {
    for (const bool is_other : {false, true}) {
      std::string& bytes = is_other ? other_ : echo_;
      http2::add_frame(bytes, http2::headers, http2::end_headers, 0,
                       is_other ? http2::fields_of(other) : http2::fields());
      data_at_[is_other ? 1 : 0] = bytes.size();
      http2::add_frame(bytes, http2::data, http2::end_stream, 0, message_);
    }
    window_ -= static_cast<std::int64_t>(message_.size());
  }

  std::string start() override { return start_; }

  bool may_call() const override { return window_ >= static_cast<std::int64_t>(message_.size()) && open_ < allowed_; }

  void call(std::uint32_t number, bool other, std::string& out) override {
    // Stream 1 was the first call; later ones come in order, so that `number` can be told from the stream.
    const std::uint32_t stream = next_stream_;
    next_stream_ += 2;
    if (number != number_of(stream)) throw std::logic_error("streams and numbers differ");
    std::string& bytes = other ? other_ : echo_;
    put_stream(bytes, 5, stream);
    put_stream(bytes, data_at_[other ? 1 : 0] + 5, stream);
    out += bytes;
    window_ -= static_cast<std::int64_t>(message_.size());
    ++open_;
  }

  std::size_t take(std::string_view bytes, std::optional<std::uint32_t>& answered, std::string& out) override {
    http2::Frame frame;
    if (!http2::next_frame(bytes, frame)) return 0;
    const bool ends = (frame.flags & http2::end_stream) != 0;
    switch (frame.type) {
      case http2::data:
        to_acknowledge_ += frame.payload.size();
        if (to_acknowledge_ > std::size_t{1} << 29) {
          std::string increment;
          for (int shift = 24; shift >= 0; shift -= 8) increment += static_cast<char>(to_acknowledge_ >> shift);
          http2::add_frame(out, http2::window_update, 0, 0, increment);
          to_acknowledge_ = 0;
        }
        if (!frame.payload.empty()) had_data_[number_of(frame.stream)] = true;
        if (ends) answered = finish(frame.stream);
        break;
      case http2::headers:
        if (ends) answered = finish(frame.stream);
        break;
      case http2::settings:
        if ((frame.flags & http2::acknowledged) != 0) break;
        for (std::string_view rest = frame.payload; rest.size() >= 6; rest.remove_prefix(6))
          if (rest[0] == 0 && rest[1] == 3) allowed_ = http2::read_u32(rest.substr(2));
        http2::add_frame(out, http2::settings, http2::acknowledged, 0, {});
        break;
      case http2::ping:
        if ((frame.flags & http2::acknowledged) == 0)
          http2::add_frame(out, http2::ping, http2::acknowledged, 0, frame.payload);
        break;
      case http2::window_update:
        if (frame.stream == 0) window_ += http2::read_u32(frame.payload);
        break;
      case http2::reset:
        throw std::runtime_error("a stream was reset");
      case http2::go_away:
        throw std::runtime_error("the server goes away");
      default:
        break;
    }
    return frame.size();
  }

 private:
  static std::uint32_t number_of(std::uint32_t stream) { return stream < 3 ? numbers - 1 : (stream - 3) / 2 % numbers; }

  static void put_stream(std::string& bytes, std::size_t at, std::uint32_t stream) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(stream >> (24 - 8 * i));
  }

  std::uint32_t finish(std::uint32_t stream) {
    const std::uint32_t number = number_of(stream);
    if (!had_data_[number]) throw std::runtime_error("a call without a reply");
    had_data_[number] = false;
    if (stream == 1) return 0;
    --open_;
    return number;
  }

  std::string start_;
  std::string message_;
  std::string echo_;
  std::string other_;
  std::size_t data_at_[2] = {};
  std::int64_t window_ = 65'535;
  std::uint32_t allowed_ = 100;
  std::uint32_t open_ = 0;
  std::uint32_t next_stream_ = 3;
  std::size_t to_acknowledge_ = 0;
  std::vector<bool> had_data_;
};

}  // namespace

std::unique_ptr<Speaker> make_speaker(std::string_view wire, std::size_t payload_bytes, std::string_view other) {
  Recording recording = record(wire, payload_bytes);
  if (wire == "gob" || wire == "gob-connect") return std::make_unique<GobSpeaker>(std::move(recording), other);
  if (wire == "json1" || wire == "json2") return std::make_unique<JsonSpeaker>(std::move(recording), other);
  if (wire == "protobuf") return std::make_unique<ProtobufSpeaker>(std::move(recording), other);
  if (wire == "grpc") return std::make_unique<GrpcSpeaker>(recording, payload_bytes, other);
  return std::make_unique<RecordedSpeaker>(std::move(recording), other);
}

}  // namespace bench
