// Bytes to a server that speaks TLS beside everything else. The second byte of an input says what the others are: what
// a new connection says, behind the beginning of a handshake; what a client says when the handshake is done, which must
// be answered as it is without TLS; or what on the way changes of a call.

#include "polyrpc/transports/tls.hpp"

#include "fuzz.hpp"
#include "site.hpp"
#include "transports/tls_fixture.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace {

using namespace polyrpc;
using namespace polyrpc::fuzz;

constexpr std::string_view call = "{\"method\":\"Arith.Sleep\",\"params\":[7],\"id\":2}";
constexpr std::string_view answer = "{\"id\":2,\"result\":7,\"error\":null}\n";

Protocols protocols() {
  Protocols all = standard_protocols();
  all.add(tls::protocol(tls::ServerIdentity::load(test::patient_options()).value(), standard_protocols()));
  return all;
}

test::TurnedServer& server() { return server_of_run(protocols); }

/// A client that has done its handshake.
class Encrypted {
 public:
  explicit Encrypted(test::TurnedServer& server) : server_(server), client_(server.dial()) {
    for (int i = 0; !client_.shake(); ++i) {
      if (i == 100) fail("no handshake", server.log());
      turn();
    }
    turn();
  }
  ~Encrypted() {
    client_.plain().close();
    turn();
  }

  void send(std::string_view text) {
    client_.send(text);
    turn();
  }
  /// The same, with what travels changed.
  template <class Change>
  void send(std::string_view text, Change change) {
    SSL* const ssl = client_.ssl();
    SSL_write(ssl, text.data(), static_cast<int>(text.size()));
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl), &data);
    std::string bytes(data, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(SSL_get_wbio(ssl)));
    change(bytes);
    for (std::string_view left = bytes; !left.empty();) {
      const IoResult result = client_.plain().write_some(as_bytes(left));
      if (result.state != IoState::done) break;
      left.remove_prefix(result.bytes);
      turn();
    }
  }
  std::string receive() {
    std::string all;
    for (;;) {
      turn();
      const std::string more = client_.receive();
      if (more.empty()) return all;
      all += more;
    }
  }
  void finish_sending() {
    SSL_shutdown(client_.ssl());
    client_.move();
    client_.plain().shutdown_write();
    turn();
  }
  bool ended() {
    client_.move();
    return client_.ended;
  }

 private:
  void turn() {
    server_.io.restart();
    while (server_.io.poll() != 0) server_.io.restart();
  }

  test::TurnedServer& server_;
  test::RawClient client_;
};

void check_first_bytes(std::uint8_t how, std::string_view bytes) {
  const std::string all = "\x16\x03" + std::string(bytes);
  const Answers whole = ask(server(), [&](auto feed) { feed(all); });
  const Answers pieces = ask(server(), [&](auto feed) { in_pieces(how, all, feed); });
  if (whole.closed != pieces.closed) fail("closed at once or in pieces, but not both", whole.text);
}

void check_inside(std::uint8_t how, std::string_view bytes) {
  const Answers plain = ask(server(), [&](auto feed) { feed(bytes); });
  Encrypted client(server());
  in_pieces(how, bytes, [&](std::string_view piece) {
    client.send(piece);
    return !client.ended();
  });
  const std::string text = comparable(client.receive());
  // A handshake may stand in plain text, but not inside another one.
  const bool is_another = bytes.starts_with('\x16');
  if (!is_another && plain.closed != client.ended()) fail("closed with TLS or without, but not both", plain.text);
  client.finish_sending();
  const std::string rest = comparable(client.receive());
  if (!client.ended()) fail("the connection stays when its peer has ended", text + rest);
  if (is_another || has_counters(plain)) return;
  check_same("other answers with TLS", plain.text + plain.rest, text + rest);
}

void check_changed(std::string_view changes) {
  Encrypted client(server());
  bool changed = false;
  client.send(call, [&](std::string& bytes) {
    const std::string before = bytes;
    for (; changes.size() >= 2 && !bytes.empty(); changes.remove_prefix(2)) {
      const std::size_t at = static_cast<unsigned char>(changes[0]) % bytes.size();
      if (changes[1] == 0)
        bytes.erase(at, 1);
      else
        bytes[at] = static_cast<char>(bytes[at] ^ changes[1]);
    }
    changed = bytes != before;
  });
  client.finish_sending();
  const std::string text = client.receive();
  if (!changed) check_same("a call is not answered", std::string(answer), text);
  if (changed && !text.empty()) fail("an answer to what nobody said", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const std::string_view bytes = text_of(data + 2, size - 2);
  switch (data[1] % 3) {
    case 0:
      check_first_bytes(how, bytes);
      break;
    case 1:
      check_inside(how, bytes);
      break;
    default:
      check_changed(bytes);
      break;
  }
  check_another(server());
  return 0;
}
