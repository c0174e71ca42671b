#include "line_codec.hpp"

#include "polyrpc/core/shape.hpp"

#include <charconv>
#include <string>
#include <vector>

namespace {

using namespace polyrpc;

// ---- values: only numbers and texts have a form here, and structs of these ----

template <class T>
Status read_number(std::string_view word, void* object) {
  T value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size())
    return Status::invalid_argument("line: \"" + std::string(word) + "\" is not the number that is wanted");
  *static_cast<T*>(object) = value;
  return {};
}

Status read_word(std::string_view word, const Shape& shape, void* object) {
  switch (shape.kind) {
    case Kind::int64:
      return read_number<std::int64_t>(word, object);
    case Kind::float64:
      return read_number<double>(word, object);
    case Kind::string:
      shape.string->set(object, word);
      return {};
    default:
      return Status::unimplemented("line: this wire has no form for " + type_text(shape));
  }
}

Status append_word(const Shape& shape, const void* object, std::string& text) {
  switch (shape.kind) {
    case Kind::int64:
      text += std::to_string(*static_cast<const std::int64_t*>(object));
      return {};
    case Kind::float64:
      text += std::to_string(*static_cast<const double*>(object));
      return {};
    case Kind::string:
      text += shape.string->get(object);
      return {};
    default:
      return Status::unimplemented("line: this wire has no form for " + type_text(shape));
  }
}

Status append_message(MessageRef message, std::string& text) {
  if (message.shape->kind != Kind::structure) return append_word(*message.shape, message.object, text);
  Status status;
  for_each_field(*message.shape, [&](const Field& field, std::size_t offset) {
    if (!status.ok()) return;
    if (!text.empty() && text.back() != ' ') text += ' ';
    status = append_word(field.shape(), at(message.object, offset), text);
  });
  return status;
}

/// The words behind the method; decoded when the type is known.
class Words final : public EncodedMessage {
 public:
  void set(std::string_view words) { words_ = words; }

  Status decode(MessageSlot into) const override {
    if (into.shape->kind != Kind::structure) return read_word(words_, *into.shape, into.object);
    std::string_view rest = words_;
    Status status;
    for_each_field(*into.shape, [&](const Field& field, std::size_t offset) {
      const std::size_t end = rest.find(' ');
      const std::string_view word = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (status.ok()) status = read_word(word, field.shape(), at(into.object, offset));
    });
    if (status.ok() && !rest.empty()) status = Status::invalid_argument("line: too many words");
    return status;
  }

 private:
  std::string_view words_;
};

// ---- the server's end ----

class LineServer final : public ServerCodec {
 public:
  explicit LineServer(const CodecLimits& limits) : limits_(limits) {}

  Capabilities capabilities() const noexcept override { return {}; }

  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override {
    input.consume(std::exchange(served_, 0));  // the request before: nobody looks at it any more
    const std::string_view text = input.text();
    const std::size_t end = text.find('\n', searched_);
    if (end == std::string_view::npos) {
      if (text.size() > limits_.message_bytes) return Status::resource_exhausted("line: a line is too long");
      searched_ = text.size();
      return false;
    }
    searched_ = 0;
    served_ = end + 1;
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);

    request.kind = RequestKind::call;
    request.refused = Status();
    request.head.tag = CallTag();
    request.head.wants_reply = true;
    request.head.timeout.reset();
    request.head.metadata.clear();
    request.body = &words_;
    if (!line.starts_with("> ")) {
      request.head.method = {};
      request.refused = Status::invalid_argument("line: a call begins with \"> \"");
      return true;
    }
    line.remove_prefix(2);
    const std::size_t space = line.find(' ');
    request.head.method = line.substr(0, space);
    words_.set(space == std::string_view::npos ? std::string_view() : line.substr(space + 1));
    return true;
  }

  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override {
    std::string line;
    if (head.status.ok()) {
      line = "OK ";
      if (Status status = append_message(body, line); !status.ok()) return status;
    } else {
      line = "ERROR " + head.status.to_string();
    }
    for (char& c : line)
      if (c == '\n' || c == '\r') c = ' ';  // one line is one answer, whatever a handler says
    output.append(line + "\n");
    return {};
  }

 private:
  const CodecLimits limits_;
  Words words_;
  std::size_t served_ = 0;    // bytes of the request that was cut last
  std::size_t searched_ = 0;  // of the next one, without a line end so far
};

class LineCodec final : public Codec {
 public:
  std::string_view name() const noexcept override { return "line"; }
  Match matches(std::span<const std::byte> first_bytes) const noexcept override {
    const std::string_view text = as_text(first_bytes);
    if (text.size() < 2) return std::string_view("> ").starts_with(text) ? Match::more : Match::no;
    return text.starts_with("> ") ? Match::yes : Match::no;
  }
  std::unique_ptr<ServerCodec> server(const CodecLimits& limits) const override {
    return std::make_unique<LineServer>(limits);
  }
  std::unique_ptr<ClientCodec> client(const CodecLimits&) const override { return nullptr; }  // people call it
};

}  // namespace

std::shared_ptr<const polyrpc::Codec> line_codec() { return std::make_shared<LineCodec>(); }
