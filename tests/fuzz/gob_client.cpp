// Any bytes to a client that speaks net/rpc, to its codec alone and to a session with calls under way: the replies and
// the calls' ends must not depend on the pieces that the bytes come in.

#include "client_end.hpp"
#include "gob_rpc.hpp"

using namespace polyrpc;
using namespace polyrpc::fuzz;

namespace {

std::string write(MessageRef value) {
  static const auto numbers = std::make_shared<gob::TypeNumbers>();
  gob::Options options;
  options.numbers = numbers;
  gob::Encoder encoder(options);
  ByteQueue bytes;
  const Status status = encoder.encode(value, bytes);
  return status.ok() ? std::string(bytes.text()) : to_text(status);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const Codec& codec = gob_codec(static_cast<gob::Extensions>(how % 3));
  const std::string_view bytes = text_of(data + 1, size - 1);
  const std::size_t kept = check_matching<gob::Value>(codec, gob_limits(), describe_gob, how, bytes);
  if (kept > most_gob_kept) fail("too much input is kept", std::to_string(kept));
  check_calling(codec, gob_limits(), write, how, bytes);
  return 0;
}
