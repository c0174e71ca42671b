#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

#if POLYRPC_CATCH_VERSION == 3
#include <catch2/catch_session.hpp>
#endif

#include <atomic>
#include <iostream>

namespace {

std::atomic<int> skipped = 0;

constexpr int exit_skipped = 77;  // the SKIP_RETURN_CODE that ctest is told

}  // namespace

void polyrpc::test::note_skipped(const std::string& reason) {
  ++skipped;
  std::cout << "SKIPPED: " << reason << std::endl;
}

int main(int argc, char** argv) {
  const int failed = Catch::Session().run(argc, argv);
  if (failed == 0 && skipped > 0) {
    std::cout << "SKIPPED: " << skipped << " test case(s); the others passed" << std::endl;
    return exit_skipped;
  }
  return failed;
}
