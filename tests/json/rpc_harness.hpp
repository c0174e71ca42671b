#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/codecs/json_dynamic.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::test {

struct Args {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

struct Quotient {
  std::int64_t quo = 0;
  std::int64_t rem = 0;
};
POLYRPC_DESCRIBE(Quotient, (quo, "Quo"), (rem, "Rem"));

struct Nothing {};
POLYRPC_DESCRIBE(Nothing);

/// One end of a connection with a handful of methods, without any engine: what is fed in comes out as text.
class RpcServerHarness {
 public:
  /// Answers a call: decodes the body, writes the reply with the function given.
  using Method = std::function<void(RpcServerHarness&, const IncomingRequest&)>;

  explicit RpcServerHarness(const json::Options& options = {}, const CodecLimits& limits = {})
      : codec_(json::rpc(options)->server(limits)) {
    add_go_service();
  }

  template <class A, class R, class F>
  void add(const std::string& name, F function) {
    methods_[name] = [function](RpcServerHarness& harness, const IncomingRequest& request) {
      A args{};
      R reply{};
      Status status = request.body->decode(message_slot(args));
      if (status.ok()) status = function(args, reply);
      if (request.head.wants_reply)
        harness.reply(request.head.tag, std::string(request.head.method), status, message_ref(reply));
    };
  }
  void add_raw(const std::string& name, Method method) { methods_[name] = std::move(method); }

  /// Gives the codec more bytes, and lets it cut what there is. False once the connection has ended.
  bool feed(std::string_view text) {
    if (!failure_.ok()) return false;
    input_.append(text);
    for (;;) {
      Result<bool> cut = codec_->next_request(input_, request_);
      if (!cut.ok()) {
        failure_ = cut.status();
        run_later();
        codec_->write_farewell(failure_, output_);
        return false;
      }
      if (!*cut) return true;
      serve();
    }
  }
  /// Feeds in pieces of so many bytes.
  bool feed_in_pieces(std::string_view text, std::size_t size) {
    bool alive = true;
    for (; alive && !text.empty(); text.remove_prefix(std::min(size, text.size()))) alive = feed(text.substr(0, size));
    return alive;
  }

  void reply(const CallTag& tag, const std::string& method, const Status& status, MessageRef body) {
    const Metadata* headers = headers_.empty() ? nullptr : &headers_;
    const Metadata* trailers = trailers_.empty() ? nullptr : &trailers_;
    const Status written = codec_->write_reply({tag, method, status, headers, trailers}, body, output_);
    if (!written.ok()) {
      const Status again = codec_->write_reply({tag, method, written}, {}, output_);
      if (!again.ok()) failure_ = again;
    }
  }

  /// Everything written since the last time. Calls that sleep end now, the shortest first.
  std::string take() {
    run_later();
    std::string text(output_.text());
    output_.clear();
    return text;
  }

  bool ended() const { return !failure_.ok(); }
  const Status& failure() const { return failure_; }
  ServerCodec& codec() { return *codec_; }
  ByteQueue& input() { return input_; }
  ByteQueue& output() { return output_; }
  /// The methods of all calls so far, and their tags; a notification's tag is empty.
  const std::vector<std::string>& seen() const { return seen_; }
  const std::vector<CallTag>& tags() const { return tags_; }
  const std::vector<CallTag>& cancels() const { return cancels_; }
  Metadata& headers() { return headers_; }
  Metadata& trailers() { return trailers_; }

 private:
  void serve() {
    if (!request_.refused.ok()) {
      const Status refused = request_.refused;
      return reply(request_.head.tag, "", refused, {});
    }
    if (request_.kind == RequestKind::cancel) {
      cancels_.push_back(request_.cancels);
      return;
    }
    const std::string name(request_.head.method);
    seen_.push_back(name);
    tags_.push_back(request_.head.wants_reply ? request_.head.tag : CallTag());
    const auto found = methods_.find(name);
    if (found != methods_.end()) return found->second(*this, request_);
    if (!request_.head.wants_reply) return;
    const std::size_t dot = name.rfind('.');
    Status status = Status::unimplemented("rpc: can't find service " + name);
    if (dot == std::string::npos) {
      status = Status::unimplemented("rpc: service/method request ill-formed: " + name);
    } else {
      for (const auto& method : methods_)
        if (method.first.substr(0, dot + 1) == name.substr(0, dot + 1))
          status = Status::unimplemented("rpc: can't find method " + name);
    }
    reply(request_.head.tag, name, status, {});
  }

  void add_go_service() {
    add<Args, std::int64_t>("Arith.Multiply", [](const Args& args, std::int64_t& reply) {
      reply = args.a * args.b;
      return Status();
    });
    add<Args, Quotient>("Arith.Divide", [](const Args& args, Quotient& reply) {
      if (args.b == 0) return Status::unknown("divide by zero");
      reply = {args.a / args.b, args.a % args.b};
      return Status();
    });
    add<std::vector<std::int64_t>, std::map<std::string, std::int64_t>>(
        "Arith.Sum", [](const std::vector<std::int64_t>& numbers, std::map<std::string, std::int64_t>& reply) {
          for (const std::int64_t number : numbers) reply["sum"] += number;
          return Status();
        });
    add<Nothing, Nothing>("Arith.Nothing", [](const Nothing&, Nothing&) { return Status(); });
    add<std::string, std::string>("Arith.Upper", [](const std::string& text, std::string& reply) {
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] >= 'a' && text[i] <= 'z')
          reply += static_cast<char>(text[i] - 'a' + 'A');
        else if (i > 0 && text[i - 1] == '\xC3' && text[i] >= '\xA0' && text[i] <= '\xBE')
          reply += static_cast<char>(text[i] - 0x20);  // Latin-1 letters in UTF-8
        else
          reply += text[i];
      }
      return Status();
    });
    add_raw("Arith.Sleep", [](RpcServerHarness& harness, const IncomingRequest& request) {
      std::int64_t milliseconds = 0;
      const Status status = request.body->decode(message_slot(milliseconds));
      harness.later_.push_back({milliseconds, request.head.tag, status});
    });
  }

  void run_later() {
    std::stable_sort(later_.begin(), later_.end(), [](const Later& a, const Later& b) { return a.when < b.when; });
    for (const Later& later : later_) reply(later.tag, "Arith.Sleep", later.status, message_ref(later.when));
    later_.clear();
  }

  struct Later {
    std::int64_t when;
    CallTag tag;
    Status status;
  };

  std::unique_ptr<ServerCodec> codec_;
  ByteQueue input_;
  ByteQueue output_;
  IncomingRequest request_;
  Status failure_;
  std::map<std::string, Method> methods_;
  std::vector<Later> later_;
  std::vector<std::string> seen_;
  std::vector<CallTag> tags_;
  std::vector<CallTag> cancels_;
  Metadata headers_;
  Metadata trailers_;
};

}  // namespace polyrpc::test
