#include "polyrpc/transports/tls.hpp"

#include "polyrpc/transports/unix.hpp"

#include "contract/transport_contract.hpp"
#include "support/files.hpp"
#include "tls_fixture.hpp"

namespace polyrpc::test {

namespace {

/// A server on memory, and the loop it runs on.
struct MemoryServer {
  explicit MemoryServer(const tls::ServerOptions& options = server_options(), MemoryOptions memory = {})
      : network(memory),
        identity(tls::ServerIdentity::load(options).value()),
        listener(*tls::server_transport(identity, network.transport()), address("tls+memory://server"), here.loop()) {}

  Result<std::unique_ptr<Connection>> dial(const tls::ClientOptions& options = client_options()) {
    return dial_on(here, *tls::client_transport(options, network.transport()), listener.local());
  }
  std::unique_ptr<Connection> dial_plain() {
    return network.transport()->dial(address("memory://server"), std::nullopt).value();
  }
  std::unique_ptr<Connection> accept() {
    REQUIRE(here.run_until([&] { return !listener.accepted.empty(); }));
    auto connection = std::move(listener.accepted.front());
    listener.accepted.erase(listener.accepted.begin());
    return connection;
  }
  /// Lets the handshake of a raw client go on to its end.
  bool shake(RawClient& client) {
    for (int i = 0; i < 20; ++i) {
      const bool done = client.shake();
      here.settle();
      if (done) return true;
    }
    return false;
  }

