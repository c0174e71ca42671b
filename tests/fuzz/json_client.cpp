// Any text to a client that speaks JSON-RPC, to its codec alone and to a session with calls under way: the replies and
// the calls' ends must not depend on the pieces that the text comes in.

#include "client_end.hpp"
#include "json_rpc.hpp"

using namespace polyrpc;
using namespace polyrpc::fuzz;

namespace {

std::string write(MessageRef value) {
  ByteQueue text;
  const Status status = json::encode(value, text);
  return status.ok() ? std::string(text.text()) : to_text(status);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::uint8_t how = data[0];
  const Codec& codec = json_codec(data[1]);
  const std::string_view text = text_of(data + 2, size - 2);
  const std::size_t kept = check_matching<nlohmann::json>(codec, json_limits(), describe_json, how, text);
  if (kept > json_limits().message_bytes) fail("too much input is kept", std::to_string(kept));
  check_calling(codec, json_limits(), write, how, text);
  return 0;
}
