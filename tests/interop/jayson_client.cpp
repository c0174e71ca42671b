// Calls a jayson server (node/server.js) with our JSON-RPC client and prints a line per check.
// Usage: jayson_client [--v1|--v2] ADDRESS...; an address is tcp:// or http://, and of the version named before it.

#include "polyrpc/codecs/json_dynamic.hpp"
#include "polyrpc/polyrpc.hpp"

#include "checks.hpp"

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace jayson {

struct Factors {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Factors, (a, "A"), (b, "B"));

struct Quotient {
  std::int64_t quo = 0, rem = 0;
};
POLYRPC_DESCRIBE(Quotient, (quo, "Quo"), (rem, "Rem"));

struct Difference {
  std::int64_t subtrahend = 0, minuend = 0;
};
POLYRPC_DESCRIBE(Difference, (subtrahend, "subtrahend"), (minuend, "minuend"));

/// All that JSON and JavaScript's numbers can carry.
struct Everything {
  bool yes = false;
  std::int64_t whole = 0;
  double real = 0;
  std::string text;
  std::vector<std::byte> bytes;
  std::vector<std::string> list;
  std::map<std::string, std::optional<std::int64_t>> table;
  std::optional<Factors> some, none;
};
POLYRPC_DESCRIBE(Everything, (yes), (whole), (real), (text), (bytes), (list), (table), (some), (none));

}  // namespace jayson