  TestLoop here;
  MemoryNetwork network;
  std::shared_ptr<tls::ServerIdentity> identity;
  TestListener listener;
};

std::string dial_error(MemoryServer& server, const tls::ClientOptions& options) {
  const auto made = server.dial(options);
  return made.ok() ? "no error" : made.status().message();
}

}  // namespace

TEST_CASE("tls: the contract over TCP", "[tls]") {
  TcpOptions small;
  small.receive_buffer = small.send_buffer = 16 << 10;
  TransportSubject subject;
  subject.transport = std::make_shared<BothSides>(tcp_transport());
  subject.small_buffers = std::make_shared<BothSides>(tcp_transport(small));
  subject.new_address = [] { return address("tls://127.0.0.1:0"); };
  subject.speaker = "tcp";
  subject.dial_needs_answer = true;
  transport_contract(subject);
}

TEST_CASE("tls: the contract over memory", "[tls]") {
  MemoryNetwork network;
  MemoryOptions small;
  small.buffer_bytes = 1000;
  MemoryNetwork small_network(small);
  TransportSubject subject;
  subject.transport = std::make_shared<BothSides>(network.transport());
  subject.small_buffers = std::make_shared<BothSides>(small_network.transport());
  int number = 0;
  subject.new_address = [&] { return address("tls+memory://name " + std::to_string(++number)); };
  subject.speaker = "memory";
  subject.dial_needs_answer = true;
  subject.bulk_bytes = 300'000;
  transport_contract(subject);
}

TEST_CASE("tls: the contract with bytes that come in fives", "[tls]") {
  MemoryOptions options;
  options.chunk_bytes = 5;  // a record's header
  MemoryNetwork network(options);
  options.chunk_bytes = 7;
  options.buffer_bytes = 100;
  MemoryNetwork small_network(options);
  TransportSubject subject;
  subject.bulk_bytes = 40'000;
  subject.transport = std::make_shared<BothSides>(network.transport());
  subject.small_buffers = std::make_shared<BothSides>(small_network.transport());
  int number = 0;
  subject.new_address = [&] { return address("tls+memory://name " + std::to_string(++number)); };
  subject.speaker = "memory";
  subject.dial_needs_answer = true;
  transport_contract(subject);
}

TEST_CASE("tls: goes over Unix sockets too", "[tls]") {
  const TempDir folder;
  TestLoop here;
  const BothSides both(unix_transport());
  TestListener listener(both, address("tls+unix://" + (folder.path() / "a.sock").string()), here.loop());
  const LoopPair pair = connect_blocking(here, both, listener);
  CHECK_THAT(pair.dialled->peer().address, starts_with("tls+unix:///"));
  REQUIRE(pair.dialled->write_some(as_bytes("x")).state == IoState::done);
  std::array<std::byte, 8> room{};
  CHECK(pair.accepted->read_some(room).bytes == 1);
}

TEST_CASE("tls: both sides learn what was settled and who the other is", "[tls]") {
  MemoryServer server(mutual_options());
  tls::ClientOptions options = client_options_with(certificates().client);
  options.alpn = {"http/1.1", "h2"};
  const auto dialled = server.dial(options).value();
  const auto accepted = server.accept();
  server.here.settle();

  REQUIRE(accepted->peer().tls != nullptr);
  const TlsPeer& client = *accepted->peer().tls;
  CHECK(client.version == "TLSv1.3");
  CHECK_THAT(client.cipher, starts_with("TLS_"));
  CHECK(client.alpn == "h2");
  CHECK(client.server_name == "server.test");
  CHECK(client.verified);
  CHECK(client.subject == "CN=billing");
  CHECK(client.uris == std::vector<std::string>{"spiffe://test/billing"});
  CHECK(client.emails == std::vector<std::string>{"b@server.test"});
  CHECK(client.dns_names == std::vector<std::string>{"billing.test"});
  CHECK(client.ip_addresses == std::vector<std::string>{"10.0.0.1", "2001:db8::1"});
  CHECK(client.fingerprint == certificates().client.fingerprint);
  CHECK(client.certificates == certificates().client.pem);

  REQUIRE(dialled->peer().tls != nullptr);
  CHECK(dialled->peer().address == "tls+memory://server");
  CHECK(dialled->peer().tls->alpn == "h2");
  CHECK(dialled->peer().tls->verified);
  CHECK(dialled->peer().tls->subject == "CN=server");
  CHECK(dialled->peer().tls->certificates == certificates().server.pem);
}

TEST_CASE("tls: a client without a certificate is nobody", "[tls]") {
  MemoryServer server(mutual_options(tls::ClientCertificates::request));
  const auto dialled = server.dial().value();
  const auto accepted = server.accept();
  CHECK(accepted->peer().tls == nullptr);  // the handshake is not over yet
  server.here.settle();
  REQUIRE(accepted->peer().tls != nullptr);
  CHECK_FALSE(accepted->peer().tls->verified);
  CHECK(accepted->peer().tls->subject.empty());
  CHECK(accepted->peer().tls->fingerprint.empty());
}

TEST_CASE("tls: a server is believed only with a good certificate for its name", "[tls]") {
  MemoryServer server;
  CHECK(dial_error(server, client_options()) == "no error");
  CHECK(dial_error(server, client_options("a.many.test")) == "no error");
  CHECK(dial_error(server, client_options("server.test.")) == "no error");
  CHECK(dial_error(server, client_options("127.0.0.1")) == "no error");
  CHECK(dial_error(server, client_options("::1")) == "no error");
  CHECK(dial_error(server, client_options("other.test")) ==
        "tls: the certificate of the server is refused: hostname mismatch (other.test)");
  CHECK(dial_error(server, client_options("a.b.many.test")) ==
        "tls: the certificate of the server is refused: hostname mismatch (a.b.many.test)");
  CHECK(dial_error(server, client_options("10.0.0.9")) ==
        "tls: the certificate of the server is refused: IP address mismatch");
  // The common name is no name.
  CHECK(dial_error(server, client_options("server")) ==
        "tls: the certificate of the server is refused: hostname mismatch (server)");

  tls::ClientOptions options = client_options();
  options.ca = tls::Pem::text(certificates().stranger.pem());
  CHECK(dial_error(server, options) ==
        "tls: the certificate of the server is refused: unable to get local issuer certificate (server.test)");
  options.ca = {};  // the system's
  CHECK(dial_error(server, options) ==
        "tls: the certificate of the server is refused: unable to get local issuer certificate (server.test)");
  options.insecure_accept_any_certificate = true;
  options.server_name = "whoever.test";
  const auto insecure = server.dial(options);
  REQUIRE(insecure.ok());
  CHECK_FALSE((*insecure)->peer().tls->verified);
  CHECK((*insecure)->peer().tls->subject == "CN=server");

  REQUIRE(server.identity->replace(server_options(certificates().expired)).ok());
  CHECK(dial_error(server, client_options()) ==
        "tls: the certificate of the server is refused: certificate has expired (server.test)");
}

TEST_CASE("tls: without a name there is nothing to check against", "[tls]") {
  const auto transport = tls::client_transport(client_options(""));
  const Status status = transport->dial(address("tls://:1"), Clock::now() + patience).status();
  CHECK(status ==
        Status::invalid_argument("tls: there is no name to check the server's certificate against: set server_name"));
}

TEST_CASE("tls: the host of the address is the name to check", "[tls]") {
  TestLoop here;
  TestListener listener(*tls::server_transport(server_options()), address("tls://127.0.0.1:0"), here.loop());
  const auto transport = tls::client_transport(client_options(""));
  CHECK(dial_on(here, *transport, listener.local()).ok());
  Endpoint by_name = listener.local();
  by_name.host = "localhost";
  CHECK(dial_on(here, *transport, by_name).ok());
}

TEST_CASE("tls: a server that wants certificates serves nobody without a good one", "[tls]") {
  MemoryServer server(mutual_options());
  struct Case {
    tls::ClientOptions options;
    std::string client_says;
    std::string server_says;
  };
  const Case cases[] = {
      {client_options(), "tls: the peer ended the connection: tlsv13 alert certificate required",
       "tls: handshake failed: peer did not return a certificate"},
      {client_options_with(certificates().strange_client), "tls: the peer ended the connection: tlsv1 alert unknown ca",
       "tls: the certificate of the client is refused: unable to get local issuer certificate"},
      {client_options_with(certificates().expired),
       "tls: the peer ended the connection: sslv3 alert certificate expired",
       "tls: the certificate of the client is refused: certificate has expired"},
  };
  for (const Case& one : cases) {
    // In TLS 1.3 the client is done before the server has looked.
    Pump client(server.dial(one.options).value());
    Pump served(server.accept());
    REQUIRE(server.here.run_until([&] { return served.read_end == IoState::failed; }));
    CHECK(served.connection().error() == Status::unavailable(one.server_says));
    served.connection().close();
    REQUIRE(server.here.run_until([&] { return client.read_end == IoState::failed; }));
    CHECK(client.connection().error() == Status::unavailable(one.client_says));
  }
  CHECK(dial_error(server, client_options_with(certificates().client)) == "no error");
}

TEST_CASE("tls: the server's order of protocols counts", "[tls]") {
  MemoryServer server;
  const auto chosen = [&](std::vector<std::string> offered) {
    tls::ClientOptions options = client_options();
    options.alpn = std::move(offered);
    const auto made = server.dial(options);
    return made.ok() ? (*made)->peer().tls->alpn : made.status().message();
  };
  CHECK(chosen({}).empty());
  CHECK(chosen({"http/1.1"}) == "http/1.1");
  CHECK(chosen({"http/1.1", "h2"}) == "h2");
  CHECK(chosen({"x", "h2"}) == "h2");
  // RFC 7301, section 3.2.
  CHECK(chosen({"h", "h22"}) == "tls: the server refuses: tlsv1 alert no application protocol");
}

TEST_CASE("tls: who needs a protocol chosen gets one or nothing", "[tls]") {
  tls::ServerOptions without = server_options();
  without.alpn = {};
  MemoryServer server(without);
  tls::ClientOptions options = client_options();
  options.alpn = {"h2"};
  CHECK(dial_error(server, options) == "no error");
  options.require_alpn = true;
  CHECK(dial_error(server, options) == "tls: the server chose no protocol (ALPN); offered: h2");

  tls::ServerOptions demanding = server_options();
  demanding.require_alpn = true;
  REQUIRE(server.identity->replace(demanding).ok());
  server.listener.accepted.clear();
  const auto dialled = server.dial();
  Pump served(server.accept());
  REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
  CHECK(served.read_end == IoState::failed);
  CHECK(served.connection().error() == Status::unavailable("tls: the client offered no protocol (ALPN)"));
  CHECK(dial_error(server, options) == "no error");
}

TEST_CASE("tls: a new certificate counts from the next connection on", "[tls]") {
  const TempDir folder;
  const auto certificate = folder.path() / "server.pem";
  const auto key = folder.path() / "server.key";
  write_file(certificate, certificates().server.pem);
  write_file(key, certificates().server.key);
  tls::ServerOptions options;
  options.certificate = tls::Pem::file(certificate.string());
  options.key = tls::Pem::file(key.string());
  MemoryServer server(options);
  Pump before(server.dial().value());
  CHECK(before.connection().peer().tls->subject == "CN=server");
  Pump served(server.accept());
  served.echo = true;

  write_file(certificate, certificates().renewed.pem);
  CHECK(server.identity->reload() ==
        Status::invalid_argument("tls: the key in " + key.string() + " does not belong to the certificate in " +
                                 certificate.string()));
  CHECK(server.dial().value()->peer().tls->subject == "CN=server");
  write_file(key, certificates().renewed.key);
  REQUIRE(server.identity->reload().ok());
  CHECK(server.dial().value()->peer().tls->subject == "CN=renewed");
  before.send("still here");
  CHECK(server.here.run_until([&] { return before.received == "still here"; }));
}

TEST_CASE("tls: what is wrong with files is said", "[tls]") {
  const TempDir folder;
  const std::string path = (folder.path() / "x.pem").string();
  const auto load = [](const tls::ServerOptions& options) {
    const auto loaded = tls::ServerIdentity::load(options);
    return loaded.ok() ? Status() : loaded.status();
  };
  tls::ServerOptions options = server_options();
  options.certificate = tls::Pem::file(path);
  CHECK(load(options) == Status::not_found("tls: cannot read " + path + ": No such file or directory"));
  write_file(path, "hello");
  CHECK(load(options) == Status::invalid_argument("tls: " + path + " holds no certificate"));
  write_file(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  CHECK_THAT(load(options).message(), starts_with("tls: a certificate in " + path + " can't be read: "));
  options.certificate = tls::Pem::file(folder.path().string());
  CHECK_THAT(load(options).message(), starts_with("tls: cannot read " + folder.path().string()));

  options = server_options();
  options.key = tls::Pem::text(certificates().server.pem);
  CHECK(load(options) == Status::invalid_argument("tls: the PEM text holds no private key"));
  options.key = tls::Pem::text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
  CHECK(load(options) == Status::invalid_argument("tls: the key in the PEM text is encrypted"));
  options.key = {};
  CHECK(load(options) == Status::invalid_argument("tls: there is a certificate but no key"));
  options.certificate = {};
  CHECK(load(options) == Status::invalid_argument("tls: a server needs a certificate"));

  options = server_options();
  options.client_certificates = tls::ClientCertificates::request;
  CHECK(load(options) ==
        Status::invalid_argument("tls: clients are asked for certificates, but there is no CA to check them with"));

  TestLoop here;
  const auto listening = tls::server_transport(options)->listen(address("tls://127.0.0.1:0"), here.loop());
  CHECK(listening.status() == load(options));
  tls::ClientOptions client = client_options();
  client.ca = tls::Pem::file(path + ".not");
  CHECK(dial_on(here, *tls::client_transport(client), address("tls://127.0.0.1:1")).status() ==
        Status::not_found("tls: cannot read " + path + ".not: No such file or directory"));
}

TEST_CASE("tls: who speaks no TLS is turned away, and nobody else notices", "[tls]") {
  MemoryServer server;
  struct Case {
    std::string sent;
    std::string error;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "tls: the client does not speak TLS: http request"},
      {R"({"jsonrpc":"2.0","method":"a","id":1})", "tls: the client does not speak TLS: wrong version number"},
      {std::string(300, '\0'), "tls: the client does not speak TLS: wrong version number"},
      {std::string("\x16\x03\x01\x00\x05hello", 10), "tls: handshake failed: "},
      {std::string("\x16\x03\x01\xff\xff", 5) + pattern(70'000, 1), "tls: "},
      {std::string("\x15\x03\x01\x00\x02\x02\x28", 7), "tls: handshake failed: unexpected message"},
  };
  for (const Case& one : cases) {
    INFO(one.error);
    const auto plain = server.dial_plain();
    static_cast<void>(plain->write_some(as_bytes(one.sent)));
    Pump served(server.accept());
    REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
    CHECK(served.read_end == IoState::failed);
    CHECK_THAT(served.connection().error().message(), starts_with(one.error));
    CHECK(served.received.empty());
    CHECK(served.connection().write_some(as_bytes("x")).state == IoState::failed);
    CHECK(served.connection().peer().tls == nullptr);
    CHECK(dial_error(server, client_options()) == "no error");
    CHECK(server.accept() != nullptr);
  }
}

TEST_CASE("tls: garbage at every place of a handshake ends it", "[tls]") {
  MemoryServer server;
  for (std::size_t at = 0; at < 200; at += 7) {
    INFO(at);
    RawClient client(server.dial_plain());
    static_cast<void>(SSL_do_handshake(client.ssl()));
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(client.ssl()), &data);
    std::string hello(data, static_cast<std::size_t>(size));
    REQUIRE(hello.size() > at);
    hello[at] = static_cast<char>(hello[at] ^ 0x55);
    REQUIRE(client.plain().write_some(as_bytes(hello)).bytes == hello.size());
    Pump served(server.accept());
    server.here.settle();
    CHECK(served.received.empty());
    // Some bytes do not matter, and some lengths mean that more must come.
    client.plain().close();
    REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
    CHECK(served.read_end == IoState::failed);
  }
}

TEST_CASE("tls: who looks whether the port is open is no failure, who goes in the middle is", "[tls]") {
  MemoryServer server;
  auto plain = server.dial_plain();
  Pump looked_at(server.accept());
  plain->close();
  REQUIRE(server.here.run_until([&] { return looked_at.read_end != IoState::would_block; }));
  CHECK(looked_at.read_end == IoState::closed);

  plain = server.dial_plain();
  Pump begun(server.accept());
  REQUIRE(plain->write_some(as_bytes(std::string_view("\x16\x03\x01\x02", 4))).bytes == 4);
  server.here.settle();
  CHECK(begun.read_end == IoState::would_block);
  plain->close();
  REQUIRE(server.here.run_until([&] { return begun.read_end != IoState::would_block; }));
  CHECK(begun.connection().error() == Status::unavailable("tls: the client ended the connection during the handshake"));
}

TEST_CASE("tls: a handshake may take only so long", "[tls]") {
  tls::ServerOptions options = server_options();
  options.handshake_time = std::chrono::milliseconds(30);
  MemoryServer server(options);
  const auto plain = server.dial_plain();
  REQUIRE(plain->write_some(as_bytes(std::string_view("\x16\x03\x01", 3))).bytes == 3);
  Pump served(server.accept());
  const auto in_time = server.dial().value();  // has a handshake, and stays
  Pump good(server.accept());
  REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
  CHECK(served.connection().error() == Status::unavailable("tls: the handshake takes too long"));
  CHECK(good.read_end == IoState::would_block);
}

TEST_CASE("tls: a dial ends at its deadline and when it is stopped", "[tls]") {
  MemoryServer server;
  const auto transport = tls::client_transport(client_options(), server.network.transport());
  // Nobody runs the server's loop.
  CHECK(
      transport->dial(server.listener.local(), Clock::now() + std::chrono::milliseconds(20)).status() ==
      Status::deadline_exceeded("tls: cannot connect to tls+memory://server: deadline exceeded during the handshake"));
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  CHECK(transport->dial(server.listener.local(), std::nullopt, stop.get_token()).status() ==
        Status::cancelled("tls: cannot connect to tls+memory://server: cancelled"));
  stopper.join();
}

TEST_CASE("tls: TLS 1.1 is refused, and 1.2 where 1.3 is wanted", "[tls]") {
  tls::ServerOptions strict = server_options();
  strict.min_version = tls::Version::tls_1_3;
  struct Case {
    tls::ServerOptions options;
    int version;
    bool good;
  };
  const Case cases[] = {
      {server_options(), TLS1_1_VERSION, false},
      {server_options(), TLS1_2_VERSION, true},
      {server_options(), TLS1_3_VERSION, true},
      {strict, TLS1_2_VERSION, false},
      {strict, TLS1_3_VERSION, true},
  };
  for (const Case& one : cases) {
    MemoryServer server(one.options);
    RawClient client(server.dial_plain());
    SSL_CTX_set_security_level(client.ctx(), 0);
    SSL_CTX_set_min_proto_version(client.ctx(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client.ctx(), one.version);
    Pump served(server.accept());
    CHECK(server.shake(client) == one.good);
    if (one.good) {
      client.send("x");
      CHECK(server.here.run_until([&] { return served.received == "x"; }));
    } else {
      CHECK(served.read_end == IoState::failed);
      CHECK(served.connection().error() == Status::unavailable("tls: handshake failed: unsupported protocol"));
    }
  }
}

TEST_CASE("tls: old ciphers are refused", "[tls]") {
  MemoryServer server;
  RawClient client(server.dial_plain());
  SSL_CTX_set_security_level(client.ctx(), 0);
  SSL_CTX_set_max_proto_version(client.ctx(), TLS1_2_VERSION);
  REQUIRE(SSL_CTX_set_cipher_list(client.ctx(), "ECDHE-ECDSA-AES128-SHA:AES128-SHA") == 1);
  Pump served(server.accept());
  CHECK_FALSE(server.shake(client));
  CHECK(served.connection().error() == Status::unavailable("tls: handshake failed: no shared cipher"));
}

TEST_CASE("tls: an end without close_notify is a failure", "[tls]") {
  MemoryServer server;
  RawClient client(server.dial_plain());
  Pump served(server.accept());
  REQUIRE(server.shake(client));
  client.send("half a mess");
  client.plain().close();
  REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
  CHECK(served.received == "half a mess");
  CHECK(served.read_end == IoState::failed);
  CHECK(served.connection().error() ==
        Status::unavailable("tls: the connection was cut off: it ended without close_notify"));
}

TEST_CASE("tls: close_notify is the end, and is said", "[tls]") {
  MemoryServer server;
  RawClient client(server.dial_plain());
  Pump served(server.accept());
  REQUIRE(server.shake(client));
  SSL_shutdown(client.ssl());
  client.move();
  REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
  CHECK(served.read_end == IoState::closed);
  served.send("one more thing");  // RFC 8446, section 6.1: one direction only
  served.finish();
  server.here.settle();
  CHECK(client.receive() == "one more thing");
  CHECK((SSL_get_shutdown(client.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

TEST_CASE("tls: keys are renewed when the peer wants it", "[tls]") {
  MemoryServer server;
  RawClient client(server.dial_plain());
  Pump served(server.accept());
  served.echo = true;
  REQUIRE(server.shake(client));
  std::string received;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    client.send("after update " + std::to_string(i));
    server.here.settle();
    received = client.receive();
    CHECK(received == "after update " + std::to_string(i));
  }
  CHECK(served.read_end == IoState::would_block);
}

TEST_CASE("tls: renegotiation is refused", "[tls]") {
  MemoryServer server;
  RawClient client(server.dial_plain());
  SSL_CTX_set_max_proto_version(client.ctx(), TLS1_2_VERSION);
  Pump served(server.accept());
  served.echo = true;
  REQUIRE(server.shake(client));
  for (int i = 0; i < 3; ++i) {
    SSL_renegotiate(client.ssl());
    client.shake();
    server.here.settle();
    CHECK_FALSE(client.shake());
    server.here.settle();
  }
  CHECK(served.received.empty());
  CHECK(dial_error(server, client_options()) == "no error");
}

TEST_CASE("tls: a client's huge certificate is refused", "[tls]") {
  MemoryServer server(mutual_options());
  const Certificate huge = certificates().authority.issue({.name = "huge", .ballast = 80'000});
  Pump client(server.dial(client_options_with(huge)).value());
  Pump served(server.accept());
  REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
  CHECK(served.read_end == IoState::failed);
  CHECK(served.connection().error() == Status::unavailable("tls: handshake failed: excessive message size"));
}

TEST_CASE("tls: a broken record ends the connection", "[tls]") {
  MemoryServer server;
  RawClient client(server.dial_plain());
  Pump served(server.accept());
  REQUIRE(server.shake(client));
  client.send("good");
  server.here.settle();
  REQUIRE(client.plain().write_some(as_bytes(std::string_view("\x17\x03\x03\x00\x20", 5))).bytes == 5);
  REQUIRE(client.plain().write_some(as_bytes(std::string(32, 'x'))).bytes == 32);
  REQUIRE(server.here.run_until([&] { return served.read_end != IoState::would_block; }));
  CHECK(served.received == "good");
  CHECK(served.connection().error() ==
        Status::unavailable("tls: connection broken: decryption failed or bad record mac"));
}

TEST_CASE("tls: decrypted bytes that were left unread are announced", "[tls]") {
  MemoryServer server;
  const auto dialled = server.dial().value();
  Pump served(server.accept());
  served.read_size = 1;  // the rest of a record stays with OpenSSL
  REQUIRE(dialled->write_some(as_bytes("in one record")).bytes == 13);
  REQUIRE(dialled->write_some(as_bytes(", and another")).bytes == 13);
  CHECK(server.here.run_until([&] { return served.received == "in one record, and another"; }));
  CHECK(served.called_inside_wait == 0);
}

TEST_CASE("tls: every failure below ends in an error or an end, on both sides", "[tls]") {
  for (const MemoryEffect effect : {MemoryEffect::fail, MemoryEffect::close}) {
    const std::size_t points = for_each_failure_point(
        [](MemoryNetwork& network) {
          TestLoop here;
          const auto server = tls::server_transport(server_options(), network.transport());
          const auto client = tls::client_transport(client_options(), network.transport());
          TestListener listener(*server, address("tls+memory://server"), here.loop());
          std::optional<Result<std::unique_ptr<Connection>>> outcome;
          client->dial(listener.local(), here.loop(), [&](auto made) { outcome.emplace(std::move(made)); });
          std::unique_ptr<Pump> served;
          REQUIRE(here.run_until([&] {
            if (!listener.accepted.empty()) {
              served = std::make_unique<Pump>(std::move(listener.accepted.back()));
              served->echo = true;
              listener.accepted.clear();
            }
            return outcome.has_value();
          }));
          if (!outcome->ok()) {
            CHECK_FALSE(outcome->status().message().empty());
            if (served) CHECK(here.run_until([&] { return served->read_end != IoState::would_block; }));
            return;
          }
          Pump calling(std::move(*outcome).value());
          const std::string text = pattern(20'000, 8);
          calling.send(text);
          calling.finish();
          REQUIRE(here.run_until([&] {
            if (!listener.accepted.empty()) {
              served = std::make_unique<Pump>(std::move(listener.accepted.back()));
              served->echo = true;
              listener.accepted.clear();
            }
            return calling.read_end != IoState::would_block;
          }));
          if (calling.read_end == IoState::closed)
            CHECK(calling.received == text);
          else
            CHECK_FALSE(calling.connection().error().ok());
        },
        MemoryFault{.effect = effect});
    CHECK(points > 10);
  }
}

TEST_CASE("tls: the same for a blocking client", "[tls]") {
  const std::size_t points = for_each_failure_point([](MemoryNetwork& network) {
    ThreadLoop loop;
    const BothSides both(network.transport());
    std::vector<std::unique_ptr<Pump>> served;
    const auto listener = both.listen(address("tls+memory://server"), loop.loop()).value();
    listener->start([&]() -> Loop& { return loop.loop(); },
                    [&](std::unique_ptr<Connection> made) {
                      served.push_back(std::make_unique<Pump>(std::move(made)));
                      served.back()->echo = true;
                    });
    const auto made = both.dial(listener->local(), Clock::now() + patience, {});
    if (made.ok()) {
      Connection& connection = **made;
      const std::string text = pattern(20'000, 9);
      IoState end = write_all(connection, text);
      const auto deadline = Clock::now() + patience;
      if (end == IoState::done) {
        connection.shutdown_write();
        const std::string received = read_up_to(connection, everything, &end);
        if (end == IoState::closed) CHECK(received == text);
      }
      if (end != IoState::closed) CHECK_FALSE(connection.error().ok());
      CHECK(Clock::now() < deadline);
    } else {
      CHECK(made.status().code() == StatusCode::unavailable);
    }
    loop.run([&] {
      served.clear();
      listener->close();
    });
  });
  CHECK(points > 10);
}

}  // namespace polyrpc::test
