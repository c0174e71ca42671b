// Calls over TLS on every wire, and whom a handler sees.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/connect_client.hpp"
#include "polyrpc/transports/http1.hpp"
#include "polyrpc/transports/tls.hpp"

#include "contract/transport_contract.hpp"
#include "support/running_server.hpp"
#include "tls_fixture.hpp"

#include <future>
#include <mutex>

namespace polyrpc::test {

namespace {

/// Who calls, as the handler sees it.
struct WhoIs {
  WhoIs() {
    registry.add("Test.WhoIs", [](Context& context, const std::string& text) {
      const PeerInfo& peer = context.peer();
      std::string who = text + ": " + peer.protocol + ", ";
      if (peer.tls == nullptr) return who + "plain";
      return who + peer.tls->version + ", " + (peer.tls->verified ? peer.tls->subject : "nobody");
    });
    registry.add("Test.Echo", [](const std::string& text) { return text; });
  }
  Registry registry;
};

tls::ClientOptions with_certificate(std::string name = "") {
  tls::ClientOptions options = client_options_with(certificates().client);
  options.server_name = std::move(name);
  return options;
}

std::string https(std::string address) { return "https" + address.substr(address.find(':')); }

class Log {
 public:
  LogSink sink() {
    return [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      text_.append(line).append("\n");
    };
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;  // guards text_
  std::string text_;
};

std::shared_ptr<const Codec> json_rpc() {
  json::Options options;
  options.version = json::Version::v2;
  return json::rpc(options);
}

}  // namespace

TEST_CASE("tls: a handler sees the client's certificate on every wire", "[tls]") {
  const WhoIs services;
  Protocols protocols = standard_protocols();
  protocols.transports.add(tls::server_transport(mutual_options()));
  RunningServer server(services.registry, std::move(protocols), {}, 2, "tls://127.0.0.1:0");
  CHECK_THAT(server.address(), starts_with("tls://127.0.0.1:"));
  struct Case {
    std::string address;
    std::shared_ptr<const Codec> codec;
    std::string says;
  };
  const Case cases[] = {
      {server.address(), gob::net_rpc(), "me: gob, TLSv1.3, CN=billing"},
      {https(server.address()), gob::net_rpc(), "me: gob, TLSv1.3, CN=billing"},
      {server.address(), json_rpc(), "me: jsonrpc, TLSv1.3, CN=billing"},
      {https(server.address()), json_rpc(), "me: http/1.1, TLSv1.3, CN=billing"},
      {https(server.address()), connect::unary(json::format()), "me: http/1.1, TLSv1.3, CN=billing"},
      {https(server.address()) + "/jsonrpc", json_rpc(), "me: http/1.1, TLSv1.3, CN=billing"},
  };
  for (const Case& one : cases) {
    INFO(one.address << " " << one.codec->name());
    const auto client = tls::dial(one.address, one.codec, with_certificate());
    for (int i = 0; i < 3; ++i) CHECK(client->call<std::string>("Test.WhoIs", "me").value() == one.says);
    const std::string large = pattern(300'000, 1);
    std::string hex;
    for (const char c : large) hex += "0123456789abcdef"[c & 15];
    CHECK(client->call<std::string>("Test.Echo", hex).value() == hex);
  }

  asio::io_context context;
  const auto client = tls::dial(context, server.address(), gob::net_rpc(), with_certificate());
  std::thread runner;
  {
    const asio::executor_work_guard<asio::io_context::executor_type> guard(context.get_executor());
    runner = std::thread([&] { context.run(); });
    CHECK(client->call<std::string>("Test.WhoIs", "I").value() == "I: gob, TLSv1.3, CN=billing");
    client->close();
  }
  runner.join();

  const auto stranger = tls::dial(server.address(), gob::net_rpc(), client_options("localhost"));
  const auto refused = stranger->call<std::string>("Test.WhoIs", "me");
  CHECK(refused.status() ==
        Status::unavailable("tls: the peer ended the connection: tlsv13 alert certificate required"));
}

TEST_CASE("tls: several threads share a client that blocks", "[tls]") {
  const WhoIs services;
  Protocols protocols = standard_protocols();
  protocols.transports.add(tls::server_transport(server_options()));
  RunningServer server(services.registry, std::move(protocols), {}, 2, "tls://127.0.0.1:0");
  const auto client = tls::dial(server.address(), gob::net_rpc(), client_options("localhost"));
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 50; ++i) {
        const std::string text(i * 1000 + t, static_cast<char>('a' + t));
        if (client->call<std::string>("Test.Echo", text).value() == text) ++good;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 200);
}

TEST_CASE("tls: a port may serve both plain text and TLS", "[tls]") {
  const WhoIs services;
  Protocols protocols = standard_protocols();
  const auto identity = tls::ServerIdentity::load(mutual_options()).value();
  protocols.add(tls::protocol(identity, standard_protocols()));
  RunningServer server(services.registry, std::move(protocols));
  const std::string plain = server.address();
  const std::string secure = "tls" + plain.substr(plain.find(':'));
  CHECK(dial(plain, gob::net_rpc())->call<std::string>("Test.WhoIs", "me").value() == "me: gob, plain");
  CHECK(tls::dial(secure, gob::net_rpc(), with_certificate())->call<std::string>("Test.WhoIs", "me").value() ==
        "me: gob, TLSv1.3, CN=billing");
  CHECK(tls::dial(https(plain), json_rpc(), with_certificate())->call<std::string>("Test.WhoIs", "me").value() ==
        "me: http/1.1, TLSv1.3, CN=billing");
  REQUIRE(identity->replace(server_options()).ok());
  CHECK(tls::dial(secure, gob::net_rpc(), with_certificate())->call<std::string>("Test.WhoIs", "me").value() ==
        "me: gob, TLSv1.3, nobody");
}

TEST_CASE("tls: plain text on the port of TLS fails, cleanly and on the record", "[tls]") {
  const WhoIs services;
  Log log;
  ServerOptions options;
  options.log = log.sink();
  Protocols protocols = standard_protocols();
  protocols.transports.add(tls::server_transport(server_options()));
  RunningServer server(services.registry, std::move(protocols), std::move(options), 1, "tls://127.0.0.1:0");
  const std::string plain = "tcp" + server.address().substr(3);
  CHECK(dial(plain, json_rpc())->call<std::string>("Test.WhoIs", "me").status().code() == StatusCode::unavailable);
  CHECK(tls::dial(server.address(), gob::net_rpc(), client_options("localhost"))
            ->call<std::string>("Test.WhoIs", "me")
            .value() == "me: gob, TLSv1.3, nobody");
  server.server().stop();
  server.join();
  CHECK_THAT(log.text(), contains("polyrpc: tls://127.0.0.1:"));
  CHECK_THAT(log.text(), contains(" closed: tls: the client does not speak TLS: wrong version number"));
}

TEST_CASE("tls: TLS to a plain server says what is wrong", "[tls]") {
  const WhoIs services;
  RunningServer server(services.registry, standard_protocols());
  const std::string address = "tls" + server.address().substr(3);
  const auto client = tls::dial(address, gob::net_rpc(), client_options("localhost"));
  const Status status = client->call<std::string>("Test.WhoIs", "me").status();
  CHECK(status.code() == StatusCode::unavailable);
  CHECK_THAT(status.message(), starts_with("tls: "));
}

TEST_CASE("tls: addresses that are not TLS's are refused, and so is listening for https", "[tls]") {
  CHECK_THROWS_WITH(tls::dial("tcp://host:1", gob::net_rpc()),
                    "tls: cannot dial tcp://host:1: it is no tls:// or https:// address");
  CHECK_THROWS_AS(tls::dial("tls://host", gob::net_rpc()), std::invalid_argument);
  const WhoIs services;
  Server server(services.registry, standard_protocols());
  CHECK_THAT(server.try_listen("https://127.0.0.1:0").status().message(),
             ends_with("no transport for https://; HTTPS is served on tls:// addresses"));
}

TEST_CASE("tls: the list of protocols comes from what is served", "[tls]") {
  CHECK(tls::alpn_for(standard_protocols()) == std::vector<std::string>{"http/1.1"});
  Protocols gob_alone;
  gob_alone.add(codec_protocol(gob::net_rpc()));
  CHECK(tls::alpn_for(gob_alone).empty());
}

}  // namespace polyrpc::test
