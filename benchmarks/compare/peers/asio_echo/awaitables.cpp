// An echo of raw_echo's frames with asio's awaitables: one read, then one write of all frames that it completed.

#include "frame_buffer.hpp"
#include "support/options.hpp"

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <utility>

namespace {

// So that a socket needs no type-erased executor, which costs every operation something.
using Executor = asio::io_context::executor_type;
using Token = asio::use_awaitable_t<Executor>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

template <class T>
using Awaitable = asio::awaitable<T, Executor>;

Awaitable<void> echo(Socket socket) try {
  bench::FrameBuffer buffer;
  std::error_code error;
  auto token = asio::redirect_error(Token(), error);
  for (;;) {
    const auto room = asio::buffer(buffer.room(), buffer.room_bytes());
    const std::size_t bytes = co_await socket.async_read_some(room, token);
    if (error) co_return;
    const std::size_t whole = buffer.read(bytes);
    if (whole > 0) {
      const auto frames = asio::buffer(buffer.data(), whole);
      co_await asio::async_write(socket, frames, token);
      if (error) co_return;
    }
    buffer.drop(whole);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "asio_awaitables: %s\n", error.what());
}

Awaitable<void> accept(Acceptor& acceptor, const Executor& executor) {
  for (;;) {
    Socket socket(executor);
    co_await acceptor.async_accept(socket, Token());
    socket.set_option(asio::ip::tcp::no_delay(true));
    asio::co_spawn(executor, echo(std::move(socket)), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) ");
  try {
    asio::io_context context(1);
    Acceptor acceptor(context, {asio::ip::address_v4::loopback(), options.number<std::uint16_t>("port", 0)});
    std::printf("listening tcp 127.0.0.1:%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    asio::co_spawn(context, accept(acceptor, context.get_executor()), asio::detached);
    context.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "asio_awaitables: %s\n", error.what());
    return 1;
  }
}
