#include "polyrpc/transports/unix.hpp"

#include "polyrpc/runtime/loop.hpp"

#include "socket.hpp"
#include "stream.hpp"
#include "wait.hpp"

#include <filesystem>
#include <string>
#include <utility>

#ifndef _WIN32
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace polyrpc {

namespace {

using namespace sockets;

constexpr std::string_view unix_scheme = "unix";

Status check(const Endpoint& endpoint) {
  if (endpoint.scheme != unix_scheme)
    return Status::invalid_argument("unix: " + endpoint.to_string() + " is no unix:// address");
  if (endpoint.host.size() >= Address::max_path)
    return Status::invalid_argument("unix: the path " + endpoint.host + " has " + std::to_string(endpoint.host.size()) +
                                    " bytes, a socket address holds " + std::to_string(Address::max_path - 1));
  return {};
}

bool is_file(const std::string& path) {
#ifdef __linux__
  return !path.starts_with('@');
#else
  return !path.empty();
#endif
}

/// Which file a path means, to tell ours from one that took its place.
struct FileId {
#ifdef _WIN32
  bool exists = false;
#else
  dev_t device = 0;
  ino_t inode = 0;
#endif
  friend bool operator==(const FileId&, const FileId&) = default;
};

FileId file_id(const std::string& path) noexcept {
  FileId id;
#ifdef _WIN32
  std::error_code error;
  id.exists = std::filesystem::exists(std::filesystem::symlink_status(path, error));
#else
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0) {
    id.device = status.st_dev;
    id.inode = status.st_ino;
  }
#endif
  return id;
}

void remove_file(const std::string& path) noexcept {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

/// Whether `path` is a socket that nobody listens on.
bool is_stale(const std::string& path) {
  std::error_code error;
  const auto type = std::filesystem::symlink_status(path, error).type();
#ifdef _WIN32
  if (type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found) return false;
#else
  if (type != std::filesystem::file_type::socket) return false;
#endif
  Socket probe = Socket::open(AF_UNIX, error);
  if (error) return false;
  if (probe.connect(Address::unix_path(path), error)) return false;
  if (!error) {  // it will be known at once or is being worked on by somebody
    Interrupt nobody;
    if (!wait_for(probe.get(), Direction::write, Clock::now() + std::chrono::seconds(1), nobody, unix_scheme).ok())
      return false;
    error = probe.connect_outcome();
  }
  return error == std::errc::connection_refused;
}

Targets targets_of(const Endpoint& endpoint) {
  Targets targets;
  targets.name = endpoint.host;
  targets.list.push_back({Address::unix_path(endpoint.host), endpoint.host});
  return targets;
}

class UnixTransport final : public Transport {
 public:
  explicit UnixTransport(const UnixOptions& options) : options_(options) {
    kind_.scheme = unix_scheme;
    kind_.receive_buffer = options.receive_buffer;
    kind_.send_buffer = options.send_buffer;
  }

  std::string_view scheme() const noexcept override { return unix_scheme; }

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop) const override {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    const std::string& path = endpoint.host;
    std::error_code error;
    Socket socket = bound(path, error);
    if (is_address_in_use(error) && is_file(path) && is_stale(path)) {
      remove_file(path);
      socket = bound(path, error);
    }
    if (error) return failed(endpoint, error);
    std::function<void()> closed;
    if (is_file(path)) {
      closed = [path, id = file_id(path)] {
        if (file_id(path) == id) remove_file(path);
      };
    }
    if (options_.mode && is_file(path)) {
      // Once more, because the umask has had its say; nobody can connect yet.
      const auto mode = static_cast<std::filesystem::perms>(*options_.mode & 0777u);
      std::filesystem::permissions(path, mode, error);
    }
    if (!error) socket.listen(options_.backlog, error);
    if (error) {
      if (closed) closed();
      return failed(endpoint, error);
    }
    return make_listener(kind_, std::move(socket), loop, endpoint, std::move(closed));
  }

  std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const override {
    const auto find = [&endpoint](const std::function<void(Result<Targets>)>& found) -> std::function<void()> {
      if (Status wrong = check(endpoint); !wrong.ok())
        found(wrong);
      else
        found(targets_of(endpoint));
      return {};
    };
    return dial_on_loop(kind_, loop, find, std::move(done));
  }

  Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point> deadline,
                                           const std::stop_token& stop) const override {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    return dial_here(kind_, targets_of(endpoint), deadline, stop);
  }

 private:
  Socket bound(const std::string& path, std::error_code& error) const {
    Socket socket = Socket::open(AF_UNIX, error);
    if (error) return {};
    kind_.prepare(socket.get());
    socket.bind(Address::unix_path(path), error);
    return socket;
  }

  static Status failed(const Endpoint& endpoint, const std::error_code& error) {
    return {listen_code(error), "unix: cannot listen on " + endpoint.host + ": " + reason(error)};
  }

  UnixOptions options_;
  SocketKind kind_;
};

}  // namespace

std::shared_ptr<const Transport> unix_transport(UnixOptions options) {
  return std::make_shared<const UnixTransport>(options);
}

}  // namespace polyrpc
