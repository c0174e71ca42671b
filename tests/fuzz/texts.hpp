#pragma once

#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/status.hpp"

#include <string>

/// What is compared, as text.
namespace polyrpc::fuzz {

inline std::string to_text(const Metadata& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) text.append(key).append("=").append(value).append(";");
  return text;
}

inline std::string to_text(const Status& status) {
  std::string text = status.to_string();
  for (const StatusDetail& detail : status.details())
    text.append(" [").append(detail.type_url).append("]").append(detail.value);
  return text;
}

}  // namespace polyrpc::fuzz
