// Calls a foreign server with the interop services over our client, blocking and asynchronous, and prints a line per
// check. Usage: interop_client [--cancel] ADDRESS...; tcp://, unix:// and http:// mean gob, json+tcp:// and
// json+http:// JSON-RPC 1.0. With --cancel the next address's server has the service Cancellable.

#include "polyrpc/polyrpc.hpp"

#include "checks.hpp"
#include "services.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace interop;
using polyrpc::Result;
using polyrpc::Status;
using polyrpc::StatusCode;

struct Wire {
  std::string name;
  std::string address;
  bool json;

  std::unique_ptr<polyrpc::Client> dial() const {
    if (!json) {
      polyrpc::gob::Options options;
      options.types = std::make_shared<const polyrpc::TypeRegistry>(types());
      return polyrpc::dial(address, polyrpc::gob::net_rpc(options));
    }
    polyrpc::json::Options options;
    options.version = polyrpc::json::Version::v1;
    return polyrpc::dial(address, polyrpc::json::rpc(options));
  }
};

Wire wire_of(const std::string& text) {
  const std::size_t colon = text.find("://");
  Wire wire;
  wire.name = text.substr(0, colon);
  wire.json = wire.name.starts_with("json+");
  wire.address = wire.json ? text.substr(5) : text;
  return wire;
}

/// What comes back must encode to the same JSON or, where JSON can't say it, be what `same` accepts.
template <class T>
void echo(polyrpc::Client& client, const std::string& method, const T& value,
          const std::function<bool(const T&)>& same) {
  const T back = good(client.call<T>("Types." + method, value));
  expect(same(back), "Types." + method + " came back changed");
}

void basic_checks(const Wire& wire) {
  const std::string prefix = wire.name + "/";
  check(prefix + "calls", [&] {
    const auto client = wire.dial();
    expect(good(client->call<std::int64_t>("Arith.Multiply", Args{7, 8})) == 56, "7*8");
    expect(good(client->call<std::int64_t>("Arith.Multiply", Args{0, 0})) == 0, "0*0");
    const auto quotient = good(client->call<Quotient>("Arith.Divide", Args{17, 5}));
    expect(quotient.quo == 3 && quotient.rem == 2, "17/5");
    expect_text(good(client->call<std::string>("Arith.Upper", std::string("hello"))), "HELLO");
    const auto sum =
        good(client->call<std::map<std::string, std::int64_t>>("Arith.Sum", std::vector<std::int64_t>{3, -4, 5}));
    expect(sum.at("sum") == 4 && sum.at("count") == 3 && sum.at("min") == -4 && sum.at("max") == 5, "sum");
    good(client->call<Empty>("Arith.Nothing", Empty{}));
    expect_text(good(client->call<std::string>("HelloService.SayHello", std::string("hello"))), "Hello World:hello");
  });
  check(prefix + "errors", [&] {
    const auto client = wire.dial();
    const auto fails = [&](const std::string& method, const auto& args, const std::string& text) {
      const Result<std::int64_t> result = client->call<std::int64_t>(method, args);
      expect(!result.ok(), method + " succeeded");
      expect_text(result.status().message(), text);
      expect(result.status().origin() == polyrpc::Origin::remote,
             method + ": the error does not say that it is the peer's");
      expect(good(client->call<std::int64_t>("Arith.Multiply", Args{2, 3})) == 6, "the call after it");
    };
    fails("Arith.Divide", Args{1, 0}, "divide by zero");
    fails("Nobody.Home", Args{1, 2}, "rpc: can't find service Nobody.Home");
    fails("Arith.Nothing2", Args{1, 2}, "rpc: can't find method Arith.Nothing2");
    fails("Arith", Args{1, 2}, "rpc: service/method request ill-formed: Arith");
    fails("Arith.Fail", std::string("a text of \xc3\xa4 kind"), "a text of \xc3\xa4 kind");
  });
  check(prefix + "payloads", [&] {
    const auto client = wire.dial();
    for (const std::size_t size : {0u, 1u, 100u, 127u, 128u, 4000u, 65536u, 1u << 20}) {
      EchoArgs args{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(), {}};
      for (std::size_t i = 0; i < size; ++i) args.s.push_back(static_cast<std::byte>(i * 7));
      const auto back = good(client->call<EchoArgs>("Arith.Echo", args));
      expect(back.a == args.a && back.b == args.b && back.s == args.s,
             std::to_string(size) + " bytes came back changed");
    }
  });
  check(prefix + "pipelined", [&] {
    const auto client = wire.dial();
    std::vector<polyrpc::Pending<std::int64_t>> pending;
    for (std::int64_t i = 0; i < 1000; ++i) pending.push_back(client->go<std::int64_t>("Arith.Multiply", Args{i, i}));
    for (std::int64_t i = 999; i >= 0; --i)
      expect(good(pending[static_cast<std::size_t>(i)].wait()) == i * i, "reply " + std::to_string(i));
  });
  if (wire.name != "json+http") {  // one POST is answered after the other
    check(prefix + "slow_then_fast", [&] {
      const auto client = wire.dial();
      auto slow = client->go<std::int64_t>("Arith.Sleep", std::int64_t{300});
      expect(good(client->call<std::int64_t>("Arith.Multiply", Args{2, 3})) == 6, "the fast one");
      expect(!slow.done(), "the slow call ended before the fast one");
      expect(good(slow.wait()) == 300, "the slow one");
    });
  }
  check(prefix + "many_threads", [&] {
    const auto client = wire.dial();
    std::vector<std::thread> threads;
    std::vector<std::string> wrong(8);
    for (std::size_t t = 0; t < wrong.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::int64_t i = 0; i < 200; ++i) {
          const auto result = client->call<std::int64_t>("Arith.Multiply", Args{i, static_cast<std::int64_t>(t)});
          if (!result.ok())
            wrong[t] = result.status().to_string();
          else if (*result != i * static_cast<std::int64_t>(t))
            wrong[t] = "somebody else's reply";
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& text : wrong) expect(text.empty(), text);
  });
  check(prefix + "deadline", [&] {
    const auto client = wire.dial();
    polyrpc::CallOptions options;
    options.timeout = std::chrono::milliseconds(100);
    const auto begun = std::chrono::steady_clock::now();
    const auto result = client->call<std::int64_t>("Arith.Sleep", std::int64_t{3000}, options);
    expect(result.status().code() == StatusCode::deadline_exceeded, result.status().to_string());
    expect(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(2500), "the deadline came late");
    expect(good(client->call<std::int64_t>("Arith.Multiply", Args{2, 3})) == 6, "the call after it");
  });
}

