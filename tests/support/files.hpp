#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace polyrpc::test {

/// A file of the repository: `source_path("tests/golden/gob/int.gob")`.
std::filesystem::path source_path(std::string_view below_root);

/// The whole file as bytes. Throws std::runtime_error when it can't be read.
std::string read_file(const std::filesystem::path& path);

/// Replaces the file. Throws std::runtime_error when it can't be written.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// A new, empty folder with a short path (Unix sockets allow 107 bytes); removed with all it holds at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace polyrpc::test
