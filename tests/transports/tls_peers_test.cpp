// Other people's clients: curl and openssl.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/tls.hpp"

#include "support/files.hpp"
#include "support/running_server.hpp"
#include "tls_fixture.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace polyrpc::test {

namespace {

bool have(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

/// What a shell command says.
std::string output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> room;
  while (const std::size_t count = std::fread(room.data(), 1, room.size(), pipe)) text.append(room.data(), count);
  ::pclose(pipe);
  return text;
}

struct Peers {
  Peers() {
    registry.add("Test.WhoIs", [](Context& context, const std::string& text) {
      return text + ": " + (context.peer().tls->verified ? context.peer().tls->subject : "nobody") + ", " +
             context.peer().tls->alpn;
    });
    write_file(folder.path() / "ca.pem", certificates().authority.pem());
    write_file(folder.path() / "client.pem", certificates().client.pem);
    write_file(folder.path() / "client.key", certificates().client.key);
    Protocols protocols = standard_protocols();
    tls::ServerOptions options = mutual_options(tls::ClientCertificates::request);
    options.alpn = tls::alpn_for(protocols);
    protocols.transports.add(tls::server_transport(options));
    server.emplace(registry, std::move(protocols), ServerOptions(), 1, "tls://127.0.0.1:0");
    port = server->address().substr(server->address().rfind(':') + 1);
  }
  std::string file(const char* name) const { return (folder.path() / name).string(); }

  TempDir folder;
  Registry registry;
  std::optional<RunningServer> server;
  std::string port;
};

const std::string request = R"('{"jsonrpc":"2.0","method":"Test.WhoIs","params":["curl"],"id":1}')";

}  // namespace

TEST_CASE("tls: curl calls", "[tls]") {
  if (!have("curl")) POLYRPC_SKIP("no curl on PATH");
  const Peers peers;
  const std::string url = " https://localhost:" + peers.port + "/jsonrpc";
  const std::string curl = "curl -sS --noproxy '*' -m 30 -d " + request;
  CHECK(output_of(curl + " --cacert " + peers.file("ca.pem") + url) ==
        R"({"jsonrpc":"2.0","id":1,"result":"curl: nobody, http/1.1"})"
        "\n");
  CHECK(output_of(curl + " --tls-max 1.2 --cacert " + peers.file("ca.pem") + url) ==
        R"({"jsonrpc":"2.0","id":1,"result":"curl: nobody, http/1.1"})"
        "\n");
  CHECK(output_of(curl + " --cert " + peers.file("client.pem") + " --key " + peers.file("client.key") + " --cacert " +
                  peers.file("ca.pem") + url) == R"({"jsonrpc":"2.0","id":1,"result":"curl: CN=billing, http/1.1"})"
                                                 "\n");
  CHECK_THAT(output_of(curl + url), contains("certificate"));  // unknown CA
  CHECK_THAT(output_of("curl -sS --noproxy '*' -m 30 -I --cacert " + peers.file("ca.pem") +
                       " https://localhost:" + peers.port + "/healthz"),
             contains("HTTP/1.1 200"));
}

TEST_CASE("tls: openssl s_client connects", "[tls]") {
  if (!have("openssl")) POLYRPC_SKIP("no openssl on PATH");
  const Peers peers;
  const std::string client = "openssl s_client -connect 127.0.0.1:" + peers.port + " -CAfile " + peers.file("ca.pem") +
                             " -verify_return_error ";
  const std::string good =
      output_of("printf 'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | " + client +
                "-servername server.test -verify_hostname server.test -alpn h2,http/1.1 "
                "-ign_eof");
  CHECK_THAT(good, contains("Verification: OK"));
  CHECK_THAT(good, contains("TLSv1.3"));
  CHECK_THAT(good, contains("ALPN protocol: http/1.1"));
  CHECK_THAT(good, contains("Acceptable client certificate CA names"));
  CHECK_THAT(good, contains("HTTP/1.1 200 OK"));
  const std::string old = output_of(client + "-tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null");
  CHECK_THAT(old, contains("alert protocol version"));
  const std::string other = output_of(client + "-alpn spdy/3 </dev/null");
  CHECK_THAT(other, contains("no application protocol"));
  const std::string again = output_of(client + "-reconnect </dev/null");
  CHECK_THAT(again, contains("New, TLSv1.3"));
  CHECK(again.find("Reused") == std::string::npos);
}

}  // namespace polyrpc::test
