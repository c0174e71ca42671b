#pragma once

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/runtime/client_session.hpp"

#include "fuzz.hpp"
#include "services.hpp"
#include "texts.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The client's end of a wire, without a connection.
namespace polyrpc::fuzz {

/// What a client codec makes of bytes: every reply with its body as a `Body`, and how it ends. `describe` gives a
/// body's text.
template <class Body, class Describe>
class Matching {
 public:
  Matching(const Codec& codec, const CodecLimits& limits, Describe describe)
      : codec_(codec.client(limits)), describe_(describe) {}

  bool feed(std::string_view piece) {
    input_.append(piece);
    for (;;) {
      const Result<bool> cut = codec_->next_reply(input_, reply_);
      if (!cut.ok()) {
        seen_ += "end: " + to_text(cut.status()) + "\n";
        // It stays so.
        const Result<bool> again = codec_->next_reply(input_, reply_);
        if (again.ok() || again.status() != cut.status()) fail("another end", to_text(again.status()));
        return false;
      }
      if (!*cut) break;
      note();
    }
    most_kept_ = (std::max)(most_kept_, input_.size());
    return true;
  }

  std::string seen() const { return seen_ + (codec_->capabilities().cancel ? "can cancel" : "can't cancel"); }
  std::size_t most_kept() const noexcept { return most_kept_; }

 private:
  void note() {
    seen_ += "#" + std::to_string(reply_.call) + " " + to_text(reply_.status) + " {" + to_text(reply_.headers) + "} {" +
             to_text(reply_.trailers) + "}\n";
    if (reply_.status.ok() != (reply_.body != nullptr)) fail("a body and no success, or the reverse", seen_);
    if (reply_.body == nullptr) return;
    Body body{};
    const Status status = reply_.body->decode(message_slot(body));
    seen_ += (status.ok() ? describe_(body) : to_text(status)) + "\n";
    Body again{};
    if (reply_.body->decode(message_slot(again)) != status) fail("another outcome when it is read again", seen_);
    if (status.ok()) check_same("another body when it is read again", describe_(body), describe_(again));
  }

  std::unique_ptr<ClientCodec> codec_;
  Describe describe_;
  ByteQueue input_;
  IncomingReply reply_;
  std::string seen_;
  std::size_t most_kept_ = 0;
};

/// Some call whose reply is a `Reply`.
template <class Reply>
class SomeCall final : public ClientCall {
 public:
  SomeCall() {
    method = "Some.Method";
    args = message_ref(argument_);
    ClientCall::reply = message_slot(value);
    ClientCall::headers = &headers_in;
    ClientCall::trailers = &trailers_in;
  }
  void deliver(Deliver) override {}

  Reply value{};
  Metadata headers_in;
  Metadata trailers_in;

 private:
  std::string argument_ = "x";
};

/// A session with calls of several types under way, one of which was given up.
class Calling {
 public:
  /// How the codec writes a value, to compare it.
  using Write = std::string (*)(MessageRef);

  Calling(const Codec& codec, const CodecLimits& limits, Write write)
      : write_(write), session_(codec.client(limits), nullptr) {
    for (ClientCall* call :
         {static_cast<ClientCall*>(&number_), static_cast<ClientCall*>(&text_), static_cast<ClientCall*>(&given_up_),
          static_cast<ClientCall*>(&quotient_), static_cast<ClientCall*>(&any_), static_cast<ClientCall*>(&map_),
          static_cast<ClientCall*>(&numbers_)})
      if (const Status sent = session_.send(*call); !sent.ok()) fail("a call can't be sent", to_text(sent));
    session_.withdraw(given_up_);
  }
  ~Calling() {
    session_.take_all([](ClientCall&) {});
  }

  bool feed(std::string_view piece) {
    input_.append(piece);
    return session_
        .receive(input_,
                 [this](ClientCall& call) {
                   if (&call == &given_up_) fail("a reply for a call that was given up", seen_);
                   seen_ += "call " + std::to_string(call.number) + " " + to_text(call.status) + " {" +
                            to_text(*call.headers) + "} {" + to_text(*call.trailers) + "}\n";
                   if (call.status.ok()) seen_ += write_({call.reply.object, call.reply.shape}) + "\n";
                 })
        .ok();
  }

  std::string seen() const {
    return seen_ + to_text(session_.failure()) + "\n" + std::to_string(session_.in_flight()) + " calls under way";
  }

 private:
  const Write write_;
  ClientSession session_;
  ByteQueue input_;
  SomeCall<std::int64_t> number_;
  SomeCall<std::string> text_;
  SomeCall<std::string> given_up_;
  SomeCall<Quotient> quotient_;
  SomeCall<Any> any_;
  SomeCall<std::map<std::string, std::int64_t>> map_;
  SomeCall<std::vector<double>> numbers_;
  std::string seen_;
};

/// Whether a session ends the same calls with the same outcomes however the bytes come.
inline void check_calling(const Codec& codec, const CodecLimits& limits, Calling::Write write, std::uint8_t how,
                          std::string_view bytes) {
  Calling whole(codec, limits, write);
  whole.feed(bytes);
  Calling pieces(codec, limits, write);
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  check_same("calls end differently in pieces", whole.seen(), pieces.seen());
}

/// Whether a codec makes the same replies of bytes however they come. Returns how many it kept at most.
template <class Body, class Describe>
std::size_t check_matching(const Codec& codec, const CodecLimits& limits, Describe describe, std::uint8_t how,
                           std::string_view bytes) {
  Matching<Body, Describe> whole(codec, limits, describe);
  whole.feed(bytes);
  Matching<Body, Describe> pieces(codec, limits, describe);
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  check_same("other replies in pieces", whole.seen(), pieces.seen());
  return (std::max)(whole.most_kept(), pieces.most_kept());
}

}  // namespace polyrpc::fuzz
