// Any bytes from an HTTP/1 server to a client, at once and in pieces: the client must make the same of them.

#include "polyrpc/transports/http1.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using namespace polyrpc;

struct Made {
  std::string payload;
  std::string message;
};

Made read(std::string_view bytes, std::size_t piece, bool connect) {
  const auto framing = connect ? http1::connect_framing() : http1::post_framing("/", "a");
  ByteQueue wire;
  ByteQueue payload;
  for (int i = 0; i < 5 && !connect; ++i) {
    ByteQueue output;
    output.append("{}");
    if (!framing->wrap({}, output, 0).ok()) std::abort();
  }
  Status status;
  bool opened = !connect;
  while (!bytes.empty() && status.ok()) {
    wire.append(bytes.substr(0, piece));
    bytes.remove_prefix((std::min)(piece, bytes.size()));
    if (!opened) {
      const Result<bool> result = framing->opened(wire);
      status = result.status();
      opened = result.ok() && *result;
    }
    if (opened && status.ok()) status = framing->unwrap(wire, payload);
  }
  return {std::string(payload.text()), status.message()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool connect = data[0] >= 0x80;
  const std::size_t piece = std::size_t{1} + data[0] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Made whole = read(bytes, std::string_view::npos, connect);
  const Made pieces = read(bytes, piece, connect);
  if (whole.payload != pieces.payload || whole.message != pieces.message) {
    std::cerr << "at once: " << whole.message << "\n"
              << whole.payload << "\nin pieces of " << piece << ": " << pieces.message << "\n"
              << pieces.payload << std::endl;
    std::abort();
  }
  return 0;
}
