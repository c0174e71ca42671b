#include "client.hpp"

#include "decoder.hpp"
#include "encoder.hpp"
#include "errors.hpp"
#include "extension.hpp"
#include "params.hpp"
#include "sink.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace polyrpc::json {

namespace {

bool is_null(std::string_view value) noexcept { return value.empty() || value.front() == 'n'; }

}  // namespace

Status RpcClient::Body::decode(MessageSlot into) const {
  ReadRules rules;
  rules.checked = true;
  rules.refuse_unknown = codec->options_.unknown_fields == UnknownFields::refused;
  rules.any_case = !codec->is_v2() || codec->options_.case_insensitive_fields;
  Decoder decoder(result, rules, codec->limits_, &codec->scratch_);
  return decoder.value(plan_of(*into.shape), into.object) ? Status() : decoder.take_failure();
}

RpcClient::RpcClient(const Options& options, const CodecLimits& limits)
    : options_(options), limits_(limits), scanner_(limits.depth) {
  limits_.message_bytes = (std::min)(limits_.message_bytes, Scanner::longest);
  body_.codec = this;
}

Capabilities RpcClient::capabilities() const noexcept {
  Capabilities can;
  can.metadata = options_.extensions;
  can.deadline = options_.extensions;
  can.cancel = is_v2() || peer_is_ours_;
  can.details = is_v2() || options_.extensions;
  can.one_way = is_v2();
  return can;
}

Status RpcClient::write_request(const RequestHead& head, MessageRef body, ByteQueue& output) {
  if (!options_.extensions && !head.metadata.empty())
    return Status::failed_precondition("jsonrpc: metadata cannot be sent without extensions");
  Sink sink(output);
  Encoder encoder(sink, options_.escape_html, limits_.depth);
  const Plan& plan = plan_of(*body.shape);
  sink.put(is_v2() ? std::string_view("{\"jsonrpc\":\"2.0\",\"method\":") : std::string_view("{\"method\":"));
  sink.string(head.method, options_.escape_html);
  if (is_v2()) {
    if (!write_params_v2(encoder, sink, plan, body.object)) return encoder.failure();
  } else {
    sink.put(std::string_view(",\"params\":["));
    if (!encoder.value(plan, body.object)) return encoder.failure();
    sink.put(']');
  }
  if (head.wants_reply) {
    sink.put(std::string_view(",\"id\":"));
    sink.integer(head.tag.number);
  } else if (!is_v2()) {
    // A notification of JSON-RPC 1.0; servers that answer all the same are not listened to.
    sink.put(std::string_view(",\"id\":null"));
  }
  if (options_.extensions) write_request_extension(sink, head.timeout, head.metadata);
  sink.put(std::string_view("}\n"));
  sink.keep();
  return {};
}

void RpcClient::write_cancel(std::uint64_t call, ByteQueue& output) {
  // In version 1.0 there is no notification: a server that is not one of ours would answer with an error.
  if (!is_v2() && !peer_is_ours_) return;
  Sink sink(output);
  if (is_v2())
    sink.put(std::string_view("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":"));
  else
    sink.put(std::string_view("{\"method\":\"$/cancelRequest\",\"params\":[{\"id\":"));
  sink.integer(call);
  sink.put(is_v2() ? std::string_view("}}\n") : std::string_view("}],\"id\":null}\n"));
  sink.keep();
}

Result<bool> RpcClient::next_reply(ByteQueue& input, IncomingReply& reply) {
  reply.call = 0;
  reply.status = Status();
  reply.headers.clear();
  reply.trailers.clear();
  reply.body = nullptr;
  scratch_.clear();
  if (!failure_.ok()) return failure_;
  for (;;) {
    input.consume(std::exchange(consumed_, 0));
    if (!scanning_) {
      const std::string_view text = input.text();
      input.consume(static_cast<std::size_t>(skip_spaces(text.data(), text.data() + text.size()) - text.data()));
      if (input.empty()) return false;
      scanner_.start(0);
      scanning_ = true;
    }
    // Not a byte more than tells that a message is too long: what comes of it must not hang on how much has come.
    const std::string_view text = input.text().substr(0, limits_.message_bytes + 1);
    const Scanner::Outcome outcome = scanner_.run(text);
    if (outcome == Scanner::Outcome::malformed) return give_up(scanner_.error(text));
    if ((outcome == Scanner::Outcome::more ? text.size() : scanner_.position()) > limits_.message_bytes)
      return give_up(Status::resource_exhausted("jsonrpc: a message of more than " +
                                                std::to_string(limits_.message_bytes) + " bytes"));
    if (outcome == Scanner::Outcome::more) return false;
    scanning_ = false;
    consumed_ = scanner_.position();
    Result<bool> understood = understand(text, reply);
    if (!understood.ok() || *understood) return understood;
  }
}

Result<bool> RpcClient::understand(std::string_view text, IncomingReply& reply) {
  if (scanner_.first() != '{') return give_up(Status::internal("jsonrpc: a reply must be an object"));
  const Envelope& envelope = scanner_.envelope();
  const auto member = [&](Member wanted) {
    return (is_v2() ? envelope.exact(wanted) : envelope.folded(wanted)).in(text);
  };
  const std::string_view id = member(Member::id);
  const std::string_view result = member(Member::result);
  const std::string_view error = member(Member::error);
  const std::string_view extension = envelope.exact(Member::extension).in(text);

  // A notification, or a request that nobody here can answer.
  if (result.empty() && error.empty() && !member(Member::method).empty()) return false;
  if (is_null(id)) {
    // Whose it is, nobody knows: an answer to a call without id, or a complaint that a server could not read us.
    if (!is_v2() || is_null(error)) return false;
    return give_up(read_error(error, limits_));
  }
  if (parse_integer(id, reply.call) != Parsed::ok) {
    constexpr std::size_t shown = 40;
    return give_up(
        Status::internal("jsonrpc: a reply with an id that is not one of ours: " + std::string(id.substr(0, shown))));
  }

  if (!is_null(error))
    reply.status = read_error(error, limits_);
  else if (!is_v2() && is_null(result))
    reply.status = Status::internal("invalid error <nil>");  // net/rpc/jsonrpc, client.go
  else if (result.empty())
    reply.status = Status::internal("jsonrpc: a reply with neither result nor error");
  if (!extension.empty() && extension.front() == '{') {
    peer_is_ours_ = true;
    Status problem = read_reply_extension(extension, limits_, reply.headers, reply.trailers, reply.status);
    if (!problem.ok()) reply.status = std::move(problem);
  }
  if (reply.status.ok()) {
    body_.result = result;
    reply.body = &body_;
  }
  return true;
}

Status RpcClient::give_up(Status why) {
  failure_ = std::move(why);
  return failure_;
}

}  // namespace polyrpc::json
