// Any bytes to a client that speaks protobuf in the protorpc envelope, with calls of every kind under way: the replies,
// the messages and the calls' ends must not depend on the pieces that the bytes come in.

#include "protorpc_rpc.hpp"

#include <algorithm>
#include <array>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::fuzz;

namespace {

/// No text, whose characters would be looked at every time.
struct Blob {
  std::vector<std::byte> data;
};
POLYRPC_DESCRIBE(Blob, (data));

/// Calls 0 and 1 are unary, 2 to 4 stream: requests, replies, both; call 5 was given up.
class Calling {
 public:
  explicit Calling(const Codec& codec) : codec_(codec.client(protorpc_limits())) {
    constexpr std::array kinds = {
        CallKind::unary,         CallKind::unary,        CallKind::client_streaming, CallKind::server_streaming,
        CallKind::bidirectional, CallKind::bidirectional};
    const Note note{"x"};
    for (std::size_t call = 0; call < kinds.size(); ++call) {
      RequestHead head;
      head.method = "Some.Method";
      head.tag.number = call;
      head.kind = kinds[call];
      if (!codec_->write_request(head, message_ref(note), output_).ok()) fail("a call can't be sent", seen_);
      if (kinds[call] != CallKind::unary) go_on(call);
    }
    codec_->write_cancel(5, output_);
    // More than the credit, so that the last one waits.
    static const Blob large{std::vector<std::byte>(65536)};
    for (const MessageRef message : {message_ref(large), message_ref(note)})
      if (!codec_->write_message(4, message, output_).ok()) fail("a message can't be sent", seen_);
    if (codec_->has_room(4)) fail("room for more", seen_);
    output_.clear();
  }

  bool feed(std::string_view piece) {
    input_.append(piece);
    const auto next = [this] { return codec_->next_reply(input_, reply_); };
    const auto noted = [this] {
      note();
      codec_->write_pending(output_);
    };
    if (!take_all(next, noted, seen_)) return false;
    most_kept_ = (std::max)(most_kept_, input_.size());
    return true;
  }

  std::string seen() {
    codec_->write_pending(output_);
    return seen_ + std::string(output_.text());
  }
  std::size_t most_kept() const noexcept { return most_kept_; }

 private:
  void note() {
    const std::uint64_t call = reply_.call;
    seen_ += std::to_string(static_cast<int>(reply_.kind)) + " #" + std::to_string(call) + " " +
             to_text(reply_.status) + " {" + to_text(reply_.headers) + "} {" + to_text(reply_.trailers) + "}\n";
    if (reply_.kind != ReplyKind::reply) {
      if (call < 2 || call > 4) fail("news of a call that does not stream", seen_);
      if (reply_.kind == ReplyKind::readable) go_on(call);
      if (reply_.kind == ReplyKind::writable && !codec_->has_room(call)) fail("no room", seen_);
      return;
    }
    if (reply_.body == nullptr) return;
    if (!reply_.status.ok()) fail("a body and no success", seen_);
    Note body;
    const Status status = reply_.body->decode(message_slot(body));
    seen_ += (status.ok() ? describe_note(body) : to_text(status)) + "\n";
    Note again;
    if (reply_.body->decode(message_slot(again)) != status) fail("another outcome when it is read again", seen_);
  }

  void go_on(std::uint64_t call) {
    if (const Metadata* headers = codec_->headers(call)) seen_ += "{" + to_text(*headers) + "}\n";
    const std::string pulled = pull_all([&](MessageSlot into) { return codec_->read_message(call, into); });
    seen_ += pulled;
    if (pulled.find("unreadable: ") != std::string::npos) codec_->write_cancel(call, output_);
  }

  std::unique_ptr<ClientCodec> codec_;
  ByteQueue input_;
  ByteQueue output_;
  IncomingReply reply_;
  std::string seen_;
  std::size_t most_kept_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const Codec& codec = protorpc_codec(how);
  const std::string_view bytes = text_of(data + 1, size - 1);
  Calling whole(codec);
  whole.feed(bytes);
  Calling pieces(codec);
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  check_same("other replies in pieces", whole.seen(), pieces.seen());
  if ((std::max)(whole.most_kept(), pieces.most_kept()) > most_protorpc_kept)
    fail("too much input is kept", std::to_string(whole.most_kept()));
  return 0;
}
