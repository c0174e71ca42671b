// Any bytes to a client that speaks gRPC, with calls of every kind under way: what is said of a call must not depend on
// the pieces that the bytes come in.

#include "polyrpc/core/describe.hpp"
#include "polyrpc/grpc/client.hpp"

#include "fuzz.hpp"
#include "grpc/text_format.hpp"
#include "texts.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>

using namespace polyrpc;
using namespace polyrpc::fuzz;

namespace {

constexpr std::array kinds{CallKind::unary, CallKind::server_streaming, CallKind::client_streaming,
                           CallKind::bidirectional, CallKind::unary};  // the last one is given up
constexpr std::uint64_t given_up = kinds.size() - 1;
constexpr std::size_t most_output = 64 << 10;

const Codec& codec() {
  static const std::shared_ptr<const Codec> made = [] {
    grpc::WireOptions options;
    options.format = std::make_shared<test::TextFormat>();
    options.compressors.add(std::make_shared<test::RunCompressor>());
    return grpc::rpc(options);
  }();
  return *made;
}

CodecLimits limits() {
  CodecLimits limits;
  limits.message_bytes = 1000;
  limits.metadata_bytes = 2000;
  return limits;
}

class Calling {
 public:
  Calling() : codec_(codec().client(limits())) {
    const std::string text = "x";
    for (std::uint64_t number = 0; number < kinds.size(); ++number) {
      RequestHead head;
      head.method = "Some.Method";
      head.kind = kinds[number];
      head.tag.number = number;
      const MessageRef body = streams_requests(head.kind) ? MessageRef() : message_ref(text);
      if (const Status sent = codec_->write_request(head, body, output_); !sent.ok())
        fail("a call can't be sent", to_text(sent));
    }
    codec_->write_cancel(given_up, output_);
    output_.clear();
  }

  bool feed(std::string_view piece) {
    input_.append(piece);
    for (;;) {
      const Result<bool> cut = codec_->next_reply(input_, reply_);
      if (!cut.ok()) {
        const Result<bool> again = codec_->next_reply(input_, reply_);
        if (again.ok() || again.status() != cut.status()) fail("another end", to_text(again.status()));
        dead_ = true;
        return false;
      }
      if (!*cut) break;
      note();
    }
    if (!input_.empty()) fail("input is kept", std::to_string(input_.size()));
    codec_->write_pending(output_);
    if (output_.size() > most_output) fail("too much is answered", std::to_string(output_.size()));
    output_.clear();
    return true;
  }

  bool dead() const noexcept { return dead_; }
  const std::string& seen(std::uint64_t call) { return seen_[call]; }

 private:
  void note() {
    const std::uint64_t call = reply_.call;
    if (call >= given_up) fail("news of a call that nobody makes", std::to_string(call));
    std::string& seen = seen_[call];
    if (seen.ends_with("over\n")) fail("news of a call that is over", seen);
    const bool unary = kinds[call] == CallKind::unary;
    if (reply_.kind != ReplyKind::reply) {
      if (unary) fail("a unary call streams", seen);
      return read(call);
    }
    seen += to_text(reply_.status) + " {" + to_text(reply_.headers) + "} {" + to_text(reply_.trailers) + "}\n";
    if ((unary && reply_.status.ok()) != (reply_.body != nullptr)) fail("a body and no success, or the reverse", seen);
    if (reply_.body != nullptr) {
      std::string text;
      const Status decoded = reply_.body->decode(message_slot(text));
      seen += decoded.ok() ? text + "\n" : to_text(decoded) + "\n";
    }
    seen += "over\n";
  }

  void read(std::uint64_t call) {
    for (;;) {
      std::string text;
      const Result<Pulled> pulled = codec_->read_message(call, message_slot(text));
      if (!pulled.ok()) {
        seen_[call] += to_text(pulled.status()) + "\n";
        return;
      }
      if (*pulled != Pulled::message) return;
      if (text.size() > limits().message_bytes) fail("a message beyond the limit", text);
      seen_[call] += "message " + text + "\n";
    }
  }

  std::unique_ptr<ClientCodec> codec_;
  ByteQueue input_;
  ByteQueue output_;
  IncomingReply reply_;
  std::map<std::uint64_t, std::string> seen_;
  bool dead_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const std::string_view bytes = text_of(data + 1, size - 1);
  Calling whole;
  whole.feed(bytes);
  Calling pieces;
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  for (std::uint64_t call = 0; call < kinds.size(); ++call) {
    const std::string& one = whole.seen(call);
    const std::string& other = pieces.seen(call);
    // A stream that we end is gone when that has been sent, so what a server says of it meanwhile may count as a breach
    // of the rules or not, and where the connection ends, calls may not have got as far or have been refused.
    const bool is_breach =
        one.find("PROTOCOL_ERROR") != std::string::npos || other.find("PROTOCOL_ERROR") != std::string::npos;
    if (!whole.dead() && !pieces.dead() && !is_breach) check_same("a call goes differently in pieces", one, other);
  }
  return 0;
}
