#include "rpc_snappy.hpp"

#include <string>

#ifdef POLYRPC_HAS_SNAPPY
#include <snappy.h>
#endif

namespace polyrpc::protobuf::detail {

#ifdef POLYRPC_HAS_SNAPPY

bool has_snappy() noexcept { return true; }

void pack(std::size_t from, std::size_t size, ByteQueue& output) {
  char* const to = reinterpret_cast<char*>(output.prepare(snappy::MaxCompressedLength(size)).data());
  std::size_t length = 0;
  snappy::RawCompress(reinterpret_cast<const char*>(output.data() + from), size, to, &length);
  output.commit(length);
}

Status unpack(std::span<const std::byte> packed, std::size_t limit, ByteQueue& output) {
  output.clear();
  const char* const bytes = reinterpret_cast<const char*>(packed.data());
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(bytes, packed.size(), &size))
    return Status::invalid_argument("protorpc: a body that is not compressed as its header says");
  if (size > limit)
    return Status::resource_exhausted("protorpc: a body of " + std::to_string(size) +
                                      " bytes, compressed, is longer than the limit");
  // Three bytes say at most 64, so that who claims more and sends little is found out before there is memory for it.
  if (size / 22 > packed.size() ||
      !snappy::RawUncompress(bytes, packed.size(), reinterpret_cast<char*>(output.prepare(size).data())))
    return Status::invalid_argument("protorpc: a body that is not compressed as its header says");
  output.commit(size);
  return {};
}

#else

bool has_snappy() noexcept { return false; }

void pack(std::size_t, std::size_t, ByteQueue&) {}

Status unpack(std::span<const std::byte>, std::size_t, ByteQueue&) {
  return Status::unimplemented("protorpc: a compressed body, and polyrpc was built without snappy");
}

#endif

}  // namespace polyrpc::protobuf::detail