namespace {

using namespace interop;
using namespace jayson;
using polyrpc::Origin;
using polyrpc::Result;
using polyrpc::Status;
using polyrpc::StatusCode;
using Json = nlohmann::json;
using Numbers = std::vector<std::int64_t>;

const std::string strange_text =
    "quote \" backslash \\ slash / \xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80 \xe2\x80\xa8 \x01\n\r\t </script>";

std::unique_ptr<polyrpc::Client> dial(const std::string& address, polyrpc::json::Version version,
                                      bool extensions = true) {
  polyrpc::json::Options options;
  options.version = version;
  options.extensions = extensions;
  return polyrpc::dial(address, polyrpc::json::rpc(options));
}

Everything everything() {
  Everything value;
  value.yes = true;
  value.whole = -(std::int64_t{1} << 53);
  value.real = 0.1;
  value.text = strange_text;
  value.bytes = {std::byte{0}, std::byte{0xff}, std::byte{'a'}};
  value.list = {"", strange_text};
  value.table = {{"", 1}, {"nothing", std::nullopt}};
  value.some = Factors{1, 2};
  return value;
}

void expect_everything(const Everything& back) {
  const Everything sent = everything();
  expect(back.yes == sent.yes && back.whole == sent.whole && back.real == sent.real, "the scalars came back changed");
  expect_text(back.text, sent.text);
  expect(back.bytes == sent.bytes && back.list == sent.list && back.table == sent.table, "the lists came back changed");
  expect(back.some && back.some->a == 1 && back.some->b == 2 && !back.none, "the pointers came back changed");
}

void expect_status(const Status& status, StatusCode code, const std::string& message) {
  expect(status.code() == code, "the status is " + status.to_string());
  expect_text(status.message(), message);
  expect(status.origin() == Origin::remote, "the error does not say that it is the server's");
}

/// What a client of either version does on either wire.
void common_checks(const std::string& prefix, const std::string& address, polyrpc::json::Version version) {
  check(prefix + "calls", [&] {
    const auto client = dial(address, version);
    expect(good(client->call<std::int64_t>("Arith.Multiply", Factors{6, 7})) == 42, "6*7");
    const auto quotient = good(client->call<Quotient>("Arith.Divide", Factors{17, 5}));
    expect(quotient.quo == 3 && quotient.rem == 2, "17/5");
    expect_text(good(client->call<std::string>("HelloService.SayHello", strange_text)), "Hello World:" + strange_text);
  });
  check(prefix + "without_extensions", [&] {
    const auto client = dial(address, version, false);
    expect(good(client->call<std::int64_t>("Arith.Multiply", Factors{6, 7})) == 42, "6*7");
  });
  check(prefix + "deadline_and_metadata_do_no_harm", [&] {
    const auto client = dial(address, version);
    polyrpc::CallOptions options;
    options.timeout = std::chrono::seconds(20);
    options.metadata.set("authorization", "Bearer x");
    options.metadata.set("blob-bin", std::string("\0\xff", 2));
    expect(good(client->call<std::int64_t>("Arith.Multiply", Factors{6, 7}, options)) == 42, "6*7");
  });
  check(prefix + "mebibyte", [&] {
    const auto client = dial(address, version);
    const std::string text(1 << 20, 'x');
    expect(good(client->call<std::string>("HelloService.SayHello", text)) == "Hello World:" + text,
           "it came back changed");
  });
  check(prefix + "many_at_once", [&] {
    const auto client = dial(address, version);
    std::vector<polyrpc::Pending<std::int64_t>> pending;
    for (std::int64_t i = 0; i < 500; ++i) pending.push_back(client->go<std::int64_t>("Arith.Multiply", Factors{i, i}));
    for (std::int64_t i = 499; i >= 0; --i)
      expect(good(pending[static_cast<std::size_t>(i)].wait()) == i * i, "reply " + std::to_string(i));
  });
  check(prefix + "many_threads", [&] {
    const auto client = dial(address, version);
    std::vector<std::thread> threads;
    std::vector<std::string> wrong(4);
    for (std::size_t t = 0; t < wrong.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::int64_t i = 0; i < 100; ++i) {
          const auto result = client->call<std::int64_t>("Arith.Multiply", Factors{i, static_cast<std::int64_t>(t)});
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
  check(prefix + "reply_of_another_type", [&] {
    const auto client = dial(address, version);
    const Result<std::string> wrong = client->call<std::string>("Arith.Multiply", Factors{6, 7});
    expect(!wrong.ok(), "a number was taken for a text");
    expect(good(client->call<std::int64_t>("Arith.Multiply", Factors{6, 7})) == 42, "the call after it");
  });
}

void v2_checks(const std::string& wire, const std::string& address) {
  const std::string prefix = "v2/" + wire + "/";
  const auto version = polyrpc::json::Version::v2;
  common_checks(prefix, address, version);
  check(prefix + "positional", [&] {
    const auto client = dial(address, version);
    expect(good(client->call<std::int64_t>("subtract", Numbers{42, 23})) == 19, "a vector");
    expect(good(client->call<std::int64_t>("subtract", std::array<std::int64_t, 2>{23, 42})) == -19, "an array");
    expect(good(client->call<double>("subtract", std::tuple<std::int64_t, double>(42, 0.5))) == 41.5, "a tuple");
    expect(good(client->call<std::int64_t>("sum", Numbers{})) == 0, "none");
  });
  check(prefix + "named", [&] {
    const auto client = dial(address, version);
    expect(good(client->call<std::int64_t>("subtract", Difference{23, 42})) == 19, "a struct");
    const std::map<std::string, std::int64_t> names = {{"minuend", 42}, {"subtrahend", 23}};
    expect(good(client->call<std::int64_t>("subtract", names)) == 19, "a map");
  });
  check(prefix + "what_arrives_as_params", [&] {
    const auto client = dial(address, version);
    const auto params = [&](const auto& args) { return good(client->call<Json>("echo", args)); };
    expect(params(Factors{1, 2}) == Json({{"A", 1}, {"B", 2}}), "a struct");
    expect(params(Numbers{1, 2}) == Json::array({1, 2}), "a list");
    expect(params(std::string("one")) == Json::array({"one"}), "a text");
    expect(params(std::int64_t{5}) == Json::array({5}), "a number");
    const Json anything = {{"a", {1, nullptr, {{"b", 0.5}}}}, {"c", strange_text}};
    expect(params(anything) == anything, "any JSON");
    expect_everything(good(client->call<Everything>("echo", everything())));
  });
  check(prefix + "several_types_in_one_reply", [&] {
    const auto client = dial(address, version);
    const auto data = good(client->call<std::tuple<std::string, std::int64_t>>("get_data", Json(nullptr)));
    expect(std::get<0>(data) == "hello" && std::get<1>(data) == 5, "get_data");
  });
  check(prefix + "errors", [&] {
    const auto client = dial(address, version);
    const auto divided = client->call<Quotient>("Arith.Divide", Factors{1, 0});
    expect_status(divided.status(), StatusCode::unknown, "divide by zero");
    const auto failed = client->call<Json>("fail", Numbers{1, 2});
    expect_status(failed.status(), StatusCode::unknown, "as you wish");
    const auto wished = polyrpc::json::error_object(failed.status());
    expect(wished && wished->code == -32000 && wished->data == "[1,2]", "the error object of fail");

    const auto nobody = client->call<Json>("nobody", Numbers{});
    expect_status(nobody.status(), StatusCode::unimplemented, "Method not found");
    expect(good(client->call<std::int64_t>("sum", Numbers{2, 3})) == 5, "the call after them");
  });
  check(prefix + "notifications", [&] {
    const auto client = dial(address, version);
    good(client->call<Json>("notified", Numbers{}));  // what came before
    expect(client->notify("update", Numbers{1, 2, 3}).ok(), "a list");
    expect(client->notify("notify_hello", std::string("hello")).ok(), "a text");
    expect(client->notify("notify_sum", Factors{1, 2}).ok(), "a struct");
    expect(client->notify("nobody", Numbers{}).ok(), "one that nobody takes");
    const Json wanted = {{{"method", "update"}, {"params", {1, 2, 3}}},
                         {{"method", "notify_hello"}, {"params", {"hello"}}},
                         {{"method", "notify_sum"}, {"params", {{"A", 1}, {"B", 2}}}}};
    const Json arrived = good(client->call<Json>("notified", Numbers{}));
    expect(arrived == wanted, arrived.dump());
  });
  check(prefix + "deadline", [&] {
    const auto client = dial(address, version);
    polyrpc::CallOptions options;
    options.timeout = std::chrono::milliseconds(50);
    const auto late = client->call<Json>("slow", Numbers{1}, options);
    expect(late.status().code() == StatusCode::deadline_exceeded, late.status().to_string());
    expect(good(client->call<std::int64_t>("sum", Numbers{2, 3})) == 5, "the call after it");
    expect(good(client->call<Json>("slow", Numbers{1})) == Json::array({1}), "the same with time enough");
  });
  if (wire == "http") return;  // there one call is answered after the other
  check(prefix + "out_of_order", [&] {
    const auto client = dial(address, version);
    auto slow = client->go<Json>("slow", Numbers{7});
    expect(good(client->call<std::int64_t>("sum", Numbers{2, 3})) == 5, "the fast one");
    expect(!slow.done(), "the slow call ended before the fast one");
    expect(good(slow.wait()) == Json::array({7}), "the slow one");
  });
  check(prefix + "cancellation", [&] {
    const auto client = dial(address, version);
    auto slow = client->go<Json>("slow", Numbers{7});
    slow.cancel();  // jayson does not know the wish
    expect(slow.wait().status().code() == StatusCode::cancelled, "the outcome of a cancelled call");
    expect(good(client->call<Json>("slow", Numbers{8})) == Json::array({8}), "the call after it");
  });
}

void v1_checks(const std::string& wire, const std::string& address) {
  const std::string prefix = "v1/" + wire + "/";
  const auto version = polyrpc::json::Version::v1;
  common_checks(prefix, address, version);
  check(prefix + "one_argument", [&] {
    const auto client = dial(address, version);
    const auto argument = [&](const auto& args) { return good(client->call<Json>("echo", args)); };
    expect(argument(Factors{1, 2}) == Json({{"A", 1}, {"B", 2}}), "a struct");
    expect(argument(Numbers{1, 2}) == Json::array({1, 2}), "a list");
    expect(argument(std::string("one")) == "one", "a text");
    expect_everything(good(client->call<Everything>("echo", everything())));
  });
  check(prefix + "errors", [&] {
    const auto client = dial(address, version);
    expect_status(client->call<Quotient>("Arith.Divide", Factors{1, 0}).status(), StatusCode::unknown,
                  "divide by zero");
    // Go's client and so ours know texts only.
    const auto object = client->call<Json>("fail", Factors{1, 2});
    expect(!object.ok() && object.status().message().starts_with("invalid error "), object.status().to_string());
    const auto nothing = client->call<Json>("nothing", Factors{1, 2});
    expect(!nothing.ok() && nothing.status().message() == "invalid error <nil>", nothing.status().to_string());
    const auto nobody = client->call<Json>("nobody", Factors{});
    expect(!nobody.ok() && nobody.status().message().find("Method not found") != std::string::npos,
           nobody.status().to_string());
    expect(good(client->call<std::int64_t>("Arith.Multiply", Factors{2, 3})) == 6, "the call after them");
  });
  check(prefix + "no_notifications", [&] {
    const auto client = dial(address, version);
    expect(client->notify("echo", Numbers{1}).code() == StatusCode::unimplemented, "it was sent");
  });
}

}  // namespace

int main(int argc, char** argv) {
  bool old = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--v1" || word == "--v2") {
      old = word == "--v1";
      continue;
    }
    const std::string wire = word.substr(0, word.find("://"));
    if (old)
      v1_checks(wire, word);
    else
      v2_checks(wire, word);
  }
  return failures == 0 ? 0 : 1;
}
