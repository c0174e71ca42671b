// The client of docs/getting_started.md, with the types of its server.

#include <polyrpc/polyrpc.hpp>

#include <cstdlib>
#include <iostream>

#define ADDRESS std::getenv("ADDRESS")

struct Order {
  std::string item;
  std::int64_t count = 0;
};
POLYRPC_DESCRIBE(Order, (item, "Item"), (count, "Count"));

int main() {
#include "getting_started_cpp_2"
}
