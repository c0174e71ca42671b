// Any bytes to a server that speaks protobuf in the protorpc envelope, to its codec alone, with streaming calls, and to
// a session with methods: what is made of them must not depend on the pieces that they come in.

#include "protorpc_rpc.hpp"
#include "server_end.hpp"

#include <algorithm>
#include <set>

using namespace polyrpc;
using namespace polyrpc::fuzz;

namespace {

/// Answers every call; the messages of a streaming one are sent back.
class Streaming {
 public:
  explicit Streaming(const Codec& codec) : codec_(codec.server(protorpc_limits())) {}

  bool feed(std::string_view piece) {
    input_.append(piece);
    const auto next = [this] { return codec_->next_request(input_, request_); };
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
    const RequestHead& head = request_.head;
    const CallTag tag = head.tag;
    seen_ += std::to_string(static_cast<int>(request_.kind)) + " " + std::string(head.method) + " #" +
             std::to_string(tag.number) + (head.wants_reply ? " ?" : " !") +
             (head.timeout ? " " + std::to_string(head.timeout->count()) : "") + " {" + to_text(head.metadata) + "}\n";
    switch (request_.kind) {
      case RequestKind::call:
        break;
      case RequestKind::cancel:
        if (open_.erase(request_.cancels.number) == 0) return;
        reply(request_.cancels, Status::cancelled("fuzz: cancelled"), {});
        return;
      case RequestKind::readable:
      case RequestKind::writable:
        if (!open_.contains(tag.number)) fail("news of a call that is over", seen_);
        go_on(tag);
        return;
    }
    Status status = request_.refused;
    Note body;
    if (status.ok() && request_.body != nullptr) {
      status = request_.body->decode(message_slot(body));
      Note again;
      if (request_.body->decode(message_slot(again)) != status) fail("another outcome when it is read again", seen_);
      if (status.ok()) check_same("another body", describe_note(body), describe_note(again));
    }
    if (status.ok() && (request_.body == nullptr) != streams_requests(head.kind)) fail("a body or none", seen_);
    seen_ += to_text(status) + "\n";
    if (head.kind == CallKind::unary || !status.ok()) {
      if (head.wants_reply) reply(tag, status, message_ref(body));
      return;
    }
    open_.insert(tag.number);
    if (streams_replies(head.kind)) {
      const Metadata headers = head.metadata;
      if (!codec_->write_headers(tag, headers, output_).ok()) fail("no headers", seen_);
    }
    if (streams_requests(head.kind)) return go_on(tag);
    if (!codec_->write_message(tag, message_ref(body), output_).ok()) fail("no message", seen_);
    // Some stay open, so that cancellations and credit find them.
    if (tag.number % 2 == 0) finish(tag, {});
  }

  void go_on(const CallTag& tag) {
    Status outcome;
    const std::string pulled = pull_all([&](MessageSlot into) { return codec_->read_message(tag, into); });
    seen_ += pulled;
    Note note{pulled};
    if (pulled.ends_with("the end\n")) return finish(tag, {});
    if (pulled.find("unreadable: ") != std::string::npos) return finish(tag, Status::aborted("fuzz: unreadable"));
    // What a call of one reply is sent too early is nobody's harm.
    if (codec_->has_room(tag)) static_cast<void>(codec_->write_message(tag, message_ref(note), output_));
  }

  void finish(const CallTag& tag, const Status& status) {
    open_.erase(tag.number);
    const Note note{"done"};
    reply(tag, status, message_ref(note));
  }

  void reply(const CallTag& tag, const Status& status, MessageRef body) {
    const Metadata metadata{{"k", "v"}};
    const std::size_t before = output_.size();
    const Status written = codec_->write_reply({tag, "x", status, &metadata, &metadata}, body, output_);
    if (written.ok()) return;
    seen_ += "not written: " + to_text(written) + "\n";
    if (output_.size() != before) fail("a reply that was not written is there", output_.text());
    if (!codec_->write_reply({tag, "x", written}, {}, output_).ok()) fail("not even an error can be written", seen_);
  }

  std::unique_ptr<ServerCodec> codec_;
  ByteQueue input_;
  ByteQueue output_;
  IncomingRequest request_;
  std::set<std::uint64_t> open_;
  std::string seen_;
  std::size_t most_kept_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static Workshop workshop(protorpc_limits());
  const std::uint8_t how = data[0];
  const Codec& codec = protorpc_codec(how);
  const std::string_view bytes = text_of(data + 1, size - 1);
  Streaming whole(codec);
  whole.feed(bytes);
  Streaming pieces(codec);
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  check_same("other requests in pieces", whole.seen(), pieces.seen());
  if ((std::max)(whole.most_kept(), pieces.most_kept()) > most_protorpc_kept)
    fail("too much input is kept", std::to_string(whole.most_kept()));
  check_serving(workshop, codec, how, bytes);
  return 0;
}
