// What a call costs, in counts that are the same on every run. A line of JSON for each case: how many calls, and what
// they cost the measured side. budgets.py runs this, also under callgrind, and compares.
//
//   program [--list] [CASE...]
//
// A case is SIDE WIRE IN-FLIGHT [WITH]. Server and client live on one thread, on two io_contexts and real sockets
// between them; the measured one runs as it always does, and when it is about to sleep, the other one has a turn.

#include <polyrpc/codecs/protobuf_rpc.hpp>
#include <polyrpc/compression/gzip.hpp>
#include <polyrpc/grpc/client.hpp>
#include <polyrpc/grpc/server.hpp>
#include <polyrpc/polyrpc.hpp>
#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/interceptor.hpp>
#include <polyrpc/runtime/stream.hpp>
#include <polyrpc/transports/connect_client.hpp>
#include <polyrpc/transports/tls.hpp>

#include "counted_calls.hpp"
#include "echo_types.hpp"
#include "transports/tls_certificates.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

extern "C" {
// For callgrind, which is told of these names by budgets.py: it counts from the first to the second...
[[gnu::noinline]] void budgets_begin() noexcept { __asm__ volatile(""); }
[[gnu::noinline]] void budgets_end() noexcept { __asm__ volatile(""); }
// ...while this runs, but not what that side's sleep is filled with.
[[gnu::noinline]] void budgets_collect(polyrpc::budgets::OtherSide& side);
}

namespace polyrpc::budgets {

namespace {

// The call that benchmarks/ makes too.
using bench::Echo;
using bench::EchoView;

struct Case {
  std::string side;  // server, client; idle: what a server holds for a connection at rest
  std::string wire;
  std::size_t in_flight;  // idle: connections
  std::string with = {};  // what is not on the straight road

  std::string name() const {
    return side + ' ' + wire + ' ' + std::to_string(in_flight) + (with.empty() ? "" : ' ' + with);
  }
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const char* wire :
       {"gob", "gob-connect", "json1", "json2", "json-post", "connect", "protobuf", "grpc", "grpc-stream"}) {
    cases.push_back({"server", wire, 64});
    cases.push_back({"server", wire, 1});
  }
  for (const char* wire : {"gob", "json2", "json-post", "connect", "protobuf", "grpc", "grpc-stream"})
    cases.push_back({"client", wire, 64});
  for (const char* wire : {"gob", "json2", "json-post", "connect", "protobuf", "grpc"})
    cases.push_back({"client", wire, 1});
  for (const char* with : {"copy", "context", "coroutine", "interceptor", "deadline", "metadata", "error", "tls"})
    cases.push_back({"server", "gob", 64, with});
  for (const char* with : {"coroutine", "interceptor", "deadline", "metadata", "error", "tls"})
    cases.push_back({"server", "grpc", 64, with});
  cases.push_back({"server", "gob", 1, "tls"});
  for (const char* with : {"1KiB", "1KiB,gzip"}) cases.push_back({"server", "grpc", 16, with});
  for (const char* with : {"coroutine", "interceptor", "deadline", "metadata"})
    cases.push_back({"client", "gob", 64, with});
  cases.push_back({"server", "gob", 64, "blocking"});
  for (const char* wire : {"gob", "json2", "json-post", "protobuf", "grpc"}) cases.push_back({"idle", wire, 200});
  cases.push_back({"idle", "gob", 200, "tls"});
  return cases;
}

// ---- the handlers ----

Awaitable<Echo> echo_as_coroutine(const Echo& echo) {
  Echo reply = echo;
  co_return reply;
}

Awaitable<Status> echo_messages(Reader<Echo>& requests, Writer<Echo>& replies) {
  Echo echo;
  while (co_await requests.read(echo)) {
    Status sent = co_await replies.write(echo);
    if (!sent.ok()) co_return sent;
  }
  co_return requests.status();
}

Awaitable<Status> pass_on(InterceptedCall& call, Next next) {
  Status status = co_await next(call);
  co_return status;
}

/// Interceptors may see the argument when the message is gone, so there nothing can be a view of it.
void add_methods(Registry& registry, bool views) {
  if (views) {
    registry.add("budgets.Echo.Echo", [](const EchoView& echo) { return echo; });
    registry.add("budgets.Echo.Context", [](Context&, const EchoView& echo) { return echo; });
  }
  registry.add("budgets.Echo.Copy", [](const Echo& echo) { return echo; });
  registry.add("budgets.Echo.Coroutine", echo_as_coroutine);
  registry.add("budgets.Echo.Blocking", blocking([](const Echo& echo) { return echo; }));
  registry.add("budgets.Echo.Error",
               [](const Echo&) { return Result<Echo>(Status::not_found("budgets: there is no echo")); });
  registry.add("budgets.Echo.Stream", echo_messages);
  registry.set_blocking_threads(1);
}

// ---- the conversation ----

class Conversation final : OtherSide {
 public:
  explicit Conversation(const Case& which) : case_(which), method_("budgets.Echo.Echo") {
    args_.a = 1;
    args_.b = 2;
    args_.s.resize(has("1KiB") ? 1024 : 32);
    for (std::size_t i = 0; i < args_.s.size(); ++i) args_.s[i] = static_cast<std::byte>('a' + i * 31 % 19);
    warm_up_ = 10 * case_.in_flight + 100;
    measured_ = 20 * case_.in_flight + (case_.in_flight < 64 ? 300 : 0);
    const bool around_the_server = has("interceptor") && case_.side == "server";
    if (has("copy") || around_the_server) method_ = "budgets.Echo.Copy";
    if (has("context")) method_ = "budgets.Echo.Context";
    if (has("coroutine") && case_.side == "server") method_ = "budgets.Echo.Coroutine";
    if (has("blocking")) method_ = "budgets.Echo.Blocking";
    if (has("error")) method_ = "budgets.Echo.Error";
    if (case_.wire == "grpc-stream") method_ = "budgets.Echo.Stream";
    if (has("deadline")) call_options_.timeout = std::chrono::seconds(60);
    if (has("metadata")) {
      call_options_.metadata.add("x-request-id", "0123456789abcdef");
      call_options_.metadata.add("x-tenant", "north");
    }
    add_methods(registry_, !around_the_server);
    serve();
  }

