#include "support/files.hpp"

#include "support/catch.hpp"

using namespace polyrpc::test;

TEST_CASE("a file of the repository is found from any working folder", "[support]") {
  CHECK_THAT(read_file(source_path("LICENSE")), starts_with("MIT License"));
  CHECK_THROWS_AS(read_file(source_path("no such file")), std::runtime_error);
}

TEST_CASE("a temporary folder is empty at first and gone at the end", "[support]") {
  std::filesystem::path path;
  {
    TempDir dir;
    path = dir.path();
    CHECK(std::filesystem::is_empty(path));
    write_file(path / "bytes", std::string_view("a\0b\n", 4));
    CHECK(read_file(path / "bytes") == std::string("a\0b\n", 4));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}
