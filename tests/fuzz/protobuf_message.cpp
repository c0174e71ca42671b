// Any bytes read as a protobuf message: what protoc's code takes, described structs take as well and the other way
// round, with the same contents; and what was read is written and read again without a change, within the limits.

#include "polyrpc/codecs/protobuf_message.hpp"

#include "polyrpc/codecs/protobuf.hpp"

#include "fuzz.hpp"
#include "messages.pb.h"
#include "protobuf/described.hpp"

#include <google/protobuf/stubs/common.h>
#include <google/protobuf/util/message_differencer.h>
#include <iterator>
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

namespace {

using namespace polyrpc;
using namespace polyrpc::fuzz;

CodecLimits small_limits() {
  CodecLimits limits;
  limits.depth = 30;
  limits.elements = 1000;
  return limits;
}

template <class T>
std::string written(const T& value) {
  ByteQueue bytes;
  const Status status = protobuf::encode(value, bytes);
  if (!status.ok()) fail("what was read can't be written", status.to_string());
  return std::string(bytes.text());
}

template <class Described, class Generated>
void read(std::string_view text) {
  Described ours{};
  Generated theirs;
  const Status status = protobuf::decode(as_bytes(text), ours, small_limits());
  const Status other = protobuf::decode(as_bytes(text), theirs, small_limits());
  for (const Status* each : {&status, &other})
    if (!each->ok() && !each->message().starts_with("protobuf: "))
      fail("an error that does not say who speaks", each->to_string());
  // The depth limit counts maps and groups differently.
  if (status.ok() != other.ok() && status.code() != StatusCode::resource_exhausted &&
      other.message().find("nested") == std::string::npos)
    fail("one takes it, the other does not", status.to_string() + "\n" + other.to_string());
  if (!status.ok()) return;
  const std::string once = written(ours);
  Described again{};
  if (const Status read = protobuf::decode(as_bytes(once), again, {}); !read.ok())
    fail("what was written can't be read", read.to_string());
  check_same("a value changes when it is written and read", once, written(again));
  if (!other.ok()) return;
  Generated from_ours;
  if (!from_ours.ParseFromString(once)) fail("protoc's code can't read what was written", once);
  theirs.DiscardUnknownFields();
  // Our sets have each element once, and in order.
  if constexpr (requires { theirs.clear_longs(); }) theirs.clear_longs(), from_ours.clear_longs();
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_float_comparison(google::protobuf::util::MessageDifferencer::EXACT);
  if (!differencer.Compare(theirs, from_ours) && theirs.SerializeAsString() != from_ours.SerializeAsString())
    fail("another message", theirs.DebugString() + "\n--- and\n" + from_ours.DebugString());
}

using Reader = void (*)(std::string_view text);
constexpr Reader readers[] = {
    &read<test::described::Scalars, test::Scalars>,   &read<test::described::Lists, test::Lists>,
    &read<test::described::Maps, test::Maps>,         &read<test::described::Choice, test::Choice>,
    &read<test::described::Presence, test::Presence>, &read<test::described::Tree, test::Tree>,
    &read<test::described::Nested, test::Nested>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
#if GOOGLE_PROTOBUF_VERSION < 4022000
  // The library writes of every wrong text to the error output.
  static auto* const silent = google::protobuf::SetLogHandler(nullptr);
  (void)silent;
#endif
  readers[data[0] % std::size(readers)](text_of(data + 1, size - 1));
  return 0;
}
