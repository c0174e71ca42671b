#pragma once

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include <cstddef>
#include <memory>
#include <string>

/// What the targets of both ends of net/rpc share.
namespace polyrpc::fuzz {

inline CodecLimits gob_limits() {
  CodecLimits limits;
  limits.message_bytes = 600;
  limits.depth = 30;
  limits.elements = 100;
  limits.types = 16;
  limits.type_fields = 20;
  limits.type_bytes = 600;
  limits.name_bytes = 40;
  limits.metadata_bytes = 200;
  return limits;
}

/// More than `gob_limits` let a codec wait for: all definitions, each in a message of its own, a header, a body, and a
/// message that is not whole.
inline constexpr std::size_t most_gob_kept = 600 + 16 * 20 + 3 * 600 + 100;

inline const Codec& gob_codec(gob::Extensions extensions) {
  const auto make = [](gob::Extensions wanted) {
    gob::Options options;
    options.extensions = wanted;
    options.numbers = std::make_shared<gob::TypeNumbers>();
    return gob::net_rpc(options);
  };
  static const std::shared_ptr<const Codec> all[] = {make(gob::Extensions::never), make(gob::Extensions::when_needed),
                                                     make(gob::Extensions::always)};
  return *all[static_cast<int>(extensions)];
}

inline std::string describe_gob(const gob::Value& value) { return gob::to_string(value); }

}  // namespace polyrpc::fuzz
