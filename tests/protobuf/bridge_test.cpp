#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/json.hpp"
#include "polyrpc/codecs/protobuf_message.hpp"

#include "json/rpc_harness.hpp"
#include "messages.pb.h"
#include "support/catch.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace std::string_literals;
using polyrpc::ByteQueue;
using polyrpc::Status;
using polyrpc::StatusCode;
using polyrpc::test::Point;
using polyrpc::test::Profile;
using polyrpc::test::Tree;

namespace {

struct Address {
  std::string street;
  friend bool operator==(const Address&, const Address&) = default;
};
POLYRPC_DESCRIBE_AS(Address, "Profile_Address", (street, "StreetName"));

// What a Go program with the struct of protoc-gen-go has, as far as gob goes.
struct GoProfile {
  std::string user_id;
  std::int64_t logins = 0;
  std::optional<std::int32_t> age;
  std::vector<std::byte> key;
  std::vector<std::string> nick_names;
  std::vector<Address> addresses;
  std::map<std::string, Address> by_city;
  std::map<std::int32_t, bool> flags;
  std::int32_t color = 0;
  std::unique_ptr<Address> home;
  std::optional<std::string> mail;
  std::vector<std::vector<std::byte>> keys;
  std::vector<double> weights;
  std::unique_ptr<GoProfile> friend_of;
};
POLYRPC_DESCRIBE_AS(GoProfile, "Profile", (user_id, "UserId"), (logins, "LoginCount"), (age, "Age"), (key, "Key_2"),
                    (nick_names, "NickNames"), (addresses, "Addresses"), (by_city, "ByCity"), (flags, "Flags"),
                    (color, "Color"), (home, "Home"), (mail, "Mail"), (keys, "Keys"), (weights, "Weights"),
                    (friend_of, "Friend"));

struct Around {
  std::string label;
  Point point;
  std::vector<Point> points;
  std::optional<Point> maybe;
};
POLYRPC_DESCRIBE(Around, (label, "Label"), (point, "Point"), (points, "Points"), (maybe, "Maybe"));

Profile full_profile() {
  Profile profile;
  profile.set_user_id("u1");
  profile.set_login_count(-7);
  profile.set_age(0);
  profile.set_key_2("\x00\xFF"s);
  profile.add_nick_names("a");
  profile.add_nick_names("");
  profile.add_addresses()->set_street_name("first");
  profile.add_addresses();
  (*profile.mutable_by_city())["Oslo"].set_street_name("Karl");
  (*profile.mutable_flags())[-3] = true;
  profile.set_color(polyrpc::test::COLOR_GREEN);
  profile.mutable_home()->set_street_name("home");
  profile.set_mail("m@example.org");
  profile.add_keys("k");
  profile.add_weights(0.5);
  profile.mutable_friend_()->set_user_id("u2");
  return profile;
}

std::string gob(polyrpc::MessageRef message) {
  ByteQueue bytes;
  polyrpc::gob::Options options;
  options.numbers = std::make_shared<polyrpc::gob::TypeNumbers>();
  const Status status = polyrpc::gob::Encoder(options).encode(message, bytes);
  return status.ok() ? std::string(bytes.text()) : "error: " + status.to_string();
}
template <class T>
std::string gob(const T& message) {
  return gob(polyrpc::message_ref(message));
}

template <class T>
Status from_gob(std::string_view text, T& into) {
  ByteQueue bytes;
  bytes.append(text);
  const auto done = polyrpc::gob::Decoder().decode(bytes, into);
  return done.status();
}

template <class T>
std::string json(const T& message) {
  ByteQueue bytes;
  const Status status = polyrpc::json::encode(message, bytes);
  return status.ok() ? std::string(bytes.text()) : "error: " + status.to_string();
}

}  // namespace

TEST_CASE("gob carries a generated message as the struct protoc-gen-go makes of it", "[protobuf]") {
  const std::string bytes = gob(full_profile());
  GoProfile go;
  REQUIRE(from_gob(bytes, go).ok());
  CHECK(go.user_id == "u1");
  CHECK(go.logins == -7);
  REQUIRE(go.key.size() == 2);
  CHECK(go.key[1] == std::byte{0xFF});
  CHECK(go.nick_names == std::vector<std::string>{"a", ""});
  CHECK(go.addresses == std::vector<Address>{{"first"}, {""}});
  CHECK(go.by_city == std::map<std::string, Address>{{"Oslo", {"Karl"}}});
  CHECK(go.flags == std::map<std::int32_t, bool>{{-3, true}});
  CHECK(go.color == 2);
  REQUIRE(go.home != nullptr);
  CHECK(go.home->street == "home");
  CHECK(go.mail == "m@example.org");
  CHECK(go.keys.size() == 1);
  CHECK(go.weights == std::vector<double>{0.5});
  REQUIRE(go.friend_of != nullptr);
  CHECK(go.friend_of->user_id == "u2");
  CHECK(go.friend_of->friend_of == nullptr);

  Profile back;
  REQUIRE(from_gob(gob(go), back).ok());
  Profile expected = full_profile();
  expected.clear_age();  // gob sends no zeros
  CHECK(back.SerializeAsString() == expected.SerializeAsString());
}

