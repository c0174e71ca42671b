// The fastest C++ libraries for JSON that Debian has: rapidjson writes and reads, simdjson reads. From and to the
// structs of codecs/values.hpp. Prints as codecs/polyrpc.cpp does; simdjson's lines have rapidjson's encoding, as it
// has none.

#if defined(__SSE2__)
#define RAPIDJSON_SSE2  // it looks through texts 16 bytes at a time, which it leaves to be asked for
#endif

#include "codecs/measure.hpp"
#include "codecs/peers/base64.hpp"
#include "codecs/values.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <simdjson.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using bench::Settings;
namespace rj = rapidjson;
using Writer = rj::Writer<rj::StringBuffer>;

// rapidjson, writing

void write(Writer& out, std::string_view text) { out.String(text.data(), static_cast<rj::SizeType>(text.size())); }
void write(Writer& out, std::int64_t number) { out.Int64(number); }
void write(Writer& out, double number) { out.Double(number); }

void key(Writer& out, std::string_view name) { out.Key(name.data(), static_cast<rj::SizeType>(name.size())); }

template <class T>
void member(Writer& out, std::string_view name, const T& value) {
  key(out, name);
  write(out, value);
}

void write(Writer& out, const values::Ints& value) {
  out.StartObject();
  member(out, "A", value.a);
  member(out, "B", value.b);
  member(out, "C", value.c);
  member(out, "D", value.d);
  out.EndObject();
}

std::vector<char> base64_room;  // kept, so that it costs nothing

void write(Writer& out, const values::Echo& value) {
  bench::to_base64(value.s, base64_room);
  out.StartObject();
  member(out, "A", value.a);
  member(out, "B", value.b);
  member(out, "S", std::string_view(base64_room.data(), base64_room.size()));
  out.EndObject();
}

void write(Writer& out, const values::Texts& value) {
  out.StartObject();
  member(out, "Name", std::string_view(value.name));
  member(out, "Street", std::string_view(value.street));
  member(out, "City", std::string_view(value.city));
  member(out, "Note", std::string_view(value.note));
  out.EndObject();
}

void write(Writer& out, const values::Doubles& value) {
  out.StartArray();
  for (const double number : value) out.Double(number);
  out.EndArray();
}

void write(Writer& out, const values::Ages& value) {
  out.StartObject();
  for (const auto& [name, years] : value) member(out, name, years);
  out.EndObject();
}