void type_checks(const Wire& wire) {
  const std::string prefix = wire.name + "/types/";
  check(prefix + "scalars", [&] {
    const auto client = wire.dial();
    const auto same = [&]<class T>(const std::string& method, T value) {
      echo<T>(*client, method, value, [&](const T& back) { return back == value; });
    };
    for (const bool value : {true, false}) same("Bool", value);
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max()})
      same("Int64", value);
    for (const std::uint64_t value : {std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()})
      same("Uint64", value);
    same("Int8", std::int8_t{-128});
    same("Uint8", std::uint8_t{255});
    same("Int16", std::int16_t{-32768});
    same("Uint16", std::uint16_t{65535});
    same("Int32", std::numeric_limits<std::int32_t>::min());
    same("Uint32", std::numeric_limits<std::uint32_t>::max());
    for (const double value : {0.0, 0.1, -17.25, 1e300, 5e-324}) same("Float64", value);
    same("Float32", 1.5F);
    for (const char* text : {"", "a", "\xe4\xb8\x96\xe7\x95\x8c \"quoted\" \\ \n <&>"})
      same("String", std::string(text));
    same("Bytes", std::vector<std::uint8_t>{0, 1, 254, 255});
    same("Strings", std::vector<std::string>{"", "a", "ccc"});
    same("Doubles", std::vector<double>{0, -0.5, 1e21, 1e-7});
    same("Array", std::array<std::int64_t, 3>{1, 0, -3});
    same("Map", std::map<std::string, std::int64_t>{{"", 0}, {"x", -1}});
  });
  check(prefix + "containers", [&] {
    const auto client = wire.dial();
    Containers value;
    value.text = "t";
    value.bytes = {1, 2, 3};
    value.strings = {"a", ""};
    value.bools = {true, false, true};
    value.matrix = {{1, 2}, {}, {3}};
    value.chunks = {{1}, {}, {2, 3}};
    value.four = {9, 0, 200, 255};
    value.points = {{1, 2}, {0, 0}};
    value.corners = {Point{0, 1}, Point{-1, 0}};
    value.by_name["p"] = {5, 6};
    value.by_id[-7] = "seven";
    value.lists["l"] = {1, 2};
    value.maps["m"]["k"] = 3;
    echo<Containers>(*client, "Containers", value, [&](const Containers& back) {
      return back.text == value.text && back.bytes == value.bytes && back.strings == value.strings &&
             back.bools == value.bools && back.matrix == value.matrix && back.chunks == value.chunks &&
             back.four == value.four && back.points.size() == 2 && back.points[0].y == 2 && back.corners[1].x == -1 &&
             back.by_name.at("p").x == 5 && back.by_id == value.by_id && back.lists == value.lists &&
             back.maps == value.maps;
    });
  });
  check(prefix + "pointers", [&] {
    const auto client = wire.dial();
    Pointers value;
    value.i = 5;
    value.s = std::make_shared<std::string>("text");
    value.point = std::make_unique<Point>(Point{1, 2});
    echo<Pointers>(*client, "Pointers", value, [](const Pointers& back) {
      return !back.boolean && back.i == 5 && !back.f && back.s && *back.s == "text" && back.point && back.point->y == 2;
    });
  });
  check(prefix + "recursive", [&] {
    const auto client = wire.dial();
    List list;
    List* last = &list;
    for (std::int64_t i = 1; i < 100; ++i) {
      last->next = std::make_unique<List>();
      last = last->next.get();
      last->value = i;
    }
    echo<List>(*client, "List", list, [](const List& back) {
      std::int64_t length = 0;
      for (const List* node = &back; node != nullptr; node = node->next.get())
        if (node->value != length++) return false;
      return length == 100;
    });
    Tree tree;
    tree.name = "root";
    tree.children.resize(2);
    tree.children[1].name = "leaf";
    tree.by_name["x"] = std::make_shared<Tree>();
    tree.by_name["x"]->name = "below";
    echo<Tree>(*client, "Tree", tree, [](const Tree& back) {
      return back.name == "root" && back.children.size() == 2 && back.children[1].name == "leaf" &&
             back.by_name.at("x")->name == "below";
    });
  });
  check(prefix + "times", [&] {
    const auto client = wire.dial();
    Times value;
    value.at.unix_seconds = 1'700'000'000;
    value.at.nanoseconds = 123'456'789;
    value.maybe.emplace();
    value.maybe->unix_seconds = -1;
    value.maybe->offset_seconds = 7200;
    value.list.push_back(value.at);
    value.took = std::chrono::nanoseconds(-5);
    value.timings = {std::chrono::seconds(1)};
    echo<Times>(*client, "Times", value, [&](const Times& back) {
      return back.at == value.at && back.maybe == value.maybe && back.list == value.list && back.took == value.took &&
             back.timings == value.timings;
    });
  });
  check(prefix + "text_encoding", [&] {
    const auto client = wire.dial();
    Release value;
    value.name = "r";
    value.version.major = 1;
    value.version.minor = 2;
    value.previous.resize(1);
    value.previous[0].minor = 9;
    echo<Release>(*client, "Release", value, [](const Release& back) {
      return back.version.major == 1 && back.version.minor == 2 && back.previous.size() == 1 &&
             back.previous[0].minor == 9;
    });
  });
  if (wire.json) return;
  check(prefix + "own_encodings", [&] {
    const auto client = wire.dial();
    Own value;
    value.now.value = 21'500;
    value.earlier.resize(2);
    value.earlier[1].value = -3;
    value.limit.emplace();
    value.paint.g = 7;
    value.palette.resize(1);
    value.by_room["k"].value = 4;
    echo<Own>(*client, "Own", value, [](const Own& back) {
      return back.now.value == 21'500 && back.earlier.size() == 2 && back.earlier[1].value == -3 && back.limit &&
             back.limit->value == 0 && back.paint.g == 7 && back.palette.size() == 1 &&
             back.by_room.at("k").value == 4 && !back.fallback;
    });
  });
  check(prefix + "interfaces", [&] {
    const auto client = wire.dial();
    Drawing value;
    value.title = "t";
    value.main = Circle{2.5};
    value.shapes = {Square{1}, Circle{0}, std::monostate{}};
    value.extra = std::int64_t{5};
    value.by_name["s"] = std::string("text");
    echo<Drawing>(*client, "Drawing", value, [](const Drawing& back) {
      return std::get<Circle>(back.main).radius == 2.5 && back.shapes.size() == 3 &&
             std::get<Square>(back.shapes[0]).side == 1 && back.shapes[2].index() == 0 &&
             back.extra.get<std::int64_t>() && *back.extra.get<std::int64_t>() == 5 &&
             *back.by_name.at("s").get<std::string>() == "text";
    });
  });
  check(prefix + "complex", [&] {
    const auto client = wire.dial();
    Complexes value{{1, -2}, {0, 3.5}};
    echo<Complexes>(*client, "Complexes", value,
                    [&](const Complexes& back) { return back.c64 == value.c64 && back.c128 == value.c128; });
  });
}