TEST_CASE("gob's bytes of a generated message are those of a described struct", "[protobuf]") {
  Point point;
  point.set_x(1);
  point.set_y(-2);
  const std::string bytes = gob(point);
  CHECK(bytes ==
        "\x1F\xFF\x81\x03\x01\x01\x05Point\x01\xFF\x82\x00\x01\x02\x01\x01X\x01\x04\x00\x01\x01Y\x01\x04\x00\x00\x00"
        "\x07\xFF\x82\x01\x02\x01\x03\x00"s);
  Point back;
  back.set_x(9);
  REQUIRE(from_gob(bytes, back).ok());
  CHECK(back.x() == 1);
  CHECK(back.y() == -2);
}

TEST_CASE("generated messages of any nesting go through gob and back", "[protobuf]") {
  Tree tree;
  tree.set_name("root");
  tree.add_children()->set_name("child");
  tree.mutable_children(0)->add_children()->set_name("grandchild");
  tree.mutable_next()->set_name("next");
  Tree back;
  REQUIRE(from_gob(gob(tree), back).ok());
  CHECK(back.SerializeAsString() == tree.SerializeAsString());
}

TEST_CASE("gob carries generated messages inside of described structs", "[protobuf]") {
  Around around;
  around.label = "l";
  around.point.set_x(1);
  around.points.resize(2);
  around.points[1].set_y(2);
  around.maybe.emplace().set_x(5);
  Around back;
  REQUIRE(from_gob(gob(around), back).ok());
  CHECK(back.label == "l");
  CHECK(back.point.x() == 1);
  REQUIRE(back.points.size() == 2);
  CHECK(back.points[1].y() == 2);
  REQUIRE(back.maybe.has_value());
  CHECK(back.maybe->x() == 5);
}

TEST_CASE("text that is not UTF-8 does not get into a generated message by way of gob", "[protobuf]") {
  GoProfile go;
  go.user_id = "\xFF";
  Profile back;
  CHECK(from_gob(gob(go), back).code() == StatusCode::invalid_argument);
}

TEST_CASE("gob of a generated message cut off or changed anywhere does no harm", "[protobuf]") {
  const std::string bytes = gob(full_profile());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Profile profile;
    (void)from_gob(bytes.substr(0, size), profile);
    for (const char change : {'\x01', '\x80', '\xFF'}) {
      std::string changed = bytes;
      changed[size] = static_cast<char>(changed[size] ^ change);
      (void)from_gob(changed, profile);
    }
  }
}

TEST_CASE("JSON has a generated message in protobuf's own mapping", "[protobuf]") {
  const std::string text = json(full_profile());
  CHECK(text ==
        R"({"userId":"u1","loginCount":"-7","age":0,"key2":"AP8=","nickNames":["a",""],)"
        R"("addresses":[{"streetName":"first"},{}],"byCity":{"Oslo":{"streetName":"Karl"}},"flags":{"-3":true},)"
        R"("color":"COLOR_GREEN","home":{"streetName":"home"},"mail":"m@example.org","keys":["aw=="],)"
        R"("weights":[0.5],"friend":{"userId":"u2"}})");
  Profile back;
  REQUIRE(polyrpc::json::decode(text, back).ok());
  CHECK(back.SerializeAsString() == full_profile().SerializeAsString());
}

TEST_CASE("JSON's generated messages take field names as they stand in the proto file, and skip unknown ones",
          "[protobuf]") {
  Around around;
  around.point.set_y(4);
  REQUIRE(polyrpc::json::decode(R"({"Label":"x","Points":[{"x":3,"other":[1]}, {}],"Point": {"x":1} ,"Maybe":null})",
                                around)
              .ok());
  CHECK(around.point.x() == 1);
  CHECK(around.point.y() == 0);
  CHECK(around.points.size() == 2);
  CHECK(json(around) == R"({"Label":"x","Point":{"x":1},"Points":[{"x":3},{}],"Maybe":null})");
  Profile profile;
  REQUIRE(polyrpc::json::decode(R"({"user_id":"u"})", profile).ok());
  CHECK(profile.user_id() == "u");
  CHECK(polyrpc::json::decode(R"({"user_id":5)", profile).code() == StatusCode::invalid_argument);
  CHECK(polyrpc::json::decode(R"({"login_count":"x"})", profile).code() == StatusCode::invalid_argument);
  CHECK(polyrpc::json::decode(R"([1])", profile).code() == StatusCode::invalid_argument);
  Point point;
  point.set_x(3);
  REQUIRE(polyrpc::json::decode("null", point).ok());
  CHECK(point.x() == 0);
}

TEST_CASE("JSON-RPC takes a generated message by name and as the one element of a list", "[protobuf]") {
  polyrpc::test::RpcServerHarness server;
  server.add<Point, Point>("swap", [](const Point& args, Point& reply) {
    reply.set_x(args.y());
    reply.set_y(args.x());
    return Status();
  });
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","id":1,"method":"swap","params":{"x":1,"y":2}})"));
  CHECK(server.take() == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":2,\"y\":1}}\n");
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","id":2,"method":"swap","params":[{"x":1,"y":2}]})"));
  CHECK(server.take() == "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"x\":2,\"y\":1}}\n");
}
