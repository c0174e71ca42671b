// Any bytes to a gob decoder that reads them into values of one type: at once and in pieces it must read the same, keep
// within its limits, and what it has read must be written and read again without a change.

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "fuzz.hpp"
#include "gob_types.hpp"
#include "support/counted_new.hpp"

#include <iterator>

namespace {

using namespace polyrpc;
using namespace polyrpc::fuzz;

CodecLimits small_limits() {
  CodecLimits limits;
  limits.message_bytes = 600;
  limits.depth = 30;
  limits.elements = 100;
  limits.types = 16;
  limits.type_fields = 20;
  limits.type_bytes = 600;
  limits.name_bytes = 40;
  return limits;
}

/// More than `small_limits` let a decoder wait for: all definitions, each in a message of its own, a value, and a
/// message that is not whole.
constexpr std::size_t most_waiting = 600 + 16 * 20 + 600 + 600 + 100;
constexpr std::size_t most_memory = 64 << 10;

const gob::Options& options() {
  static const gob::Options made = [] {
    gob::Options given;
    given.types = type_names();
    given.numbers = std::make_shared<gob::TypeNumbers>();
    return given;
  }();
  return made;
}

template <class T>
std::string written(const T& value) {
  gob::Encoder encoder(options());
  ByteQueue bytes;
  const Status status = encoder.encode(value, bytes);
  if (status.ok()) return std::string(bytes.text());
  // Go reads these, and can't write them either.
  if (status.message().find("zone") != std::string::npos) return {};
  // A tree need not be of one type.
  if constexpr (std::is_same_v<T, gob::Value>) return {};
  fail("what was read can't be written", status.to_string());
}

/// Reads what was written, and writes it again.
template <class T>
std::string written_again(const std::string& bytes) {
  gob::Decoder decoder(options());
  ByteQueue input;
  input.append(bytes);
  T value{};
  const Result<bool> got = decoder.decode(input, value);
  if (!got.ok() || !*got) fail("what was written can't be read", got.status().to_string());
  if (!input.empty()) fail("something is left of what was written", input.text());
  return written(value);
}

template <class T>
std::string checked(const T& value) {
  const std::string once = written(value);
  if (once.empty()) return once;
  const std::string twice = written_again<T>(once);
  // A tree's type has all fields that the tree has; those that are zero are not written.
  if constexpr (std::is_same_v<T, gob::Value>)
    check_same("a tree changes when it is written and read twice", twice, written_again<T>(twice));
  else
    check_same("a value changes when it is written and read", once, twice);
  return once;
}

enum class Into { fresh, same };

template <class T>
class Reading {
 public:
  explicit Reading(Into into) : decoder_(options(), small_limits()), into_(into) {}

  bool feed(std::string_view bytes) {
    input_.append(bytes);
    for (;;) {
      test::forget_peak();
      const std::size_t before = test::live_bytes();
      const Result<bool> got = decoder_.decode(input_, *value_);
      if (test::peak_bytes() > before + most_memory)
        fail("too much memory for a value", std::to_string(test::peak_bytes() - before));
      if (!got.ok()) {
        seen_ += got.status().to_string() + "\n";
        if (!decoder_.failure().ok()) {
          seen_ += "and nothing more";
          return false;
        }
        // What is half read is of no use.
        value_ = std::make_unique<T>();
        continue;
      }
      if (!*got) break;
      seen_ += "read\n" + checked(*value_) + "\n";
      if (into_ == Into::fresh) value_ = std::make_unique<T>();
    }
    if (input_.size() > most_waiting) fail("too much input is kept", std::to_string(input_.size()));
    return true;
  }

  /// All that came of it.
  std::string seen() const {
    return decoder_.failure().ok() ? seen_ + std::to_string(input_.size()) + " bytes left" : seen_;
  }

 private:
  gob::Decoder decoder_;
  Into into_;
  ByteQueue input_;
  std::unique_ptr<T> value_ = std::make_unique<T>();
  std::string seen_;
};

template <class T>
void read(std::uint8_t how, Into into, std::string_view bytes) {
  // Views are gone with the input.
  if constexpr (std::is_same_v<T, Views>) into = Into::fresh;
  Reading<T> whole(into);
  whole.feed(bytes);
  Reading<T> pieces(into);
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  check_same("not the same in pieces", whole.seen(), pieces.seen());
}

/// The same without a look at the values.
void discard(std::uint8_t how, std::string_view bytes) {
  const auto discarded = [](auto feed_all) {
    gob::Decoder decoder(options(), small_limits());
    ByteQueue input;
    std::string seen;
    std::size_t fed = 0;
    feed_all([&](std::string_view piece) {
      input.append(piece);
      fed += piece.size();
      for (;;) {
        const Result<bool> got = decoder.discard(input);
        if (!got.ok()) seen += got.status().to_string();
        if (!got.ok() || !*got) return got.ok();
        seen += "up to " + std::to_string(fed - input.size()) + "\n";
      }
    });
    return seen;
  };
  check_same("not the same in pieces", discarded([&](auto feed) { feed(bytes); }),
             discarded([&](auto feed) { in_pieces(how, bytes, feed); }));
}

using Reader = void (*)(std::uint8_t how, Into into, std::string_view bytes);
constexpr Reader readers[] = {
    &read<gob::Value>,
    &read<AllScalars>,
    &read<Slices>,
    &read<Maps>,
    &read<Arrays>,
    &read<Pointers>,
    &read<Holder>,
    &read<Anys>,
    &read<Drawing>,
    &read<Recursive>,
    &read<Family>,
    &read<Times>,
    &read<Owns>,
    &read<Views>,
    &read<Rest>,
    &read<Any>,
    &read<std::int64_t>,
    &read<std::uint16_t>,
    &read<float>,
    &read<std::complex<float>>,
    &read<std::string>,
    &read<std::vector<std::int64_t>>,
    &read<std::vector<Point>>,
    &read<std::map<std::string, Point>>,
    &read<std::array<std::int64_t, 3>>,
    &read<std::vector<std::byte>>,
    &read<Time>,
    &read<gob::BigInt>,
    &read<std::vector<Any>>,
    &read<std::map<std::string, Any>>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::uint8_t how = data[0];
  const Into into = data[1] < 128 ? Into::fresh : Into::same;
  const std::string_view bytes = text_of(data + 2, size - 2);
  readers[data[1] % 128 % std::size(readers)](how, into, bytes);
  discard(how, bytes);
  return 0;
}
