#include "polyrpc/core/limits.hpp"

#include "support/catch.hpp"

TEST_CASE("every limit that a peer could run into is on by default", "[limits]") {
  const polyrpc::Limits limits;
  CHECK(limits.codec.message_bytes == 64u << 20);
  CHECK(limits.codec.depth > 0);
  CHECK(limits.codec.elements > 0);
  CHECK(limits.codec.batch > 0);
  CHECK(limits.codec.types > 0);
  CHECK(limits.codec.type_fields > 0);
  CHECK(limits.codec.name_bytes > 0);
  CHECK(limits.codec.metadata_bytes > 0);
  CHECK(limits.connections > 0);
  CHECK(limits.calls_in_flight > 0);
  CHECK(limits.unsent_bytes > 0);
  CHECK(limits.sniff_bytes > 0);
  CHECK(limits.sniff_time.count() > 0);
  CHECK(limits.message_time.count() > 0);
  CHECK(limits.write_time.count() > 0);
  CHECK(limits.http_header_bytes > 0);
  CHECK(limits.http_target_bytes <= limits.http_header_bytes);
  CHECK(limits.http_headers > 0);
  CHECK(limits.http_header_time.count() > 0);
}
