#pragma once

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Go's `encoding/gob` and `net/rpc`, byte-compatible in both directions. What travels is described in
/// `docs/wire/gob.md`. Values of types that are not known beforehand have a header of their own, `gob_value.hpp`.
namespace polyrpc::gob {

/// Gives types their numbers, and keeps what is known of each type, as Go does for a process: a type has the same
/// number on all streams that share this object. Shapes that were sent must live as long as it does. Safe to use from
/// several threads.
class TypeNumbers {
 public:
  /// Numbers begin at `first`: Go 1.19 begins at 65, Go 1.21 and later at 64. Throws `std::invalid_argument` below 64.
  explicit TypeNumbers(std::int32_t first = 65);
  ~TypeNumbers();
  TypeNumbers(const TypeNumbers&) = delete;
  TypeNumbers& operator=(const TypeNumbers&) = delete;

  /// The one that is used when `Options` name none.
  static const std::shared_ptr<TypeNumbers>& process();

  class Table;
  Table& table() const noexcept { return *table_; }

 private:
  std::unique_ptr<Table> table_;
};

/// Where the definitions of types go that stand inside interface values (`std::variant`, `Any`).
enum class DefinitionOrder : std::uint8_t {
  safe,   ///< before the value: any Go receiver can then skip it
  exact,  ///< where Go writes them, in the middle of it
};

/// Whether deadlines, metadata and status codes travel, in fields of the headers that a stock Go peer skips.
enum class Extensions : std::uint8_t {
  never,        ///< only Go's own fields
  when_needed,  ///< the client: for a call that has metadata or a deadline; the server: to a peer that has done so
                ///< before
  always,       ///< in every request and reply, so that the first error already has its code
};

struct Options {
  /// Names of the types that travel inside interface values. Null: Go's basic types alone; a described struct that is
  /// sent goes under `main.` and its name.
  std::shared_ptr<const TypeRegistry> types = {};
  std::shared_ptr<TypeNumbers> numbers = {};  ///< null: the process's
  DefinitionOrder definitions = DefinitionOrder::safe;
  Extensions extensions = Extensions::when_needed;
};

/// The codec that talks with Go's `net/rpc`.
std::shared_ptr<const Codec> net_rpc(Options options = {});

/// Writes a stream of values, as Go's `gob.Encoder` does. Not for use by several threads at once.
class Encoder {
 public:
  explicit Encoder(Options options = {}, CodecLimits limits = {});
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;
  ~Encoder();

  /// Appends one value and the definitions that the stream does not have yet, or leaves `output` and the stream as they
  /// were and says why. Of the limits only `depth` counts.
  Status encode(MessageRef value, ByteQueue& output);
  template <class T>
  Status encode(const T& value, ByteQueue& output) {
    return encode(message_ref(value), output);
  }

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Reads a stream of values, as Go's `gob.Decoder` does. Not for use by several threads at once.
class Decoder {
 public:
  explicit Decoder(Options options = {}, CodecLimits limits = {});
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  /// Reads the next value and takes it off `input`. Fields that the stream does not mention keep their value, lists are
  /// replaced, entries of maps are added. False: more bytes are needed; what is there must stay. Views in `into` live
  /// until `input` is appended to. After an error the value has been taken off and the next one can be read, unless
  /// `failure` says otherwise.
  Result<bool> decode(ByteQueue& input, MessageSlot into);
  template <class T>
  Result<bool> decode(ByteQueue& input, T& into) {
    return decode(input, message_slot(into));
  }
  /// The same for bytes that stand somewhere else. Views in `into` live as long as these.
  Result<bool> decode(std::span<const std::byte>& input, MessageSlot into);
  template <class T>
  Result<bool> decode(std::span<const std::byte>& input, T& into) {
    return decode(input, message_slot(into));
  }
  /// Takes the next value off `input` without a look at it.
  Result<bool> discard(ByteQueue& input);

  /// Why nothing more can be read from this stream; ok while it is sound.
  const Status& failure() const noexcept;

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Go's `big.Int`: a number of any size. No arithmetic.
struct BigInt {
  bool negative = false;
  std::vector<std::byte> magnitude;  ///< big-endian, without leading zeros; empty is 0

  BigInt() noexcept = default;
  BigInt(std::int64_t value);  // NOLINT: a number is a number

  /// The number if it fits.
  std::optional<std::int64_t> to_int64() const noexcept;

  std::vector<std::byte> gob_encode() const;
  Status gob_decode(std::span<const std::byte> bytes);
  /// In decimal, as Go writes it in JSON.
  std::string marshal_text() const;
  Status unmarshal_text(std::string_view text);

  friend bool operator==(const BigInt&, const BigInt&) = default;
};

}  // namespace polyrpc::gob

namespace polyrpc {

template <>
struct Describe<gob::BigInt> {
  static constexpr std::string_view name = "big.Int";
  static constexpr std::array<Field, 0> fields() { return {}; }
};

}  // namespace polyrpc