  void run() {
    if (case_.side == "idle") return run_idle();
    if (case_.side == "client" && case_.in_flight == 1) {
      dial(nullptr);
      budgets_collect(*this);
    } else {
      dial(&client_context_);
      budgets_collect(*this);
    }
    const Counts cost = at_end_ - at_begin_;
    const auto a_call = [&](std::uint64_t count) {
      return static_cast<double>(count) / static_cast<double>(calls_at_end_ - calls_at_begin_);
    };
    std::printf(R"({"case": "%s", "calls": %zu, "system calls": %.4f, "allocations": %.4f, "bytes": %.3f})"
                "\n",
                case_.name().c_str(), calls_at_end_ - calls_at_begin_, a_call(cost.system_calls),
                a_call(cost.allocations), a_call(cost.wire_bytes));
  }

  /// The measured side, in `budgets_collect`.
  void run_measured() {
    if (case_.side == "client" && case_.in_flight == 1) return run_blocking();
    start_calls();
    asio::io_context& measured = case_.side == "server" ? server_context_ : client_context_;
    set_other_side(this);
    measured.run();
    set_other_side(nullptr);
  }

 private:
  bool has(std::string_view what) const noexcept { return case_.with.find(what) != std::string::npos; }

  void serve() {
    Protocols protocols = standard_protocols();
    grpc::ServerOptions grpc_options;
    if (has("gzip")) {
      grpc_options.compressors = {gzip()};
      grpc_options.compress_with = "gzip";
    }
    protocols.add(grpc::protocol(grpc_options));
    protocols.add(codec_protocol(protobuf::rpc()));
    if (has("tls")) {
      authority_ = std::make_unique<test::Authority>("Budgets");
      const test::Certificate certificate = authority_->issue({.name = "server", .alternative = "IP:127.0.0.1"});
      tls::ServerOptions options;
      options.certificate = tls::Pem::text(certificate.pem);
      options.key = tls::Pem::text(certificate.key);
      protocols.transports.add(tls::server_transport(options));
    }
    server_ = std::make_unique<Server>(server_context_, registry_, std::move(protocols));
    if (has("interceptor") && case_.side == "server") server_->intercept(pass_on);
    const char* const scheme = has("tls") ? "tls" : "tcp";
    address_ = "127.0.0.1:" + std::to_string(server_->listen(std::string(scheme) + "://127.0.0.1:0").port);
  }

