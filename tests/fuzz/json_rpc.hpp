#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/codecs/json_dynamic.hpp"

#include <cstdint>
#include <memory>
#include <string>

/// What the targets of both ends of JSON-RPC share.
namespace polyrpc::fuzz {

inline CodecLimits json_limits() {
  CodecLimits limits;
  limits.message_bytes = 500;
  limits.depth = 20;
  limits.elements = 50;
  limits.batch = 5;
  limits.name_bytes = 40;
  limits.metadata_bytes = 200;
  return limits;
}

/// Bits of `flags`: the version that a client speaks, the one that a server takes for granted, and what Go leaves out.
inline const Codec& json_codec(std::uint8_t flags) {
  static const auto all = [] {
    std::vector<std::shared_ptr<const Codec>> made;
    for (unsigned bits = 0; bits < 8; ++bits) {
      json::Options options;
      options.version = (bits & 1) != 0 ? json::Version::v1 : json::Version::v2;
      options.undecided = (bits & 2) != 0 ? json::Version::v2 : json::Version::v1;
      options.extensions = (bits & 4) == 0;
      options.unknown_fields = (bits & 4) != 0 ? json::UnknownFields::refused : json::UnknownFields::ignored;
      options.escape_html = options.case_insensitive_fields = (bits & 4) != 0;
      made.push_back(json::rpc(options));
    }
    return made;
  }();
  return *all[flags % all.size()];
}

inline std::string describe_json(const nlohmann::json& value) { return value.dump(); }

}  // namespace polyrpc::fuzz
