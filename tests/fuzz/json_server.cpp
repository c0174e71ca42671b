// Any text to a server that speaks JSON-RPC, to its codec alone and to a session with methods: the requests that are
// cut, the replies and the last words must not depend on the pieces that the text comes in.

#include "json_rpc.hpp"
#include "server_end.hpp"

using namespace polyrpc;
using namespace polyrpc::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  static Workshop workshop(json_limits());
  const std::uint8_t how = data[0];
  const Codec& codec = json_codec(data[1]);
  const std::string_view text = text_of(data + 2, size - 2);
  const std::size_t kept = check_cutting<nlohmann::json>(codec, json_limits(), describe_json, how, text);
  if (kept > json_limits().message_bytes) fail("too much input is kept", std::to_string(kept));
  check_serving(workshop, codec, how, text);
  return 0;
}
