#pragma once

#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc {

/// Key and value pairs that travel beside a call. Keys are lower case; a key may repeat, and order is kept.
/// Keys ending in `-bin` carry any bytes; other values are printable ASCII and spaces (gRPC, "PROTOCOL-HTTP2",
/// Custom-Metadata).
class Metadata {
 public:
  using value_type = std::pair<std::string, std::string>;
  using const_iterator = std::vector<value_type>::const_iterator;

  Metadata() noexcept = default;
  Metadata(std::initializer_list<value_type> entries);

  /// Adds one more value under `key`; upper-case ASCII letters of the key are lowered.
  void add(std::string_view key, std::string_view value);
  /// Replaces every value under `key` by this one.
  void set(std::string_view key, std::string_view value);
  /// Removes every value under `key`.
  void erase(std::string_view key);
  void clear() noexcept { entries_.clear(); }

  /// The first value under `key` (given in lower case); valid until this object changes.
  std::optional<std::string_view> get(std::string_view key) const noexcept;
  std::vector<std::string_view> get_all(std::string_view key) const;

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  const_iterator begin() const noexcept { return entries_.begin(); }
  const_iterator end() const noexcept { return entries_.end(); }
  /// Bytes of keys and values, plus 32 for each entry, as HTTP/2 counts a header list (RFC 9113, 6.5.2).
  std::size_t wire_size() const noexcept;

  friend bool operator==(const Metadata&, const Metadata&) = default;

 private:
  std::vector<value_type> entries_;
};

/// Whether a peer may see these entries as an application wrote them: `invalid_argument` for a key with characters
/// other than digits, lower-case letters, underscore, hyphen and full stop, for a reserved key (starting with `grpc-`
/// or a colon), and for a value that its key does not allow.
Status check_metadata(const Metadata& metadata);

}  // namespace polyrpc
