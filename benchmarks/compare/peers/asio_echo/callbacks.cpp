// An echo of raw_echo's frames with plain asio callbacks: one read, then one write of all frames that it completed.

#include "frame_buffer.hpp"
#include "support/options.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

namespace {

// So that a socket needs no type-erased executor, which costs every operation something.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(Socket socket) : socket_(std::move(socket)) {}

  void read() {
    socket_.async_read_some(asio::buffer(buffer_.room(), buffer_.room_bytes()),
                            [self = shared_from_this()](const std::error_code& error, std::size_t bytes) {
                              if (!error) self->echo(bytes);
                            });
  }

 private:
  void echo(std::size_t bytes) try {
    const std::size_t whole = buffer_.read(bytes);
    if (whole == 0) {
      buffer_.drop(0);
      read();
      return;
    }
    asio::async_write(socket_, asio::buffer(buffer_.data(), whole),
                      [self = shared_from_this()](const std::error_code& error, std::size_t written) {
                        if (error) return;
                        self->buffer_.drop(written);
                        self->read();
                      });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "asio_callbacks: %s\n", error.what());
  }

  Socket socket_;
  bench::FrameBuffer buffer_;
};

void accept(Acceptor& acceptor) {
  acceptor.async_accept([&acceptor](const std::error_code& error, Socket socket) {
    if (!error) {
      socket.set_option(asio::ip::tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket))->read();
    }
    accept(acceptor);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) ");
  try {
    asio::io_context context(1);
    Acceptor acceptor(context, {asio::ip::address_v4::loopback(), options.number<std::uint16_t>("port", 0)});
    std::printf("listening tcp 127.0.0.1:%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    accept(acceptor);
    context.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "asio_callbacks: %s\n", error.what());
    return 1;
  }
}
