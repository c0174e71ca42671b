#include "polyrpc/transports/unix.hpp"

#include "contract/transport_contract.hpp"
#include "support/files.hpp"

#include <filesystem>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace polyrpc::test {

namespace {

namespace fs = std::filesystem;

Endpoint address(const fs::path& path) { return Endpoint::parse("unix://" + path.string()).value(); }

unsigned mode_of(const fs::path& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777u : 0u;
}

/// What a crashed server leaves: a bound socket without a listener.
void leave_stale(const fs::path& path) {
  const int handle = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.string().copy(name.sun_path, sizeof name.sun_path - 1);
  REQUIRE(::bind(handle, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  ::close(handle);
  REQUIRE(fs::is_socket(path));
}

}  // namespace

TEST_CASE("unix: the contract", "[unix]") {
  const TempDir folder;
  UnixOptions small;
  small.receive_buffer = small.send_buffer = 16 << 10;
  TransportSubject subject;
  subject.transport = unix_transport();
  subject.small_buffers = unix_transport(small);
  int number = 0;
  subject.new_address = [&] { return address(folder.path() / (std::to_string(++number) + ".sock")); };
  transport_contract(subject);
}

#ifdef __linux__
TEST_CASE("unix: the contract without a file", "[unix]") {
  UnixOptions small;
  small.receive_buffer = small.send_buffer = 16 << 10;
  TransportSubject subject;
  subject.transport = unix_transport();
  subject.small_buffers = unix_transport(small);
  static int number = 0;
  subject.new_address = [&] {
    return address("@polyrpc test " + std::to_string(::getpid()) + " " + std::to_string(++number));
  };
  transport_contract(subject);
}
#endif

TEST_CASE("unix: the socket file comes and goes with the listener", "[unix]") {
  const TempDir folder;
  const fs::path path = folder.path() / "a.sock";
  TestLoop here;
  {
    TestListener listener(*unix_transport(), address(path), here.loop());
    CHECK(fs::is_socket(path));
    CHECK(listener.local().to_string() == "unix://" + path.string());
    const LoopPair pair = connect_on(here, *unix_transport(), listener);
    CHECK(pair.dialled->peer().address == "unix://" + path.string());
    CHECK(pair.accepted->peer().address == "unix://" + path.string());
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("unix: a socket that nobody listens on is replaced", "[unix]") {
  const TempDir folder;
  const fs::path path = folder.path() / "a.sock";
  leave_stale(path);
  TestLoop here;
  CHECK(unix_transport()->dial(address(path), Clock::now() + patience).status() ==
        Status::unavailable("unix: cannot connect to " + path.string() + ": connection refused"));
  TestListener listener(*unix_transport(), address(path), here.loop());
  CHECK(dial_on(here, *unix_transport(), address(path)).ok());
}

TEST_CASE("unix: a file that is no socket stays", "[unix]") {
  const TempDir folder;
  const fs::path path = folder.path() / "precious";
  write_file(path, "data");
  TestLoop here;
  CHECK(unix_transport()->listen(address(path), here.loop()).status() ==
        Status::unavailable("unix: cannot listen on " + path.string() + ": address already in use"));
  CHECK(read_file(path) == "data");
  // Nor is the socket behind a link taken for a stale one.
  leave_stale(folder.path() / "other.sock");
  fs::create_symlink(folder.path() / "other.sock", folder.path() / "link.sock");
  CHECK(unix_transport()->listen(address(folder.path() / "link.sock"), here.loop()).status().code() ==
        StatusCode::unavailable);
  CHECK(fs::is_symlink(folder.path() / "link.sock"));
}

TEST_CASE("unix: a file that took the socket's place is not removed", "[unix]") {
  const TempDir folder;
  const fs::path path = folder.path() / "a.sock";
  TestLoop here;
  TestListener listener(*unix_transport(), address(path), here.loop());
  // A second server's that came after somebody removed ours. Ours is renamed, lest the new one gets its inode.
  fs::rename(path, folder.path() / "old.sock");
  TestListener second(*unix_transport(), address(path), here.loop());
  listener.listener().close();
  CHECK(fs::is_socket(path));
  CHECK(dial_on(here, *unix_transport(), address(path)).ok());
}

TEST_CASE("unix: the mode is what was asked for, whatever the umask", "[unix]") {
  const TempDir folder;
  TestLoop here;
  const mode_t was = ::umask(027);
  UnixOptions options;
  options.mode = GENERATE(0600u, 0666u, 0770u);
  const fs::path with = folder.path() / "with.sock";
  const fs::path without = folder.path() / "without.sock";
  const auto first = unix_transport(options)->listen(address(with), here.loop());
  const auto second = unix_transport()->listen(address(without), here.loop());
  ::umask(was);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(mode_of(with) == *options.mode);
  CHECK(mode_of(without) == 0750u);
}

TEST_CASE("unix: errors say which path and why", "[unix]") {
  const TempDir folder;
  TestLoop here;
  const auto transport = unix_transport();

  const fs::path lost = folder.path() / "missing" / "a.sock";
  CHECK(transport->listen(address(lost), here.loop()).status() ==
        Status::not_found("unix: cannot listen on " + lost.string() + ": no such file or directory"));
  CHECK(transport->dial(address(lost), Clock::now() + patience).status() ==
        Status::unavailable("unix: cannot connect to " + lost.string() + ": no such file or directory"));

  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'x');
  const Status too_long = transport->listen(address(longest + "x"), here.loop()).status();
  CHECK(too_long.code() == StatusCode::invalid_argument);
  CHECK(too_long.message() == "unix: the path " + longest + "x has " + std::to_string(longest.size() + 1) +
                                  " bytes, a socket address holds " + std::to_string(longest.size()));
  CHECK(transport->dial(address(longest + "x"), Clock::now() + patience).status() == too_long);
  CHECK(dial_on(here, *transport, address(longest + "x")).status() == too_long);
  // One byte less is a good path, to nobody.
  CHECK(transport->dial(address(longest), Clock::now() + patience).status().code() == StatusCode::unavailable);
}

TEST_CASE("unix: a missing permission is said", "[unix]") {
  const TempDir folder;
  const fs::path path = folder.path() / "a.sock";
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  if (::geteuid() == 0 && ::seteuid(65534) != 0) POLYRPC_SKIP("cannot become another user");
  TestLoop here;
  const Status listening = unix_transport()->listen(address(path), here.loop()).status();
  if (::getuid() == 0) REQUIRE(::seteuid(0) == 0);
  fs::permissions(folder.path(), fs::perms::owner_all);
  CHECK(listening == Status::permission_denied("unix: cannot listen on " + path.string() + ": permission denied"));
}

TEST_CASE("unix: a dial waits for room in the listener's queue", "[unix]") {
  const TempDir folder;
  const fs::path path = folder.path() / "a.sock";
  TestLoop here;
  UnixOptions options;
  options.backlog = 1;
  const auto transport = unix_transport(options);
  const auto listener = transport->listen(address(path), here.loop()).value();
  std::vector<std::unique_ptr<Connection>> queued;
  Status full;
  for (int i = 0; i < 100 && full.ok(); ++i) {
    auto dialled = transport->dial(address(path), Clock::now() + std::chrono::milliseconds(20));
    if (dialled.ok())
      queued.push_back(*std::move(dialled));
    else
      full = dialled.status();
  }
  if (full.ok()) POLYRPC_SKIP("this system's queue has no end");
  CHECK(full == Status::deadline_exceeded("unix: cannot connect to " + path.string() + ": deadline exceeded"));

  int connected = 0;
  transport->dial(address(path), here.loop(), [&](Result<std::unique_ptr<Connection>> made) {
    if (made.ok()) ++connected;
  });
  const auto cancel =
      transport->dial(address(path), here.loop(), [&](Result<std::unique_ptr<Connection>>) { connected += 100; });
  here.settle();
  CHECK(connected == 0);
  cancel();
  std::size_t accepted = 0;
  std::vector<std::unique_ptr<Connection>> kept;
  listener->start([&]() -> Loop& { return here.loop(); },
                  [&](std::unique_ptr<Connection> made) {
                    ++accepted;
                    kept.push_back(std::move(made));
                  });
  CHECK(here.run_until([&] { return connected == 1 && accepted == queued.size() + 1; }));
}

}  // namespace polyrpc::test