  /// A further client; null: a blocking one.
  void dial(asio::io_context* context) {
    const auto json = [](json::Version version) {
      json::Options options;
      options.version = version;
      return json::rpc(options);
    };
    const std::string& wire = case_.wire;
    std::string address = (has("tls") ? "tls://" : "tcp://") + address_;
    std::shared_ptr<const Codec> codec;
    if (wire == "gob") codec = gob::net_rpc();
    if (wire == "gob-connect") address = "http://" + address_, codec = gob::net_rpc();
    if (wire == "json1") codec = json(json::Version::v1);
    if (wire == "json2") codec = json(json::Version::v2);
    if (wire == "json-post") address = "http://" + address_ + "/jsonrpc", codec = json(json::Version::v2);
    if (wire == "connect") address = "http://" + address_, codec = connect::unary(json::format());
    if (wire == "protobuf") codec = protobuf::rpc();
    if (wire == "grpc" || wire == "grpc-stream") {
      grpc::WireOptions options;
      if (has("gzip")) {
        options.compressors = {gzip()};
        options.compress_with = "gzip";
      }
      codec = grpc::rpc(options);
    }
    tls::ClientOptions tls_options;
    if (has("tls")) {
      tls_options.ca = tls::Pem::text(authority_->pem());
      if (wire == "grpc") tls_options.alpn = {"h2"};
      clients_.push_back(tls::dial(*context, address, codec, tls_options));
    } else if (context != nullptr) {
      clients_.push_back(polyrpc::dial(*context, address, codec));
    } else {
      clients_.push_back(polyrpc::dial(address, codec));
    }
    if (has("interceptor") && case_.side == "client") clients_.back()->intercept(pass_on);
  }

  // ---- calls ----

  void check(const Status& status, const Echo& reply) const {
    if (status.ok() == has("error")) throw std::runtime_error(std::string(status.message()));
    if (status.ok() && (reply.a != args_.a || reply.b != args_.b || reply.s != args_.s))
      throw std::runtime_error("not an echo");
  }

  void call_again() {
    const auto done = [this](Result<Echo> reply) {
      check(reply.status(), reply.ok() ? *reply : args_);
      ++calls_;
      call_again();
    };
    if (has("deadline") || has("metadata"))
      clients_.front()->async_call<Echo>(method_, args_, call_options_, done);
    else
      clients_.front()->async_call<Echo>(method_, args_, done);
  }

  Awaitable<void> call_in_a_coroutine() {
    for (;;) {
      Result<Echo> reply = co_await clients_.front()->async_call<Echo>(method_, args_, asio::use_awaitable);
      check(reply.status(), reply.ok() ? *reply : args_);
      ++calls_;
    }
  }

  /// Messages of one streaming call, so many on the way.
  Awaitable<void> exchange_messages() {
    BidirectionalCall<Echo, Echo> call = clients_.front()->open_bidirectional<Echo, Echo>(method_);
    Echo reply;
    for (std::size_t on_the_way = 0;;) {
      for (; on_the_way < case_.in_flight; ++on_the_way) {
        Status sent = co_await call.async_write(args_);
        check(sent, args_);
      }
      const bool got = co_await call.async_read(reply);
      if (!got) throw std::runtime_error("the stream has ended");
      check(Status(), reply);
      --on_the_way;
      ++calls_;
    }
  }

  void start_calls() {
    const auto fail = [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    };
    if (case_.wire == "grpc-stream") {
      asio::co_spawn(client_context_, exchange_messages(), fail);
    } else if (case_.side == "client" && has("coroutine")) {
      for (std::size_t i = 0; i < case_.in_flight; ++i) asio::co_spawn(client_context_, call_in_a_coroutine(), fail);
    } else {
      for (std::size_t i = 0; i < case_.in_flight; ++i) call_again();
    }
  }

  void run_blocking() {
    Echo reply;
    set_other_side(this);
    while (!over_) {
      check(clients_.front()->call(method_, args_, reply), reply);
      ++calls_;
      note_progress();
    }
    set_other_side(nullptr);
  }

  // ---- the other side ----