void write(Writer& out, const values::Order& value) {
  out.StartObject();
  member(out, "ID", value.id);
  member(out, "Buyer", std::string_view(value.buyer));
  key(out, "Lines");
  out.StartArray();
  for (const values::Line& line : value.lines) {
    out.StartObject();
    member(out, "Sku", std::string_view(line.sku));
    member(out, "Count", line.count);
    member(out, "Price", line.price);
    key(out, "Tags");
    out.StartArray();
    for (const std::string& tag : line.tags) write(out, std::string_view(tag));
    out.EndArray();
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
}

// rapidjson, reading

std::string_view text_of(const rj::Value& from) { return {from.GetString(), from.GetStringLength()}; }

void read(const rj::Value& from, values::Ints& into) {
  into = {from["A"].GetInt64(), from["B"].GetInt64(), from["C"].GetInt64(), from["D"].GetInt64()};
}

void read(const rj::Value& from, values::Echo& into) {
  into = {from["A"].GetInt64(), from["B"].GetInt64(), bench::from_base64(text_of(from["S"]))};
}

void read(const rj::Value& from, values::Texts& into) {
  into.name = text_of(from["Name"]);
  into.street = text_of(from["Street"]);
  into.city = text_of(from["City"]);
  into.note = text_of(from["Note"]);
}

void read(const rj::Value& from, values::Doubles& into) {
  into.reserve(from.Size());
  for (const rj::Value& number : from.GetArray()) into.push_back(number.GetDouble());
}

void read(const rj::Value& from, values::Ages& into) {
  for (const auto& age : from.GetObject()) into.emplace_hint(into.end(), text_of(age.name), age.value.GetInt64());
}

void read(const rj::Value& from, values::Order& into) {
  into.id = from["ID"].GetInt64();
  into.buyer = text_of(from["Buyer"]);
  into.lines.reserve(from["Lines"].Size());
  for (const rj::Value& line : from["Lines"].GetArray()) {
    values::Line& last = into.lines.emplace_back();
    last.sku = text_of(line["Sku"]);
    last.count = line["Count"].GetInt64();
    last.price = line["Price"].GetDouble();
    last.tags.reserve(line["Tags"].Size());
    for (const rj::Value& tag : line["Tags"].GetArray()) last.tags.emplace_back(text_of(tag));
  }
}

// simdjson, reading on demand; what is wrong throws

using simdjson::ondemand::document;
using simdjson::ondemand::object;

std::string_view text_at(object& from, std::string_view name) { return from.find_field(name).get_string(); }
std::int64_t number_at(object& from, std::string_view name) { return from.find_field(name).get_int64(); }

void read(document& from, values::Ints& into) {
  object members = from.get_object();
  into.a = number_at(members, "A");
  into.b = number_at(members, "B");
  into.c = number_at(members, "C");
  into.d = number_at(members, "D");
}

void read(document& from, values::Echo& into) {
  object members = from.get_object();
  into.a = number_at(members, "A");
  into.b = number_at(members, "B");
  into.s = bench::from_base64(text_at(members, "S"));
}

void read(document& from, values::Texts& into) {
  object members = from.get_object();
  into.name = text_at(members, "Name");
  into.street = text_at(members, "Street");
  into.city = text_at(members, "City");
  into.note = text_at(members, "Note");
}

void read(document& from, values::Doubles& into) {
  for (auto number : from.get_array()) into.push_back(number.get_double());
}

void read(document& from, values::Ages& into) {
  for (auto age : from.get_object()) {
    const std::string_view name = age.unescaped_key();
    into.emplace_hint(into.end(), name, age.value().get_int64());
  }
}

void read(document& from, values::Order& into) {
  object members = from.get_object();
  into.id = number_at(members, "ID");
  into.buyer = text_at(members, "Buyer");
  for (auto element : members.find_field("Lines").get_array()) {
    object line = element.get_object();
    values::Line& last = into.lines.emplace_back();
    last.sku = text_at(line, "Sku");
    last.count = number_at(line, "Count");
    last.price = line.find_field("Price").get_double();
    for (auto tag : line.find_field("Tags").get_array()) last.tags.emplace_back(std::string_view(tag.get_string()));
  }
}

template <class T>
void measure(const Settings& settings, const char* name, const T& value) {
  rj::StringBuffer output;
  Writer writer(output);
  const auto encode = [&] {
    output.Clear();
    writer.Reset(output);
    write(writer, value);
  };
  encode();
  const std::string text(output.GetString(), output.GetSize());

  // A pool that is kept, and numbers as exact as everyone else has them.
  std::vector<char> pool(std::size_t{1} << 20);
  const auto decode_with_rapidjson = [&] {
    rj::MemoryPoolAllocator<> allocator(pool.data(), pool.size());
    rj::Document document(&allocator);
    document.Parse<rj::kParseFullPrecisionFlag>(text.data(), text.size());
    if (document.HasParseError()) throw std::runtime_error("not read");
    T into{};
    read(document, into);
    return into;
  };
  bench::require_same(decode_with_rapidjson() == value, "rapidjson", name);
  bench::measure_and_print(settings, "rapidjson", name, text.size(), encode,
                           [&] { bench::keep(decode_with_rapidjson()); });

  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(text);
  const auto decode_with_simdjson = [&] {
    document from = parser.iterate(padded);
    T into{};
    read(from, into);
    return into;
  };
  bench::require_same(decode_with_simdjson() == value, "simdjson", name);
  bench::measure_and_print(settings, "simdjson", name, text.size(), encode,
                           [&] { bench::keep(decode_with_simdjson()); });
}

}  // namespace

int main(int argc, char** argv) {
  return bench::codec_main(argc, argv, [](const Settings& settings) {
    values::for_each([&settings](const char* name, const auto& value) { measure(settings, name, value); });
  });
}
