#pragma once

#include "polyrpc/core/shape.hpp"

#include "plan.hpp"

#include <bit>
#include <cstdint>
#include <utility>

namespace polyrpc::protobuf {

inline constexpr std::int64_t nanos_per_second = 1'000'000'000;

template <class T>
const T& as(const void* object) noexcept {
  return *static_cast<const T*>(object);
}
template <class T>
T& as(void* object) noexcept {
  return *static_cast<T*>(object);
}

/// Sign extension to 64 bits is what protobuf does to a negative `int32`.
template <class Integer>
constexpr std::uint64_t widened(Integer value) noexcept {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}

/// The number in memory as it is to stand in a varint.
inline std::uint64_t varint_of(const Value& value, const void* object) noexcept {
  switch (value.op) {
    case Op::boolean:
      return as<bool>(object) ? 1 : 0;
    case Op::int8:
      return widened(as<std::int8_t>(object));
    case Op::int16:
      return widened(as<std::int16_t>(object));
    case Op::int32:
      return widened(as<std::int32_t>(object));
    case Op::int64:
      return widened(as<std::int64_t>(object));
    case Op::uint8:
      return as<std::uint8_t>(object);
    case Op::uint16:
      return as<std::uint16_t>(object);
    case Op::uint32:
      return as<std::uint32_t>(object);
    case Op::uint64:
      return as<std::uint64_t>(object);
    default:
      return widened(value.shape->enumeration->get(object));
  }
}

/// False: the number does not fit. `int32` and `uint32` lose their upper bits, as in protobuf; what is smaller there is
/// no protobuf type for.
inline bool set_varint(const Value& value, void* object, std::uint64_t number) {
  switch (value.op) {
    case Op::boolean:
      as<bool>(object) = number != 0;
      return true;
    case Op::int8: {
      const auto wide = static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
      as<std::int8_t>(object) = static_cast<std::int8_t>(wide);
      return std::in_range<std::int8_t>(wide);
    }
    case Op::int16: {
      const auto wide = static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
      as<std::int16_t>(object) = static_cast<std::int16_t>(wide);
      return std::in_range<std::int16_t>(wide);
    }
    case Op::int32:
      as<std::int32_t>(object) = static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
      return true;
    case Op::int64:
      as<std::int64_t>(object) = static_cast<std::int64_t>(number);
      return true;
    case Op::uint8: {
      const auto wide = static_cast<std::uint32_t>(number);
      as<std::uint8_t>(object) = static_cast<std::uint8_t>(wide);
      return std::in_range<std::uint8_t>(wide);
    }
    case Op::uint16: {
      const auto wide = static_cast<std::uint32_t>(number);
      as<std::uint16_t>(object) = static_cast<std::uint16_t>(wide);
      return std::in_range<std::uint16_t>(wide);
    }
    case Op::uint32:
      as<std::uint32_t>(object) = static_cast<std::uint32_t>(number);
      return true;
    case Op::uint64:
      as<std::uint64_t>(object) = number;
      return true;
    default:
      value.shape->enumeration->set(object, static_cast<std::int64_t>(number));
      return true;
  }
}

/// Minus zero is not zero.
inline std::uint32_t bits_of(float value) noexcept { return std::bit_cast<std::uint32_t>(value); }
inline std::uint64_t bits_of(double value) noexcept { return std::bit_cast<std::uint64_t>(value); }

}  // namespace polyrpc::protobuf
