// Any bytes to a server that speaks net/rpc, to its codec alone and to a session with methods: the requests that are
// cut and the replies must not depend on the pieces that the bytes come in.

#include "gob_rpc.hpp"
#include "server_end.hpp"

using namespace polyrpc;
using namespace polyrpc::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static Workshop workshop(gob_limits());
  const std::uint8_t how = data[0];
  const Codec& codec = gob_codec(static_cast<gob::Extensions>(how % 3));
  const std::string_view bytes = text_of(data + 1, size - 1);
  const std::size_t kept = check_cutting<gob::Value>(codec, gob_limits(), describe_gob, how, bytes);
  if (kept > most_gob_kept) fail("too much input is kept", std::to_string(kept));
  check_serving(workshop, codec, how, bytes);
  return 0;
}
