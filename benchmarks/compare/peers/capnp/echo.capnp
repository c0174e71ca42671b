@0xb3b5a1f2c07d4e91;
# What peers/echo.proto serves. load/recording.cpp knows the interface's id and writes these messages byte by byte.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench::capnproto");

struct Message {
  a @0 :Int64;
  b @1 :Int64;
  s @2 :Data;
}

interface Echo @0x9d8f4a1c2b3e5f60 {
  echo @0 Message -> Message;
}
