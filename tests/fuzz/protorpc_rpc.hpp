#pragma once

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/core/describe.hpp"

#include "fuzz.hpp"
#include "texts.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

/// What the targets of both ends of the protorpc envelope share.
namespace polyrpc::fuzz {

struct Note {
  std::string_view text;
};
POLYRPC_DESCRIBE(Note, (text));

inline CodecLimits protorpc_limits() {
  CodecLimits limits;
  limits.message_bytes = 600;
  limits.depth = 30;
  limits.elements = 100;
  limits.name_bytes = 40;
  limits.metadata_bytes = 200;
  return limits;
}

/// More than `protorpc_limits` let a codec wait for: a header, and a body that did not get shorter.
inline constexpr std::size_t most_protorpc_kept = 600 + 40 + 200 + 1024 + 32 + 600 + 100 + 30;

inline const Codec& protorpc_codec(std::uint8_t how) {
  const auto make = [](bool checksum) {
    protobuf::RpcOptions options;
    options.checksum = checksum;
    return protobuf::rpc(options);
  };
  static const std::shared_ptr<const Codec> all[] = {make(false), make(true)};
  return *all[how % 2];
}

inline std::string describe_note(const Note& note) { return std::string(note.text); }

/// Takes all that is whole with `next`, which reads one thing, and `note`. False: that was the end, which is added to
/// `seen` and must be the same when asked again.
template <class Next, class Note>
bool take_all(Next next, Note note, std::string& seen) {
  for (;;) {
    const Result<bool> cut = next();
    if (!cut.ok()) {
      seen += "end: " + to_text(cut.status()) + "\n";
      const Result<bool> again = next();
      if (again.ok() || again.status() != cut.status()) fail("another end", to_text(again.status()));
      return false;
    }
    if (!*cut) return true;
    note();
  }
}

/// The messages that can be read now, each a line.
template <class Pull>
std::string pull_all(Pull pull) {
  std::string seen;
  for (;;) {
    Note note;
    const Result<Pulled> pulled = pull(message_slot(note));
    if (!pulled.ok()) return seen + "unreadable: " + to_text(pulled.status()) + "\n";
    if (*pulled == Pulled::end) return seen + "the end\n";
    if (*pulled == Pulled::nothing) return seen;
    seen.append("message ").append(note.text).append("\n");
  }
}

}  // namespace polyrpc::fuzz
