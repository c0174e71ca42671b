// The server of docs/getting_started.md.

#include <cstdlib>

#define ADDRESS std::getenv("ADDRESS")

#include "getting_started_cpp_1"
