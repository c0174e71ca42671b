// The server of README.md.

#include <cstdlib>

#define ADDRESS std::getenv("ADDRESS")

#include "readme_cpp_1"
