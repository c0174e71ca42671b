// The client of README.md, with the types of its server.

#include <polyrpc/polyrpc.hpp>

#include <cstdio>
#include <cstdlib>

#define ADDRESS std::getenv("ADDRESS")

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

int main() {
#include "readme_cpp_2"
}
