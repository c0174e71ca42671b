#include "polyrpc/runtime/transport.hpp"
#include "polyrpc/transports/memory.hpp"
#include "polyrpc/transports/standard.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

namespace polyrpc::test {

namespace {

Endpoint parsed(std::string_view address) { return Endpoint::parse(address).value(); }

}  // namespace

TEST_CASE("an address is cut into its parts", "[endpoint]") {
  struct Case {
    std::string_view address, scheme, host;
    std::uint16_t port;
    std::string_view path;
    std::string_view text;  // if it is another than the address
  };
  const Case cases[] = {
      {"tcp://127.0.0.1:1234", "tcp", "127.0.0.1", 1234, "", ""},
      {"tcp://localhost:0", "tcp", "localhost", 0, "", ""},
      {"tcp://:65535", "tcp", "", 65535, "", ""},
      {"tcp://[::1]:80", "tcp", "::1", 80, "", ""},
      {"tcp://[fe80::1%eth0]:80", "tcp", "fe80::1%eth0", 80, "", ""},
      {"TCP://Host:80", "tcp", "Host", 80, "", "tcp://Host:80"},
      {"tls://localhost:443", "tls", "localhost", 443, "", ""},
      {"tls://[::1]:0", "tls", "::1", 0, "", ""},
      {"tls+unix:///run/app.sock", "tls+unix", "/run/app.sock", 0, "", ""},
      {"tls+memory://a name", "tls+memory", "a name", 0, "", ""},
      {"unix:///run/app.sock", "unix", "/run/app.sock", 0, "", ""},
      {"unix://app.sock", "unix", "app.sock", 0, "", ""},
      {"unix://@app:1/x y", "unix", "@app:1/x y", 0, "", ""},
      {"memory://a name:with/anything", "memory", "a name:with/anything", 0, "", ""},
      {"http://host", "http", "host", 80, "", "http://host:80"},
      {"http://host/", "http", "host", 80, "/", "http://host:80/"},
      {"http://host:8080/rpc?x=1", "http", "host", 8080, "/rpc?x=1", ""},
      {"http://[::1]/rpc", "http", "::1", 80, "/rpc", "http://[::1]:80/rpc"},
      {"https://host", "https", "host", 443, "", "https://host:443"},
      {"own+kind.2-x://host", "own+kind.2-x", "host", 0, "", ""},
      {"own://host:7/path", "own", "host", 7, "/path", ""},
      {"own:///path", "own", "", 0, "/path", ""},
  };
  for (const Case& one : cases) {
    INFO(one.address);
    const Endpoint endpoint = parsed(one.address);
    CHECK(endpoint.scheme == one.scheme);
    CHECK(endpoint.host == one.host);
    CHECK(endpoint.port == one.port);
    CHECK(endpoint.path == one.path);
    CHECK(endpoint.to_string() == (one.text.empty() ? one.address : one.text));
  }
}

TEST_CASE("a bad address is refused with the address and the reason", "[endpoint]") {
  struct Case {
    std::string_view address, reason;
  };
  const std::string_view no_scheme = "it does not start with a scheme, as in tcp://127.0.0.1:1234";
  const std::string_view bad_port = "the port is no number from 0 to 65535";
  const Case cases[] = {
      {"", no_scheme},
      {"127.0.0.1:1234", no_scheme},
      {"tcp:127.0.0.1:1234", no_scheme},
      {"://host:1", no_scheme},
      {"1tcp://host:1", no_scheme},
      {"t cp://host:1", no_scheme},
      {"tcp://host", "the port is missing"},
      {"tcp://host:", bad_port},
      {"tcp://host:65536", bad_port},
      {"tcp://host:-1", bad_port},
      {"tcp://host:+1", bad_port},
      {"tcp://host:0x10", bad_port},
      {"tcp://host:99999999999999999999", bad_port},
      {"tcp://host:80x", bad_port},
      {"tcp://host:80/path", "a tcp address has no path"},
      {"tls://host", "the port is missing"},
      {"tls://host:80/path", "a tls address has no path"},
      {"tls+unix://", "the path is missing"},
      {"tcp://::1:80", "an IPv6 address has to stand in brackets"},
      {"tcp://[::1:80", "the [ has no ]"},
      {"tcp://[::1]80", "only a port may follow the ]"},
      {"tcp://[host]:80", "only an IPv6 address stands in brackets"},
      {"tcp://user@host:80", "a user name has no place here"},
      {"tcp://ho st:80", "it holds white space or a control character"},
      {"http://host:80/a b", "it holds white space or a control character"},
      {"http://", "the host is missing"},
      {"http:///path", "the host is missing"},
      {"unix://", "the path is missing"},
      {std::string_view("unix://a\0b", 10), "a path holds no zero byte"},
      {"memory://", "the name is missing"},
  };
  for (const Case& one : cases) {
    INFO(one.address);
    const Status status = Endpoint::parse(one.address).status();
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK(status.message() == "polyrpc: bad address \"" + std::string(one.address) + "\": " + std::string(one.reason));
  }
}

TEST_CASE("a transport is found by its scheme, the last added first", "[endpoint]") {
  MemoryNetwork first;
  MemoryNetwork second;
  const auto last = second.transport();
  Transports transports = standard_transports();
  CHECK(transports.find("memory") == nullptr);
  CHECK(transports.find("") == nullptr);
  transports.add(first.transport());
  transports.add(last);
  CHECK(transports.find("memory") == last);
  REQUIRE(transports.find("tcp") != nullptr);
  CHECK(transports.find("tcp")->scheme() == "tcp");
  REQUIRE(transports.find("unix") != nullptr);
  CHECK(transports.find("unix")->scheme() == "unix");
}

}  // namespace polyrpc::test
