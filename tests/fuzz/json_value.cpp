// Any text read as one JSON value: whether it is JSON at all is as nlohmann::json has it, on every road that a text can
// take; and what was read as a value of some type is written and read again without a change, within the limits.

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/codecs/json_dynamic.hpp"

#include "fuzz.hpp"
#include "json_types.hpp"
#include "support/counted_new.hpp"

#include <cctype>
#include <iterator>
#include <type_traits>

namespace {

using namespace polyrpc;
using namespace polyrpc::fuzz;

CodecLimits small_limits() {
  CodecLimits limits;
  limits.message_bytes = 4096;
  limits.depth = 30;
  limits.elements = 1000;
  return limits;
}

/// Eight times the longest text, and what errors, plans and odd sizes take.
constexpr std::size_t most_memory = 8 * 4096 + (32 << 10);

/// Half a character in `\u` escapes, which Go and we take for U+FFFD.
bool may_have_lone_surrogate(std::string_view text) {
  for (std::size_t at = 0; (at = text.find("\\u", at)) != std::string_view::npos; at += 2)
    if (at + 2 < text.size() && (text[at + 2] == 'd' || text[at + 2] == 'D')) return true;
  return false;
}

bool has_number_out_of_range(std::string_view text) {
  try {
    return nlohmann::json::parse(text).is_discarded();
  } catch (const nlohmann::json::out_of_range&) {
    return true;
  } catch (const nlohmann::json::exception&) {
  }
  return false;
}

/// As another reader has it.
bool is_json(std::string_view text) {
  // It passes over a mark in front, and ends at a zero byte.
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos) return false;
  return nlohmann::json::accept(text);
}

/// Nothing is to be had of a refusal of that text: our limits are small, and the other reader has some of its own.
bool is_open(std::string_view text, const Status& ours) {
  return ours.code() == StatusCode::resource_exhausted || may_have_lone_surrogate(text) ||
         (ours.ok() && has_number_out_of_range(text));
}

template <class T>
std::string written(const T& value, const json::Options& options = {}) {
  ByteQueue bytes;
  const Status status = json::encode(value, bytes, options);
  if (!status.ok()) fail("what was read can't be written", status.to_string());
  return std::string(bytes.text());
}

template <class T>
std::string written_again(const std::string& text) {
  T value{};
  Scratch scratch;
  const Status status = json::decode(text, value, {}, {}, &scratch);
  if (!status.ok()) fail("what was written can't be read", text + "\n" + status.to_string());
  return written(value);
}

template <class T>
void check_written(const T& value) {
  const std::string once = written(value);
  if (!is_json(once)) fail("what is written is not JSON", once);
  json::Options html;
  html.escape_html = true;
  const std::string twice = written_again<T>(once);
  check_same("another value with and without escapes", twice, written_again<T>(written(value, html)));
  // What was read as a double may be written as an integer, and so become another alternative.
  if constexpr (std::is_same_v<T, Choice> || std::is_same_v<T, Choices>)
    check_same("a choice changes when it is written and read twice", twice, written_again<T>(twice));
  else
    check_same("a value changes when it is written and read", once, twice);
}

template <class T>
void read(std::string_view text, const json::Options& options) {
  Scratch scratch;
  T value{};
  test::forget_peak();
  const std::size_t before = test::live_bytes();
  const Status status = json::decode(text, value, options, small_limits(), &scratch);
  if (test::peak_bytes() > before + most_memory)
    fail("too much memory for a value", std::to_string(test::peak_bytes() - before));
  if (!status.ok()) {
    if (!status.message().starts_with("json: ") && !status.message().starts_with("version: "))
      fail("an error that does not say who speaks", status.to_string());
    return;
  }
  if (!is_json(text) && !is_open(text, status)) fail("what is not JSON was read", text);
  check_written(value);
}

/// Whether the text is taken for JSON.
void check_validity(std::string_view text) {
  nlohmann::json ours;
  const Status status = json::decode(text, ours, {}, small_limits());
  if (status.ok() != is_json(text) && !is_open(text, status))
    fail(status.ok() ? "not JSON" : "JSON", status.to_string() + "\n" + std::string(text));
  // As an unknown member's value. What closes the object itself would make it another text.
  const std::string around = "{\"unknown\":" + std::string(text) + "}";
  Nothing nothing;
  const Status passed = json::decode(around, nothing, {}, small_limits());
  if (passed.ok() != is_json(around) && !is_open(around, passed))
    fail(passed.ok() ? "not JSON, passed over" : "JSON, not passed over", passed.to_string() + "\n" + around);
  if (!status.ok() || may_have_lone_surrogate(text)) return;
  if (const nlohmann::json theirs = nlohmann::json::parse(text); ours != theirs)
    fail("another value", ours.dump() + "\n--- and\n" + theirs.dump());
}

using Reader = void (*)(std::string_view text, const json::Options& options);
constexpr Reader readers[] = {
    &read<nlohmann::json>,
    &read<Scalars>,
    &read<Containers>,
    &read<Tree>,
    &read<Choices>,
    &read<Owns>,
    &read<Views>,
    &read<Anys>,
    &read<Odd>,
    &read<Any>,
    &read<bool>,
    &read<std::int64_t>,
    &read<std::uint8_t>,
    &read<double>,
    &read<float>,
    &read<std::string>,
    &read<std::vector<std::byte>>,
    &read<Time>,
    &read<std::vector<std::string>>,
    &read<std::map<std::int64_t, double>>,
    &read<std::optional<std::tuple<std::string, std::monostate>>>,
    &read<Choice>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  json::Options options;
  options.case_insensitive_fields = (data[0] & 32) != 0;
  options.unknown_fields = (data[0] & 64) != 0 ? json::UnknownFields::refused : json::UnknownFields::ignored;
  const std::string_view text = text_of(data + 1, size - 1);
  readers[data[0] % 32 % std::size(readers)](text, options);
  check_validity(text);
  return 0;
}
