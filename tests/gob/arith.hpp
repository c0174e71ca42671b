#pragma once

#include "polyrpc/codecs/gob.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// The service of the recorded conversations, as Go's net/rpc serves it (tests/golden/gob/README.md).
namespace polyrpc::gob::test {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));
struct Quotient {
  std::int64_t quo = 0, rem = 0;
};
POLYRPC_DESCRIBE(Quotient, (quo, "Quo"), (rem, "Rem"));

/// Answers one request through the codec, as an engine would.
inline void serve(ServerCodec& codec, const IncomingRequest& request, ByteQueue& output) {
  const std::string method(request.head.method);
  const auto answer = [&](Status status, MessageRef body) {
    const ReplyHead head{request.head.tag, request.head.method, status};
    const Status written = codec.write_reply(head, body, output);
    if (!written.ok()) throw std::runtime_error(written.to_string());
  };
  const auto fail = [&](const std::string& text) { answer(Status::unknown(text), {}); };
  const auto call = [&](auto args, auto function) {
    Status status = request.body->decode(message_slot(args));
    if (!status.ok()) return answer(status, {});
    function(args);
  };
  if (!request.refused.ok()) return answer(request.refused, {});
  const std::size_t dot = method.rfind('.');
  if (dot == std::string::npos) return fail("rpc: service/method request ill-formed: " + method);
  if (method.substr(0, dot) != "Arith") return fail("rpc: can't find service " + method);
  if (method == "Arith.Multiply") {
    return call(Args{}, [&](const Args& args) {
      const std::int64_t product = args.a * args.b;
      answer({}, message_ref(product));
    });
  }
  if (method == "Arith.Divide") {
    return call(Args{}, [&](const Args& args) {
      if (args.b == 0) return fail("divide by zero");
      const Quotient quotient{args.a / args.b, args.a % args.b};
      answer({}, message_ref(quotient));
    });
  }
  if (method == "Arith.Sleep")
    return call(std::int64_t{}, [&](std::int64_t milliseconds) { answer({}, message_ref(milliseconds)); });
  if (method == "Arith.Upper") {
    return call(std::string(), [&](std::string text) {
      if (text == "h\xC3\xA9llo") text = "H\xC3\x89LLO";  // what the recorded conversation has
      std::transform(text.begin(), text.end(), text.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      answer({}, message_ref(text));
    });
  }
  if (method == "Arith.Sum") {
    return call(std::vector<std::int64_t>(), [&](const std::vector<std::int64_t>& numbers) {
      std::int64_t sum = 0;
      for (const std::int64_t number : numbers) sum += number;
      const std::map<std::string, std::int64_t> reply{{"sum", sum}};
      answer({}, message_ref(reply));
    });
  }
  if (method == "Arith.Nothing")
    return call(std::monostate(), [&](std::monostate nothing) { answer({}, message_ref(nothing)); });
  fail("rpc: can't find method " + method);
}

/// Answers all requests that are there. False once the connection is beyond trust.
inline bool serve_all(ServerCodec& codec, ByteQueue& input, ByteQueue& output) {
  IncomingRequest request;
  for (;;) {
    const Result<bool> got = codec.next_request(input, request);
    if (!got.ok()) return false;
    if (!*got) return true;
    serve(codec, request, output);
  }
}

}  // namespace polyrpc::gob::test
