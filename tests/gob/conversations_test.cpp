#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "gob/arith.hpp"
#include "gob/dynamic.hpp"
#include "gob/golden.hpp"
#include "support/catch.hpp"

using namespace polyrpc;
using namespace polyrpc::gob::test;

namespace {

std::string bytes_of(const Json& conversation, const std::string& from) {
  std::string bytes;
  for (const Json& step : conversation["steps"])
    if (step["from"] == from && step.contains("hex") && step.contains("values"))
      bytes += from_hex(step["hex"].get<std::string>());
  return bytes;
}

/// All values of a stream, as trees.
Json trees_of(std::string_view bytes) {
  Json trees = Json::array();
  gob::Decoder decoder;
  ByteQueue queue = queue_of(bytes);
  for (;;) {
    gob::Value value;
    const Result<bool> got = decoder.decode(queue, value);
    INFO(got.status().to_string());
    REQUIRE(got.ok());
    if (!*got) return trees;
    trees.push_back(wire_tree(value));
  }
}

/// Go's texts for arguments that do not fit name Go's types, and are compared up to there.
Json without_gob_texts(const Json& trees) {
  Json result = trees;
  for (Json& tree : result) {
    if (!tree.contains("struct")) continue;
    for (Json& field : tree["struct"]) {
      if (field[0] != "Error") continue;
      const std::string text = field[1]["string"];
      if (text.starts_with("gob: ")) field[1]["string"] = text.substr(0, text.find(' ', 10));
    }
  }
  return result;
}

std::string served(const std::string& bytes, bool by_byte, bool* trusted = nullptr) {
  const auto codec = gob::net_rpc(fresh_options())->server({});
  ByteQueue input;
  ByteQueue output;
  bool good = true;
  if (by_byte) {
    for (const char byte : bytes) {
      input.push_back(byte);
      good = good && serve_all(*codec, input, output);
    }
  } else {
    input.append(bytes);
    good = serve_all(*codec, input, output);
  }
  if (trusted != nullptr) *trusted = good;
  return std::string(output.text());
}

}  // namespace

TEST_CASE("Go's clients are answered with what Go's server answered", "[gob][golden]") {
  std::size_t exact = 0;
  for (const Json& conversation : vectors()["conversations"]) {
    const std::string name = conversation["name"];
    if (conversation["transport"] == "json") continue;
    INFO(name);
    const std::string theirs = bytes_of(conversation, "server");
    const std::string ours = served(bytes_of(conversation, "client"), false);
    if (name == "tcp/out_of_order") {
      CHECK(trees_of(ours).size() == trees_of(theirs).size());
    } else if (name == "tcp/wrong_argument_type") {
      CHECK(without_gob_texts(trees_of(ours)) == without_gob_texts(trees_of(theirs)));
    } else {
      CHECK(to_hex(ours) == to_hex(theirs));
      ++exact;
    }
    CHECK(served(bytes_of(conversation, "client"), true) == ours);
  }
  CHECK(exact >= 15);
}

TEST_CASE("Go's answers are understood", "[gob][golden]") {
  std::size_t replies = 0;
  for (const Json& conversation : vectors()["conversations"]) {
    if (conversation["transport"] == "json") continue;
    INFO(conversation["name"].get<std::string>());
    const std::string bytes = bytes_of(conversation, "server");
    for (const bool by_byte : {false, true}) {
      const auto codec = gob::net_rpc(fresh_options())->client({});
      const Json values = trees_of(bytes);
      ByteQueue input;
      std::size_t next = 0;
      std::size_t fed = 0;
      if (!by_byte) {
        input.append(bytes);
        fed = bytes.size();
      }
      IncomingReply reply;
      for (;;) {
        const Result<bool> got = codec->next_reply(input, reply);
        INFO(got.status().to_string());
        REQUIRE(got.ok());
        if (!*got) {
          if (fed == bytes.size()) break;
          input.push_back(bytes[fed++]);
          continue;
        }
        std::string seq = "0";
        std::string error;
        for (const Json& field : values[next]["struct"]) {
          if (field[0] == "Seq") seq = field[1]["uint"];
          if (field[0] == "Error") error = field[1]["string"];
        }
        CHECK(std::to_string(reply.call) == seq);
        CHECK(reply.status.message() == error);
        if (reply.status.ok()) {
          gob::Value body;
          REQUIRE(reply.body->decode(message_slot(body)).ok());
          CHECK(wire_tree(body) == values[next + 1]);
        }
        next += 2;
        ++replies;
      }
      CHECK(next == values.size());
    }
  }
  CHECK(replies > 60);
}

