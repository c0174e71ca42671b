// What hello.cpp serves: see compare/footprint.py.

namespace cpp bench

service HelloService {
  string say_hello(1: string name),
}
