// nlohmann/json: its DOM alone, and with structs made into it and of it. Prints as codecs/polyrpc.cpp does.

#include "codecs/measure.hpp"
#include "codecs/peers/base64.hpp"
#include "codecs/values.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace values {

using nlohmann::json;

void to_json(json& into, const Ints& value) { into = {{"A", value.a}, {"B", value.b}, {"C", value.c}, {"D", value.d}}; }
void from_json(const json& from, Ints& into) {
  from.at("A").get_to(into.a);
  from.at("B").get_to(into.b);
  from.at("C").get_to(into.c);
  from.at("D").get_to(into.d);
}

void to_json(json& into, const Echo& value) {
  std::vector<char> text;
  bench::to_base64(value.s, text);
  into = {{"A", value.a}, {"B", value.b}, {"S", std::string(text.begin(), text.end())}};
}
void from_json(const json& from, Echo& into) {
  from.at("A").get_to(into.a);
  from.at("B").get_to(into.b);
  into.s = bench::from_base64(from.at("S").get_ref<const std::string&>());
}

void to_json(json& into, const Texts& value) {
  into = {{"Name", value.name}, {"Street", value.street}, {"City", value.city}, {"Note", value.note}};
}
void from_json(const json& from, Texts& into) {
  from.at("Name").get_to(into.name);
  from.at("Street").get_to(into.street);
  from.at("City").get_to(into.city);
  from.at("Note").get_to(into.note);
}

void to_json(json& into, const Line& value) {
  into = {{"Sku", value.sku}, {"Count", value.count}, {"Price", value.price}, {"Tags", value.tags}};
}
void from_json(const json& from, Line& into) {
  from.at("Sku").get_to(into.sku);
  from.at("Count").get_to(into.count);
  from.at("Price").get_to(into.price);
  from.at("Tags").get_to(into.tags);
}

void to_json(json& into, const Order& value) {
  into = {{"ID", value.id}, {"Buyer", value.buyer}, {"Lines", value.lines}};
}
void from_json(const json& from, Order& into) {
  from.at("ID").get_to(into.id);
  from.at("Buyer").get_to(into.buyer);
  from.at("Lines").get_to(into.lines);
}

}  // namespace values

namespace {

using bench::Settings;
using nlohmann::json;

template <class T>
void measure(const Settings& settings, const char* name, const T& value) {
  const json document = value;
  const std::string text = document.dump();
  bench::require_same(json::parse(text).get<T>() == value, "nlohmann/json", name);
  bench::measure_and_print(
      settings, "nlohmann/json, DOM", name, text.size(), [&] { bench::keep(document.dump()); },
      [&] { bench::keep(json::parse(text)); });
  bench::measure_and_print(
      settings, "nlohmann/json, typed", name, text.size(), [&] { bench::keep(json(value).dump()); },
      [&] { bench::keep(json::parse(text).get<T>()); });
}

}  // namespace

int main(int argc, char** argv) {
  return bench::codec_main(argc, argv, [](const Settings& settings) {
    values::for_each([&settings](const char* name, const auto& value) { measure(settings, name, value); });
  });
}
