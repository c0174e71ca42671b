#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace bench {

/// `--name value` pairs of a command line. What is wrong with them is said on standard error, and the program ends.
class Options {
 public:
  /// `usage` lists every option as `--name`.
  Options(int argc, char** argv, std::string usage) : usage_(std::move(usage)) {
    for (int i = 1; i < argc; i += 2) {
      const std::string_view name = argv[i];
      if (name == "--help") {
        std::printf("%s\n", usage_.c_str());
        std::exit(0);
      }
      if (!name.starts_with("--") || (usage_ + ' ').find(std::string(name) + ' ') == std::string::npos)
        fail("unknown option " + std::string(name));
      if (i + 1 == argc) fail("no value after " + std::string(name));
      values_.emplace(name.substr(2), argv[i + 1]);
    }
  }

  std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }

  template <class Number>
  Number number(const std::string& name, Number otherwise) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    const std::string& text = found->second;
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) fail("--" + name + " " + text + " is no number");
    return value;
  }

  [[noreturn]] void fail(const std::string& why) const {
    std::fprintf(stderr, "%s\n%s\n", why.c_str(), usage_.c_str());
    std::exit(2);
  }

 private:
  std::string usage_;
  std::map<std::string, std::string> values_;
};

}  // namespace bench
