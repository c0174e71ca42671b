@0xe2a7c1d9b0f34615;
# What hello.cpp serves: see compare/footprint.py.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench");

interface HelloService {
  sayHello @0 (name :Text) -> (reply :Text);
}
