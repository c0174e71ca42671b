#pragma once

// Catch2, version 2 or 3. Every test includes this and no Catch2 header.

#include <string>

#if __has_include(<catch2/catch_test_macros.hpp>)
#define POLYRPC_CATCH_VERSION 3
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_adapters.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#else
#define POLYRPC_CATCH_VERSION 2
#include <catch2/catch.hpp>
#endif

namespace polyrpc::test {

/// For `CHECK_THAT(text, contains("..."))`; the matchers have other names in Catch2 2 and 3.
inline auto contains(const std::string& part) {
#if POLYRPC_CATCH_VERSION == 3
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

inline auto starts_with(const std::string& part) { return Catch::Matchers::StartsWith(part); }
inline auto ends_with(const std::string& part) { return Catch::Matchers::EndsWith(part); }

/// Notes that the running test case can't be run here, and why. The reason is printed, and the executable exits with
/// 77 when nothing failed, so that ctest lists it as skipped.
void note_skipped(const std::string& reason);

}  // namespace polyrpc::test

/// Leaves the test case: `if (!go) POLYRPC_SKIP("no go on PATH");`
#define POLYRPC_SKIP(reason)               \
  do {                                     \
    ::polyrpc::test::note_skipped(reason); \
    return;                                \
  } while (false)
