#include "server_site.hpp"

#include "polyrpc/codecs/protobuf.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace polyrpc::grpc {

Site::Site(ServerOptions options) : options_(std::move(options)), connect_(options_.connect) {
  if (options_.formats.empty()) options_.formats.push_back(protobuf::format());
  if (!options_.compress_with.empty()) {
    compressor_ = options_.compressors.find(options_.compress_with);
    if (compressor_ == nullptr)
      throw std::invalid_argument("grpc: no compressor \"" + options_.compress_with + "\" to compress with");
  }
  for (const auto& [path, handler] : options_.mounts)
    if (!path.starts_with('/') || !handler)
      throw std::invalid_argument("grpc: \"" + path + "\" is not a path that can be served");
  std::reverse(options_.mounts.begin(), options_.mounts.end());
  std::stable_sort(options_.mounts.begin(), options_.mounts.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

const MessageFormat* Site::format(std::string_view subtype) const noexcept {
  if (subtype.empty()) return options_.formats.front().get();
  for (const auto& format : options_.formats)
    if (format->name() == subtype) return format.get();
  return nullptr;
}

const http::Handler* Site::find_page(std::string_view path) const noexcept {
  for (const auto& [mounted, handler] : options_.mounts)
    if (path == mounted || (mounted.ends_with('/') && path.starts_with(mounted))) return &handler;
  return nullptr;
}

}  // namespace polyrpc::grpc
