// Opens connections, makes two calls on each, prints "idle", and keeps them open until standard input ends.

#include "recording.hpp"
#include "support/options.hpp"
#include "support/socket.hpp"

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/time.h>
#include <utility>
#include <vector>
#if defined(BENCH_TLS)
#include <openssl/ssl.h>
#endif

namespace {

/// A socket, or TLS on one.
class Connection {
 public:
  explicit Connection(bench::Descriptor socket) : socket_(std::move(socket)) {
    const timeval patience{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

#if defined(BENCH_TLS)
  void begin_tls(SSL_CTX* context) {
    tls_.reset(SSL_new(context));
    if (!tls_ || SSL_set_fd(tls_.get(), socket_.get()) != 1 || SSL_connect(tls_.get()) != 1)
      throw std::runtime_error("no TLS with this server");
  }
#endif

  void write(std::string_view bytes) {
#if defined(BENCH_TLS)
    if (tls_) {
      if (SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0)
        throw std::runtime_error("TLS: cannot write");
      return;
    }
#endif
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) bench::throw_errno("send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void read_into(std::string& answer) {
    std::array<char, 16384> buffer;
    ssize_t got = 0;
#if defined(BENCH_TLS)
    if (tls_)
      got = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
    else
#endif
      got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) throw std::runtime_error("no answer");
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }

 private:
  bench::Descriptor socket_;
#if defined(BENCH_TLS)
  struct Free {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  std::unique_ptr<SSL, Free> tls_;
#endif
};

/// Sends one request and takes its reply off `input`.
void call(Connection& connection, const bench::Recording& recording, std::string_view request,
          std::string_view reply_has, std::string& input) {
  connection.write(request);
  std::size_t size = 0;
  while ((size = bench::reply_size(recording.framing, input)) == 0) connection.read_into(input);
  if (input.substr(0, size).find(reply_has) == std::string::npos)
    throw std::runtime_error("not an echo: " + input.substr(0, 300));
  input.erase(0, size);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(
      argc, argv, "options: --address HOST:PORT --wire NAME (see generator, and grpc) --connections N --tls 0|1 ");
  try {
    const bench::Recording recording = bench::record(options.text("wire", "raw"), 32);
    const bool tls = options.number("tls", 0) != 0;
#if defined(BENCH_TLS)
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    const std::string_view protocol = recording.framing == bench::Framing::http2  ? "\x02h2"
                                      : recording.framing == bench::Framing::http ? "\x08http/1.1"
                                                                                  : "";
    if (!protocol.empty())
      SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(protocol.data()),
                              static_cast<unsigned>(protocol.size()));
#else
    if (tls) throw std::runtime_error("built without TLS");
#endif
    std::vector<std::unique_ptr<Connection>> connections;
    for (auto i = options.number<std::size_t>("connections", 1); i-- > 0;) {
      auto connection = std::make_unique<Connection>(bench::connect_to(options.text("address", "")));
#if defined(BENCH_TLS)
      if (tls) connection->begin_tls(context.get());
#endif
      std::string input;
      if (!recording.handshake.empty() && recording.handshake_answer.empty()) {
        call(*connection, recording, recording.handshake, "", input);
      } else if (!recording.handshake.empty()) {
        connection->write(recording.handshake);
        while (input.size() < recording.handshake_answer.size()) connection->read_into(input);
        input.erase(0, recording.handshake_answer.size());
      }
      call(*connection, recording, recording.first_request, recording.good_reply_has, input);
      call(*connection, recording, recording.request, recording.good_reply_has, input);
      connections.push_back(std::move(connection));
    }
    std::printf("idle\n");
    std::fflush(stdout);
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "idle: %s\n", error.what());
    return 1;
  }
}
