// What peers/echo.proto serves. load/recording.cpp writes these messages byte by byte.

namespace cpp bench.thrift

struct Message {
  1: i64 a,
  2: i64 b,
  3: binary s,
}

service Echo {
  Message echo(1: Message message),
}
