#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/core/status.hpp"

#include "plan.hpp"
#include "sink.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace polyrpc::json {

/// Writes objects as JSON text.
class Encoder {
 public:
  Encoder(Sink& sink, bool escape_html, std::size_t depth_limit) noexcept;

  /// From now on numbers that JavaScript's cannot hold are written as strings, as protobuf's JSON has them: integers
  /// beyond 2^53, NaN and infinities.
  void put_awkward_numbers_in_text() noexcept { awkward_in_text_ = true; }

  /// False: `failure` says why; what was written is worth nothing.
  bool value(const Plan& plan, const void* object);
  /// A tuple's elements or a struct's fields without names, in brackets.
  bool positions(const Plan& plan, const void* object);

  const Status& failure() const noexcept { return failure_; }

 private:
  class Dynamic;

  bool bridged(const Shape& shape, const void* object);
  bool structure(const Plan& plan, const void* object);
  bool list(const Plan& plan, const void* object);
  bool map(const Plan& plan, const void* object);
  bool ordered_map(const Plan& plan, const void* object);
  template <class Name, class NameOf>
  bool sorted_map(const Plan& plan, const void* object, NameOf name_of);
  bool key_text(const Plan& plan, const void* key, std::string& text);
  bool custom(const Shape& shape, const void* object);
  void base64(std::span<const std::byte> bytes);
  template <class Float>
  bool real(Float value);
  template <class Integer>
  void wide(Integer value);

  bool enter();
  void leave() noexcept { --depth_; }
  bool fail(Status why);

  Sink& sink_;
  bool escape_html_;
  bool awkward_in_text_ = false;
  std::size_t depth_limit_;
  std::size_t depth_ = 0;
  Status failure_;
};

}  // namespace polyrpc::json
