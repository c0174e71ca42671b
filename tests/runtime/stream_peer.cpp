#include "stream_peer.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <future>
#include <utility>

namespace polyrpc::test {

struct StreamPeer::Talk final : ReadyListener {
  struct Call {
    std::string method;
    std::size_t messages = 0;
  };

  Talk(StreamPeer& owner, std::unique_ptr<Connection> made) : peer(owner), connection(std::move(made)) {
    say(peer.greeting_);
    connection->wait(Direction::read, *this);
  }

  void ready(Direction direction) override {
    if (direction == Direction::write) {
      writing = false;
      return flush();
    }
    std::array<std::byte, 4096> bytes;
    for (;;) {
      const IoResult result = connection->read_some(bytes);
      if (result.state == IoState::would_block) return connection->wait(Direction::read, *this);
      if (result.state != IoState::done) return connection->close();
      input.append(reinterpret_cast<const char*>(bytes.data()), result.bytes);
      std::size_t end = 0;
      while ((end = input.find('\n')) != std::string::npos) {
        const std::string line = input.substr(0, end);
        input.erase(0, end + 1);
        if (!closed) take(line);
        peer.came(line);
        if (closed) return;
      }
    }
  }

  void say(const std::string& text) {
    output += text;
    flush();
  }

  void flush() {
    while (!writing && !output.empty()) {
      const IoResult result = connection->write_some(as_bytes(output));
      if (result.state == IoState::done) {
        output.erase(0, result.bytes);
      } else if (result.state == IoState::would_block) {
        writing = true;
        connection->wait(Direction::write, *this);
      } else {
        return;
      }
    }
  }

  static std::string word(std::string& line) {
    const std::size_t end = line.find(' ');
    const std::string part = line.substr(0, end);
    line.erase(0, end == std::string::npos ? line.size() : end + 1);
    return part;
  }

  void done(const std::string& id, const std::string& rest = "0 behind=it : ") {
    say("done " + id + " " + rest + "\n");
    calls.erase(id);
  }

  void take(std::string line) {
    const std::string verb = word(line);
    if (verb == "ping") {
      if (!deaf) say("pong\n");
      return;
    }
    const std::string id = word(line);
    if (verb == "open") {
      const std::string method = word(line);
      const std::size_t colon = line.find(" : ");
      return open(id, method, colon == std::string::npos ? std::string() : line.substr(colon + 3));
    }
    const auto found = calls.find(id);
    if (found == calls.end()) return;
    Call& call = found->second;
    if (verb == "cancel") {
      calls.erase(found);
    } else if (verb == "msg") {
      ++call.messages;
      if (call.method == "Echo") say("msg " + id + " " + line + "\nroom " + id + " 1\n");
      if (call.method == "Count") say("room " + id + " 1\n");
      if (call.method == "Early") done(id, "9 : enough");
    } else if (verb == "end") {
      if (call.method == "Count") say("msg " + id + " " + std::to_string(call.messages) + "\n");
      if (call.method == "Two") say("msg " + id + " one\nmsg " + id + " two\n");
      if (call.method != "Hang" && call.method != "Deaf") done(id);
    }
  }

  void open(const std::string& id, std::string method, const std::string& argument) {
    if (left) return;
    if (method == "RefuseAlways" || (method == "Refuse" && !std::exchange(peer.refused_, true)))
      return say("refuse " + id + "\n");
    if (method == "Leave" && !std::exchange(peer.left_, true)) {
      left = true;
      const std::uint64_t last = std::stoull(id);
      return say("leave " + (last == 0 ? "0\nrefuse 0" : std::to_string(last - 1)) + "\n");
    }
    if (method == "Refuse" || method == "Leave") method = argument.empty() ? "Echo" : "Unary";
    calls[id].method = method;
    if (method == "Hang" || method == "Echo") say("head " + id + " ahead=of-it\n");
    if (method == "Deaf") deaf = true;
    if (method == "Garbage") say("garbage " + id + "\n");
    if (method == "Broken") say("msg " + id + " broken\n");
    if (method == "Unary") {
      say("msg " + id + " " + argument + "\n");
      done(id);
    } else if (method == "List" || method == "Close") {
      const int count = method == "List" ? std::stoi(argument) : 3;
      for (int i = 0; i < count; ++i) say("msg " + id + " " + std::to_string(i) + "\n");
      done(id);
      if (method == "Close") {
        connection->close();
        closed = true;
      }
    }
  }

  StreamPeer& peer;
  const std::unique_ptr<Connection> connection;
  std::string input;
  std::string output;
  bool writing = false;
  bool closed = false;
  bool left = false;
  bool deaf = false;
  std::map<std::string, Call> calls;
};

StreamPeer::StreamPeer(MemoryNetwork& network, std::string greeting) : greeting_(std::move(greeting)) {
  listener_ = network.transport()->listen(Endpoint::parse("memory://server").value(), loop_).value();
  std::promise<void> started;
  asio::post(thread_.context(), [&] {
    listener_->start([this]() -> Loop& { return loop_; },
                     [this](std::unique_ptr<Connection> connection) {
                       talks_.push_back(std::make_unique<Talk>(*this, std::move(connection)));
                       const std::lock_guard lock(mutex_);
                       ++connections_;
                       changed_.notify_all();
                     });
    started.set_value();
  });
  started.get_future().wait();
}

StreamPeer::~StreamPeer() {
  asio::post(thread_.context(), [this] {
    listener_.reset();
    for (const auto& talk : talks_) talk->connection->close();
    talks_.clear();
    loop_.rest();
  });
  thread_.join();
}

void StreamPeer::release() {
  asio::post(thread_.context(), [this] {
    for (const auto& talk : talks_) {
      std::vector<std::string> hanging;
      for (const auto& [id, call] : talk->calls)
        if (call.method == "Hang" || call.method == "Deaf") hanging.push_back(id);
      for (const std::string& id : hanging) talk->done(id);
    }
  });
}

void StreamPeer::say(const std::string& line) {
  asio::post(thread_.context(), [this, line] {
    for (const auto& talk : talks_) talk->say(line + "\n");
  });
}

void StreamPeer::came(const std::string& line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(line);
  changed_.notify_all();
}

std::size_t StreamPeer::count(std::string_view beginning) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(),
                                                [&](const std::string& line) { return line.starts_with(beginning); }));
}

void StreamPeer::await(std::string_view beginning, std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
             return line.starts_with(beginning);
           })) >= count;
  });
}

std::vector<std::string> StreamPeer::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::size_t StreamPeer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

ClientTarget stream_target(MemoryNetwork& network, std::optional<std::chrono::milliseconds> keepalive) {
  ClientTarget target;
  target.endpoint = Endpoint::parse("memory://server").value();
  target.transport = network.transport();
  target.codec = std::make_shared<StreamCodec>(keepalive);
  return target;
}

}  // namespace polyrpc::test