  void turn() override {
    try {
      if (case_.side == "server") {
        client_context_.poll();
        client_context_.restart();
        if (case_.in_flight > 0) note_progress();
      } else {
        if (case_.in_flight > 1) note_progress();
        server_context_.poll();
        server_context_.restart();
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "budgets: %s: %s\n", case_.name().c_str(), error.what());
      std::_Exit(1);
    }
  }

  void note_progress() {
    if (calls_at_begin_ == 0 && calls_ >= warm_up_) {
      calls_at_begin_ = calls_;
      at_begin_ = counts();
      budgets_begin();
    } else if (!over_ && calls_at_begin_ != 0 && calls_ >= calls_at_begin_ + measured_) {
      budgets_end();
      at_end_ = counts();
      calls_at_end_ = calls_;
      over_ = true;
      server_context_.stop();
      client_context_.stop();
    }
  }

  // ---- connections at rest ----

  /// Opens connections with two calls each, with a server that is measured.
  void run_idle() {
    const std::size_t at_first = 10;  // what is shared by all is there afterwards
    open_connections(at_first);
    const Counts before = counts();
    open_connections(case_.in_flight);
    const Counts cost = counts() - before;
    std::printf(R"({"case": "%s", "heap": %.1f})"
                "\n",
                case_.name().c_str(), static_cast<double>(cost.heap_bytes) / static_cast<double>(case_.in_flight));
  }

  void open_connections(std::size_t number) {
    class Idler final : public OtherSide {
     public:
      Idler(Conversation& of, std::size_t number) : conversation_(of), number_(number) {}
      void turn() override {
        if (number_ != 0) conversation_.begin_calls(std::exchange(number_, 0));
        conversation_.client_context_.poll();
        conversation_.client_context_.restart();
        const std::vector<int>& opened = conversation_.opened_;
        const bool all = std::all_of(opened.begin(), opened.end(), [](int calls) { return calls == 2; });
        if (!all) return;
        // What a connection keeps for a second after its last call is no part of it at rest.
        if (!until_) until_ = Clock::now() + std::chrono::milliseconds(1500);
        if (Clock::now() > *until_) conversation_.server_context_.stop();
      }

     private:
      Conversation& conversation_;
      std::size_t number_;
      std::optional<Clock::time_point> until_;
    };
    Idler idler(*this, number);
    set_other_side(&idler);
    server_context_.run();
    server_context_.restart();
    set_other_side(nullptr);
  }

  /// By further clients.
  void begin_calls(std::size_t number) {
    for (std::size_t i = 0; i < number; ++i) {
      dial(&client_context_);
      opened_.push_back(0);
      call_twice(opened_.size() - 1);
    }
  }

  void call_twice(std::size_t client) {
    clients_[client]->async_call<Echo>(method_, args_, [this, client](Result<Echo> reply) {
      check(reply.status(), reply.ok() ? *reply : args_);
      if (++opened_[client] < 2) call_twice(client);
    });
  }

  const Case case_;
  std::string method_;
  Echo args_;
  CallOptions call_options_;
  std::size_t warm_up_;
  std::size_t measured_;

  asio::io_context server_context_{1};
  asio::io_context client_context_{1};
  std::unique_ptr<test::Authority> authority_;
  Registry registry_;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<int> opened_;  // calls that have ended, of each connection

  std::size_t calls_ = 0;
  std::size_t calls_at_begin_ = 0;
  std::size_t calls_at_end_ = 0;
  Counts at_begin_;
  Counts at_end_;
  bool over_ = false;

  friend void ::budgets_collect(OtherSide& side);
};

}  // namespace

}  // namespace polyrpc::budgets

void budgets_collect(polyrpc::budgets::OtherSide& side) {
  static_cast<polyrpc::budgets::Conversation&>(side).run_measured();
}

int main(int argc, char** argv) {
  const std::vector<std::string> asked(argv + 1, argv + argc);
  try {
    for (const polyrpc::budgets::Case& which : polyrpc::budgets::all_cases()) {
      if (!asked.empty() && asked.front() == "--list") {
        std::printf("%s\n", which.name().c_str());
        continue;
      }
      if (!asked.empty() && std::find(asked.begin(), asked.end(), which.name()) == asked.end()) continue;
      polyrpc::budgets::Conversation(which).run();
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "budgets: %s\n", error.what());
    return 1;
  }
}
