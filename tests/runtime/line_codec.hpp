#pragma once

#include "polyrpc/core/codec.hpp"

#include <memory>

namespace polyrpc::test {

/// A wire of text lines for tests of the engine, written against core/codec.hpp alone.
///
///     call 7 Arith.Add timeout=5000000 meta=user=ann : 6,7      the body is what stands behind " : "
///     notify 7 Arith.Add : 6,7                                  nobody waits for the reply
///     refuse 7 this is why                                      to be refused without being called
///     cancel 8 7                                                cancels 7, answered as 8
///     ok 7 head=k=v tail=k=v : 13
///     error 7 not_found : no such user
///
/// Bodies are integers, texts, or structs of these with commas between. Anything else ends the connection, which says
/// `bye` and why. A line that holds a line end can't be written. To write the text THROW and to read a line `throw 1`
/// throws.
std::unique_ptr<ServerCodec> line_server_codec();

}  // namespace polyrpc::test
