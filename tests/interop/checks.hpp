#pragma once

#include "polyrpc/core/result.hpp"

#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <utility>

/// Named checks of a client: each prints a line, `ok NAME` or `FAIL NAME: why`.
namespace interop {

inline int failures = 0;

class Failed : public std::exception {
 public:
  explicit Failed(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

inline void check(const std::string& name, const std::function<void()>& body) {
  try {
    body();
    std::printf("ok %s\n", name.c_str());
  } catch (const std::exception& failure) {
    std::printf("FAIL %s: %s\n", name.c_str(), failure.what());
    ++failures;
  }
  std::fflush(stdout);
}

template <class T>
T good(polyrpc::Result<T> result) {
  if (!result.ok()) throw Failed(result.status().to_string());
  return *std::move(result);
}

inline void expect(bool condition, const std::string& what) {
  if (!condition) throw Failed(what);
}

inline void expect_text(const std::string& actual, const std::string& wanted) {
  if (actual != wanted) throw Failed("\"" + actual + "\" instead of \"" + wanted + "\"");
}

}  // namespace interop
