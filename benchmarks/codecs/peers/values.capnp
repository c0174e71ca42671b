@0xd1c05b1e8f0a7723;
# The values of codecs/values.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench::cp");

struct Ints {
  a @0 :Int64;
  b @1 :Int64;
  c @2 :Int64;
  d @3 :Int64;
}

struct Echo {
  a @0 :Int64;
  b @1 :Int64;
  s @2 :Data;
}

struct Texts {
  name @0 :Text;
  street @1 :Text;
  city @2 :Text;
  note @3 :Text;
}

struct Doubles {
  list @0 :List(Float64);
}

struct Ages {
  ages @0 :List(Age);
}

struct Age {
  name @0 :Text;
  years @1 :Int64;
}

struct Line {
  sku @0 :Text;
  count @1 :Int64;
  price @2 :Float64;
  tags @3 :List(Text);
}

struct Order {
  id @0 :Int64;
  buyer @1 :Text;
  lines @2 :List(Line);
}
