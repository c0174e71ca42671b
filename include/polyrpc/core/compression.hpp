#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc {

/// One way to make messages smaller. Stateless, and safe to use from several threads.
class Compressor {
 public:
  virtual ~Compressor() = default;

  /// As it stands in `grpc-encoding` and `Content-Encoding`: `gzip`.
  virtual std::string_view name() const noexcept = 0;
  virtual Status compress(std::span<const std::byte> from, ByteQueue& output) const = 0;
  /// Appends what `from` was made of. `resource_exhausted` as soon as that is more than `limit` bytes, whatever it
  /// would have come to; `invalid_argument` for broken data. Nothing is appended then.
  virtual Status decompress(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) const = 0;
};

/// Those that an end knows, the preferred first.
class Compressors {
 public:
  Compressors() = default;
  Compressors(std::initializer_list<std::shared_ptr<const Compressor>> list) : list_(list) {}

  void add(std::shared_ptr<const Compressor> compressor) { list_.push_back(std::move(compressor)); }
  /// Null if there is none of that name.
  const Compressor* find(std::string_view name) const noexcept {
    for (const auto& compressor : list_)
      if (compressor->name() == name) return compressor.get();
    return nullptr;
  }
  auto begin() const noexcept { return list_.begin(); }
  auto end() const noexcept { return list_.end(); }
  bool empty() const noexcept { return list_.empty(); }

 private:
  std::vector<std::shared_ptr<const Compressor>> list_;
};

}  // namespace polyrpc
