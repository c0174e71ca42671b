// As much of Redis' protocol (RESP2) as PUBLISH and SUBSCRIBE need.

#include <polyrpc/runtime/transport.hpp>

#include "broker.hpp"

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <stdexcept>
#include <utility>
#include <vector>

using asio::ip::tcp;
using polyrpc::Awaitable;
using polyrpc::Result;
using polyrpc::Status;

namespace {

/// An answer: its text, its number, or its elements.
struct Value {
  char kind = 0;
  std::string text;
  long long number = 0;
  std::vector<Value> elements;
};

class RedisConnection {
 public:
  explicit RedisConnection(const asio::any_io_executor& executor) : socket_(executor) {}

  Awaitable<Status> connect(const polyrpc::Endpoint& where) {
    tcp::resolver resolver(socket_.get_executor());
    asio::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    auto found = co_await resolver.async_resolve(where.host, std::to_string(where.port), token);
    if (!error) co_await asio::async_connect(socket_, found, token);
    co_return status_of(error);
  }

  Awaitable<Status> send(std::vector<std::string> words) {
    std::string command = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) command += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    asio::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    auto bytes = asio::buffer(command);
    co_await asio::async_write(socket_, bytes, token);
    co_return status_of(error);
  }

  Awaitable<Status> receive(Value& value) {
    std::string line;
    Status status = co_await read_line(line);
    if (!status.ok()) co_return status;
    if (line.empty()) co_return Status::unavailable("redis: an empty answer");
    value.kind = line[0];
    value.text = line.substr(1);
    if (value.kind == '+') co_return Status();
    if (value.kind == '-') co_return Status::unavailable("redis: " + value.text);
    value.number = std::atoll(value.text.c_str());
    if (value.kind == '$' && value.number >= 0) {
      if (value.number > (64 << 20)) co_return Status::resource_exhausted("redis: a message is too large");
      status = co_await read_exactly(static_cast<std::size_t>(value.number) + 2, value.text);
      if (!status.ok()) co_return status;
      value.text.resize(value.text.size() - 2);
    } else if (value.kind == '*') {
      if (value.number > 16) co_return Status::unavailable("redis: an answer that was not asked for");
      for (long long i = 0; i < value.number; ++i) {
        Value element;
        status = co_await receive(element);
        if (!status.ok()) co_return status;
        value.elements.push_back(std::move(element));
      }
    }
    co_return Status();
  }

 private:
  static Status status_of(const asio::error_code& error) {
    if (!error) return {};
    if (error == asio::error::operation_aborted) return Status::cancelled("the subscriber has gone");
    return Status::unavailable("redis: " + error.message());
  }

  Awaitable<Status> read_line(std::string& line) {
    asio::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    auto into = asio::dynamic_buffer(buffer_, 64 << 20);
    const std::size_t size = co_await asio::async_read_until(socket_, into, "\r\n", token);
    if (error) co_return status_of(error);
    line = buffer_.substr(0, size - 2);
    buffer_.erase(0, size);
    co_return Status();
  }
  Awaitable<Status> read_exactly(std::size_t size, std::string& text) {
    while (buffer_.size() < size) {
      char bytes[4096];
      asio::error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      auto room = asio::buffer(bytes);
      const std::size_t count = co_await socket_.async_read_some(room, token);
      if (error) co_return status_of(error);
      buffer_.append(bytes, count);
    }
    text = buffer_.substr(0, size);
    buffer_.erase(0, size);
    co_return Status();
  }

  tcp::socket socket_;
  std::string buffer_;
};

class RedisSubscription final : public Subscription {
 public:
  explicit RedisSubscription(std::unique_ptr<RedisConnection> connection) : connection_(std::move(connection)) {}

  Awaitable<Status> next(std::string& payload) override {
    for (;;) {
      Value value;
      Status status = co_await connection_->receive(value);
      if (!status.ok()) co_return status;
      if (value.elements.size() != 3 || value.elements[0].text != "message") continue;
      payload = std::move(value.elements[2].text);
      co_return Status();
    }
  }

 private:
  std::unique_ptr<RedisConnection> connection_;
};

class RedisBroker final : public Broker {
 public:
  explicit RedisBroker(polyrpc::Endpoint where) : where_(std::move(where)) {}

  Awaitable<Result<long long>> publish(const std::string& topic, const std::string& payload) override {
    // One connection for each: publishers must not wait for one another's answers.
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    RedisConnection connection(executor);
    Status status = co_await connection.connect(where_);
    if (!status.ok()) co_return status;
    std::vector<std::string> words = {"PUBLISH", topic, payload};
    status = co_await connection.send(std::move(words));
    if (!status.ok()) co_return status;
    Value value;
    status = co_await connection.receive(value);
    if (!status.ok()) co_return status;
    co_return value.number;
  }
  Awaitable<Result<std::unique_ptr<Subscription>>> subscribe(const std::string& topic) override {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto connection = std::make_unique<RedisConnection>(executor);
    Status status = co_await connection->connect(where_);
    if (!status.ok()) co_return status;
    std::vector<std::string> words = {"SUBSCRIBE", topic};
    status = co_await connection->send(std::move(words));
    if (!status.ok()) co_return status;
    Value confirmed;
    status = co_await connection->receive(confirmed);
    if (!status.ok()) co_return status;
    std::unique_ptr<Subscription> made = std::make_unique<RedisSubscription>(std::move(connection));
    co_return made;
  }

 private:
  polyrpc::Endpoint where_;
};

}  // namespace

std::unique_ptr<Broker> redis_broker(const std::string& url) {
  const std::string_view scheme = "redis://";
  if (!url.starts_with(scheme)) throw std::invalid_argument("\"" + url + "\" is no redis://host:port");
  std::string address = url.substr(scheme.size());
  if (address.find(':') == std::string::npos) address += ":6379";
  const polyrpc::Result<polyrpc::Endpoint> where = polyrpc::Endpoint::parse("tcp://" + address);
  if (!where.ok()) throw std::invalid_argument(where.status().message());
  return std::make_unique<RedisBroker>(*where);
}
