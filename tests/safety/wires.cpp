#include "safety/wires.hpp"

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/json.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/transports/http1.hpp"

#include <utility>

namespace polyrpc::test {

const std::vector<Wire>& wires() {
  static const std::vector<Wire> all = {
      {"gob", gob::net_rpc(), nullptr, false},
      {"JSON-RPC", json::rpc(), nullptr, false},
      {"POST", json::rpc(), [] { return http1::post_framing("/jsonrpc", "server"); }, true},
      {"CONNECT", gob::net_rpc(), [] { return http1::connect_framing(); }, false},
  };
  return all;
}

std::string hide_dates(std::string text) {
  constexpr std::string_view before = "\r\nDate: ";
  for (std::size_t at = 0; (at = text.find(before, at)) != std::string::npos;) {
    at += before.size();
    for (; at < text.size() && text[at] != '\r'; ++at) text[at] = '-';
  }
  return text;
}

class Voice::Call final : public ClientCall {
 public:
  Call(std::string_view name, std::string argument) : name_(name), text_(std::move(argument)) {
    args = message_ref(text_);
    prepare();
  }
  Call(std::string_view name, std::int64_t argument) : name_(name), number_(argument) {
    args = message_ref(number_);
    prepare();
  }

  void deliver(Deliver) override {}
  void end() {
    if (status.ok())
      outcome = answer_;
    else
      outcome = status;
  }

  std::optional<Result<std::string>> outcome;

 private:
  void prepare() {
    method = name_;
    reply = message_slot(answer_);
  }

  const std::string name_;
  const std::string text_;
  const std::int64_t number_ = 0;
  std::string answer_;
};

Voice::Voice(const Wire& wire) : session_(wire.codec->client({}), wire.framing ? wire.framing() : nullptr) {}
Voice::~Voice() = default;

std::string Voice::call(std::string_view method, std::string argument) {
  return send(*calls_.emplace_back(std::make_unique<Call>(method, std::move(argument))));
}
std::string Voice::call(std::string_view method, std::int64_t argument) {
  return send(*calls_.emplace_back(std::make_unique<Call>(method, argument)));
}

std::string Voice::send(Call& call) {
  if (Status sent = session_.send(call); !sent.ok()) throw StatusError(std::move(sent));
  std::string bytes(session_.output().text());
  session_.output().clear();
  return bytes;
}

Status Voice::hear(std::string_view bytes) {
  input_.append(bytes);
  if (!opened_) {
    Result<bool> opened = session_.opened(input_);
    if (!opened.ok()) return opened.status();
    if (!*opened) return {};
    opened_ = true;
  }
  return session_.receive(input_, [this](ClientCall& call) {
    static_cast<Call&>(call).end();
    ++answered_;
  });
}

const std::optional<Result<std::string>>& Voice::outcome(std::size_t nth) const { return calls_.at(nth)->outcome; }

Result<std::string> Caller::call(std::string_view method, std::string argument) {
  start(method, std::move(argument));
  return outcome(voice.calls() - 1);
}
Result<std::string> Caller::call(std::string_view method, std::int64_t argument) {
  start(method, argument);
  return outcome(voice.calls() - 1);
}

Result<std::string> Caller::outcome(std::size_t nth) {
  while (!voice.outcome(nth)) {
    const std::string bytes = peer.some();
    if (bytes.empty()) return Status::unavailable("the connection has ended");
    // The last reply may come together with the end.
    if (Status heard = voice.hear(bytes); !heard.ok() && !voice.outcome(nth)) return heard;
  }
  return *voice.outcome(nth);
}

Result<std::string> TurnedCaller::call(std::string_view method, std::string argument) {
  return finish(voice.call(method, std::move(argument)));
}
Result<std::string> TurnedCaller::call(std::string_view method, std::int64_t argument) {
  return finish(voice.call(method, argument));
}

Result<std::string> TurnedCaller::finish(const std::string& request) {
  const std::size_t nth = voice.calls() - 1;
  peer.send(request);
  Status heard;
  peer.settle_until([&] {
    heard = voice.hear(peer.take());
    return !heard.ok() || voice.outcome(nth) || peer.closed();
  });
  if (voice.outcome(nth)) return *voice.outcome(nth);
  return heard.ok() ? Status::unavailable("the connection has ended") : heard;
}

namespace {

template <class Standing, class Server>
bool all_answer(Standing& standing, Server& server, int count) {
  const std::string text = "witness " + std::to_string(count);
  using One = typename Standing::value_type::element_type;
  for (std::size_t i = 0; i < standing.size(); ++i) {
    const Result<std::string> known = standing[i]->call("Test.Echo", text);
    if (!known.ok() || *known != text) return false;
    const Result<std::string> anew = One(wires()[i], server).call("Test.Echo", text);
    if (!anew.ok() || *anew != text) return false;
  }
  return true;
}

}  // namespace

Witness::Witness(std::string address) : address_(std::move(address)) {
  for (const Wire& wire : wires()) standing_.push_back(std::make_unique<Caller>(wire, address_));
}
bool Witness::is_answered() { return all_answer(standing_, address_, ++count_); }

TurnedWitness::TurnedWitness(TurnedServer& server) : server_(server) {
  for (const Wire& wire : wires()) standing_.push_back(std::make_unique<TurnedCaller>(wire, server));
}
bool TurnedWitness::is_answered() { return all_answer(standing_, server_, ++count_); }

}  // namespace polyrpc::test