TEST_CASE("our requests have the bytes of Go's", "[gob][golden]") {
  std::size_t exact = 0;
  for (const Json& conversation : vectors()["conversations"]) {
    const std::string name = conversation["name"];
    // These send structs that are not the method's.
    if (conversation["transport"] == "json" || name == "tcp/wrong_argument_type" ||
        name == "tcp/extra_and_missing_fields")
      continue;
    INFO(name);
    const std::string theirs = bytes_of(conversation, "client");
    const auto server = gob::net_rpc(fresh_options())->server({});
    const auto client = gob::net_rpc(fresh_options())->client({});
    ByteQueue input = queue_of(theirs);
    ByteQueue ours;
    IncomingRequest request;
    for (;;) {
      const Result<bool> got = server->next_request(input, request);
      REQUIRE(got.ok());
      if (!*got) break;
      gob::Value body;
      REQUIRE(request.body->decode(message_slot(body)).ok());
      const auto send = [&](auto args) {
        REQUIRE(request.body->decode(message_slot(args)).ok());
        REQUIRE(client->write_request(request.head, message_ref(args), ours).ok());
      };
      if (const auto* structure = std::get_if<gob::Value::Struct>(&body.data); structure != nullptr)
        structure->name.empty() ? send(std::monostate()) : send(Args());
      else if (std::holds_alternative<std::int64_t>(body.data))
        send(std::int64_t());
      else if (std::holds_alternative<std::string>(body.data))
        send(std::string());
      else
        send(std::vector<std::int64_t>());
    }
    // A list of int64 carries another name in its definition only where it is a field.
    CHECK(to_hex(ours.text()) == to_hex(theirs));
    ++exact;
  }
  CHECK(exact >= 15);
}

TEST_CASE("bytes sent by hand are answered as Go's server did", "[gob][golden]") {
  for (const Json& one : vectors()["raw_gob_server"]) {
    const std::string name = one["name"];
    INFO(name);
    std::string bytes;
    for (const Json& part : one["send"]) bytes += from_hex(part.get<std::string>());
    for (const bool by_byte : {false, true}) {
      bool trusted = true;
      const std::string ours = served(bytes, by_byte, &trusted);
      if (name == "header_then_close" || name == "body_cut") {
        CHECK(ours.empty());  // what the end of the stream means is the engine's business
        CHECK(trusted);
      } else if (name == "garbage") {
        CHECK(ours.empty());  // Go waits for the rest of a message that can't be one
      } else {
        CHECK(trees_of(ours) == trees_of(from_hex(one["recv"].get<std::string>())));
        CHECK(trusted == (!one["closed_by_server"].get<bool>() || one["half_close"].get<bool>()));
      }
    }
  }
}

TEST_CASE("a server's canned answers are read as Go's client read them", "[gob][golden]") {
  for (const Json& one : vectors()["canned_gob_client"]) {
    const std::string name = one["name"];
    INFO(name);
    ByteQueue input;
    for (const Json& part : one["replies"]) input.append(from_hex(part.get<std::string>()));
    const auto codec = gob::net_rpc(fresh_options())->client({});
    IncomingReply reply;
    const auto next = [&] { return codec->next_reply(input, reply); };
    const auto product = [&] {
      std::int64_t number = 0;
      const Status status = reply.body->decode(message_slot(number));
      return status.ok() ? std::to_string(number) : status.message();
    };
    if (name == "good" || name == "other_method_name") {
      REQUIRE(*next());
      CHECK(reply.call == 0);
      CHECK(product() == "56");
    } else if (name == "unknown_seq_first") {
      REQUIRE(*next());
      CHECK(reply.call == 77);
      REQUIRE(*next());
      CHECK(reply.call == 0);
      CHECK(product() == "56");
    } else if (name == "error_with_any_body") {
      REQUIRE(*next());
      CHECK(reply.status == Status::unknown("no luck"));
    } else if (name == "body_of_wrong_type") {
      REQUIRE(*next());
      CHECK_THAT(product(), polyrpc::test::starts_with("gob: decoding into local type *int"));
    } else if (name == "header_of_wrong_type") {
      CHECK(next().status().message() ==
            "gob: type mismatch in decoder: want struct type main.Response; got non-struct");
    } else if (name == "two_waiting_bad_body") {
      REQUIRE(*next());
      CHECK(reply.call == 1);
      CHECK_THAT(product(), polyrpc::test::starts_with("gob: decoding into local type *int"));
    } else {
      CHECK(one["then_close"].get<bool>());  // what is there does not make a reply
    }
    const Result<bool> rest = next();
    CHECK((!rest.ok() || !*rest));
  }
}
