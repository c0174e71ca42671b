#include "rpc_harness.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace polyrpc::test {

namespace {

nlohmann::json golden() { return nlohmann::json::parse(read_file(source_path("tests/golden/json/vectors.json"))); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Go's error texts name Go's types.
std::string with_our_types(std::string text) {
  replace_all(text, "main.Args", "Args");
  replace_all(text, "of type int\"", "of type int64\"");
  return text;
}

}  // namespace

TEST_CASE("text sent to Go's jsonrpc server is answered as Go does", "[json][golden]") {
  const nlohmann::json vectors = golden();
  REQUIRE(vectors.at("raw_json_server").size() == 46);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
    for (const nlohmann::json& row : vectors.at("raw_json_server")) {
      const std::string name = row.at("name");
      INFO(name << ", in pieces of " << piece);
      std::string want = with_our_types(row.at("recv"));
      bool want_closed = row.at("closed_by_server").get<bool>() && !row.at("half_close").get<bool>();
      // On this server such a request is one of version 2.0, and an array is a batch.
      if (name == "version_2") want = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":56}\n";
      if (name == "batch") {
        want = R"([{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid Request",)"
               R"("data":{"message":"jsonrpc: the member \"jsonrpc\" must be \"2.0\""}}}])"
               "\n";
        want_closed = false;
      }
      RpcServerHarness server;
      std::string got;
      for (const nlohmann::json& send : row.at("send")) {
        server.feed_in_pieces(send.get<std::string>(), piece);
        got += server.take();
      }
      CHECK(got == want);
      CHECK(server.ended() == want_closed);
    }
  }
}

TEST_CASE("our server answers Go's client as Go's server did", "[json][golden]") {
  const nlohmann::json vectors = golden();
  REQUIRE(vectors.at("conversations").size() == 11);
  for (const nlohmann::json& conversation : vectors.at("conversations")) {
    INFO(conversation.at("name"));
    RpcServerHarness server;
    std::string want;
    std::string got;
    for (const nlohmann::json& step : conversation.at("steps")) {
      if (!step.contains("text")) continue;
      if (step.at("from") == "server") {
        want += with_our_types(step.at("text"));
      } else {
        REQUIRE(server.feed(step.at("text").get<std::string>()));
        got += server.take();
      }
    }
    CHECK(got == want);
  }
}

TEST_CASE("our client writes what Go's client writes", "[json][golden]") {
  const nlohmann::json vectors = golden();
  json::Options options;
  options.version = json::Version::v1;
  options.escape_html = true;
  for (const nlohmann::json& conversation : vectors.at("conversations")) {
    INFO(conversation.at("name"));
    const auto client = json::rpc(options)->client({});
    std::string want;
    ByteQueue got;
    std::uint64_t call = 0;
    for (const nlohmann::json& step : conversation.at("steps")) {
      if (!step.contains("text") || step.at("from") != "client") continue;
      const std::string text = step.at("text");
      want += text;
      // One request a line.
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        const nlohmann::json request = nlohmann::json::parse(text.substr(at, end - at));
        at = end + 1;
        const std::string method = request.at("method");
        RequestHead head;
        head.method = method;
        head.tag.number = call++;
        REQUIRE(client->write_request(head, message_ref(request.at("params").at(0)), got).ok());
      }
    }
    CHECK(got.text() == want);
  }
}

TEST_CASE("our client understands what Go's client was answered", "[json][golden]") {
  const nlohmann::json vectors = golden();
  REQUIRE(vectors.at("canned_json_client").size() == 12);
  // Go's client gives up after these; ours lives on when the reply is only not what the call wants.
  const std::set<std::string> fatal = {"id_string", "malformed"};
  const std::map<std::string, std::string> first_outcome = {
      {"error_object", "unknown: invalid error {\"code\":1}"},
      {"result_null_error_null", "internal: invalid error <nil>"},
      {"result_missing", "internal: invalid error <nil>"},
      {"result_wrong_type", "invalid_argument: json: cannot unmarshal string into Go value of type int64"},
      {"error_string", "unknown: bad luck"},
      {"error_empty_string", "unknown: unspecified error"},
      {"both", "unknown: e"},
      {"good", "56"},
      {"id_unknown", "56"},
  };
  for (const nlohmann::json& row : vectors.at("canned_json_client")) {
    const std::string name = row.at("name");
    INFO(name);
    json::Options options;
    options.version = json::Version::v1;
    const auto client = json::rpc(options)->client({});
    const std::vector<Args> calls = {{7, 8}, {1, 2}, {3, 4}};
    ByteQueue sent;
    ByteQueue input;
    std::vector<std::string> outcomes;
    bool failed = false;
    std::uint64_t call = 0;
    for (const nlohmann::json& text : row.at("replies")) {
      RequestHead head;
      head.method = "Arith.Multiply";
      head.tag.number = call;
      REQUIRE(client->write_request(head, message_ref(calls[call]), sent).ok());
      input.append(text.get<std::string>());
      IncomingReply reply;
      for (;;) {
        const Result<bool> cut = client->next_reply(input, reply);
        failed = failed || !cut.ok();
        if (!cut.ok() || !*cut) break;
        if (reply.call != call) continue;
        std::int64_t product = 0;
        Status status = reply.status;
        CHECK(status.ok() == (reply.body != nullptr));
        if (status.ok()) status = reply.body->decode(message_slot(product));
        outcomes.push_back(status.ok() ? std::to_string(product) : status.to_string());
      }
      ++call;
    }
    CHECK(row.at("client_sent").get<std::string>().starts_with(sent.text()));
    CHECK(failed == fatal.contains(name));
    if (const auto want = first_outcome.find(name); want != first_outcome.end()) {
      REQUIRE(!outcomes.empty());
      CHECK(outcomes.front() == want->second);
    } else {
      CHECK(outcomes.empty());
    }
    if (name == "good") CHECK(outcomes == std::vector<std::string>{"56", "2", "12"});
  }
}

}  // namespace polyrpc::test