void cancel_checks(const Wire& wire) {
  check(wire.name + "/cancel", [&] {
    const auto client = wire.dial();
    const auto counts = [&] { return good(client->call<CancelCounts>("Cancellable.Counts", Empty{})); };
    const auto until = [&](const std::string& what, const std::function<bool(const CancelCounts&)>& done) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      while (!done(counts())) expect(std::chrono::steady_clock::now() < end, what);
    };
    const CancelCounts before = counts();
    auto pending = client->go<std::string>("Cancellable.Wait", std::int64_t{600'000});
    until("the call starts", [&](const CancelCounts& now) { return now.started == before.started + 1; });
    pending.cancel();
    expect(pending.wait().status().code() == StatusCode::cancelled, "the outcome of a cancelled call");
    until("the handler is cancelled", [&](const CancelCounts& now) {
      return now.cancelled == before.cancelled + 1 && now.running == before.running;
    });
  });
}

}  // namespace

int main(int argc, char** argv) {
  bool cancel = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--cancel") {
      cancel = true;
      continue;
    }
    const Wire wire = wire_of(word);
    // keegancsmith/rpc's peer has nothing but the service Cancellable.
    if (!cancel || argc > 3) {
      basic_checks(wire);
      type_checks(wire);
    }
    if (std::exchange(cancel, false)) cancel_checks(wire);
  }
  return failures == 0 ? 0 : 1;
}
