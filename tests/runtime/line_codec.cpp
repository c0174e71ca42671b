#include "line_codec.hpp"

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace polyrpc::test {

namespace {

/// Cuts what stands before `separator`, which is dropped, off the front of `text`.
std::string_view cut(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return part;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Status decode_text(std::string_view& text, MessageSlot into) {
  const Shape& shape = *into.shape;
  switch (shape.kind) {
    case Kind::int64: {
      const std::string_view word = cut(text, ",");
      if (!read_number(word, *static_cast<std::int64_t*>(into.object)))
        return Status::invalid_argument("lines: \"" + std::string(word) + "\" is not a number");
      return {};
    }
    case Kind::string:
      shape.string->set(into.object, cut(text, ","));
      return {};
    case Kind::structure: {
      Status status;
      for_each_field(shape, [&](const Field& field, std::size_t offset) {
        if (status.ok()) status = decode_text(text, {at(into.object, offset), &field.shape()});
      });
      return status;
    }
    default:
      return Status::invalid_argument("lines: " + type_text(shape) + " can't be read");
  }
}

Status encode_text(MessageRef message, ByteQueue& output) {
  const Shape& shape = *message.shape;
  switch (shape.kind) {
    case Kind::boolean:
      output.append(std::string_view(*static_cast<const bool*>(message.object) ? "true" : "false"));
      return {};
    case Kind::int64: {
      char digits[24];
      const auto result =
          std::to_chars(digits, digits + sizeof digits, *static_cast<const std::int64_t*>(message.object));
      output.append(digits, static_cast<std::size_t>(result.ptr - digits));
      return {};
    }
    case Kind::string:
      if (shape.string->get(message.object) == "THROW") throw std::runtime_error("lines: thrown");
      output.append(shape.string->get(message.object));
      return {};
    case Kind::structure: {
      Status status;
      bool first = true;
      for_each_field(shape, [&](const Field& field, std::size_t offset) {
        if (!std::exchange(first, false)) output.push_back(',');
        if (status.ok()) status = encode_text({at(message.object, offset), &field.shape()}, output);
      });
      return status;
    }
    default:
      return Status::internal("lines: " + type_text(shape) + " can't be written");
  }
}

class LineCodec final : public ServerCodec, private EncodedMessage {
 public:
  Capabilities capabilities() const noexcept override {
    Capabilities all;
    all.metadata = all.deadline = all.cancel = all.details = all.one_way = true;
    return all;
  }

  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override {
    input.consume(std::exchange(taken_, 0));
    const std::string_view text = input.text();
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    taken_ = end + 1;
    body_ = text.substr(0, end);

    request.kind = RequestKind::call;
    request.refused = Status();
    request.head.wants_reply = true;
    request.head.timeout.reset();
    request.head.metadata.clear();
    request.head.method = {};
    request.body = nullptr;

    std::string_view head = cut(body_, " : ");
    const std::string_view verb = cut(head, " ");
    if (!read_number(cut(head, " "), request.head.tag.number)) return beyond_trust(text.substr(0, end));
    if (verb == "refuse") {
      request.refused = Status::invalid_argument(head);
      return true;
    }
    if (verb == "cancel") {
      request.kind = RequestKind::cancel;
      if (!read_number(head, request.cancels.number)) return beyond_trust(text.substr(0, end));
      return true;
    }
    if (verb == "throw") throw std::runtime_error("lines: thrown");
    if (verb == "notify")
      request.head.wants_reply = false;
    else if (verb != "call")
      return beyond_trust(text.substr(0, end));
    request.head.method = cut(head, " ");
    while (!head.empty()) {
      std::string_view option = cut(head, " ");
      const std::string_view name = cut(option, "=");
      if (name == "timeout") {
        std::int64_t nanoseconds = 0;
        if (!read_number(option, nanoseconds)) return beyond_trust(text.substr(0, end));
        request.head.timeout = std::chrono::nanoseconds(nanoseconds);
      } else {
        const std::string_view key = cut(option, "=");
        request.head.metadata.add(key, option);
      }
    }
    request.body = this;
    return true;
  }

  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override {
    const std::size_t before = output.size();
    Status status;
    output.append(std::string_view(head.status.ok() ? "ok " : "error "));
    char digits[24];
    const auto result = std::to_chars(digits, digits + sizeof digits, head.tag.number);
    output.append(digits, static_cast<std::size_t>(result.ptr - digits));
    if (!head.status.ok()) {
      output.push_back(' ');
      output.append(to_string(head.status.code()));
    }
    append(head.headers, " head=", output);
    append(head.trailers, " tail=", output);
    output.append(std::string_view(" : "));
    if (head.status.ok())
      status = encode_text(body, output);
    else
      output.append(std::string_view(head.status.message()));
    if (status.ok() && output.text().find('\n', before) != std::string_view::npos)
      status = Status::internal("lines: the reply has a line end");
    if (status.ok())
      output.push_back('\n');
    else
      output.truncate(before);
    return status;
  }

  void write_farewell(const Status& reason, ByteQueue& output) override {
    output.append("bye " + reason.message() + "\n");
  }

 private:
  Status decode(MessageSlot into) const override {
    std::string_view text = body_;
    return decode_text(text, into);
  }

  static Status beyond_trust(std::string_view line) {
    return Status::invalid_argument("lines: \"" + std::string(line) + "\" is no request");
  }

  static void append(const Metadata* metadata, std::string_view name, ByteQueue& output) {
    if (metadata == nullptr) return;
    for (const auto& [key, value] : *metadata) {
      output.append(name);
      output.append(std::string_view(key));
      output.push_back('=');
      output.append(std::string_view(value));
    }
  }

  std::size_t taken_ = 0;
  std::string_view body_;
};

}  // namespace

std::unique_ptr<ServerCodec> line_server_codec() { return std::make_unique<LineCodec>(); }

}  // namespace polyrpc::test
