// main() of a fuzz target without libFuzzer: runs every seed of the folders given, each also cut off after every byte
// and with single bytes changed. Fails when there is no seed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// More positions than these would make the suite of a slow build take minutes.
constexpr std::size_t positions_per_seed = 128;

using Bytes = std::vector<std::uint8_t>;

// A copy of just that size, so that a sanitizer sees a read past its end.
void run(const std::uint8_t* data, std::size_t size) {
  const Bytes copy(data, data + size);
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

std::size_t replay(const Bytes& seed) {
  std::size_t runs = 1;
  run(seed.data(), seed.size());
  const std::size_t step = std::max<std::size_t>(1, seed.size() / positions_per_seed);
  for (std::size_t at = 0; at < seed.size(); at += step) {
    run(seed.data(), at);
    Bytes changed = seed;
    for (const int value : {0x00, 0x7f, 0x80, 0xff}) {
      changed[at] = static_cast<std::uint8_t>(value);
      run(changed.data(), changed.size());
    }
    changed[at] = static_cast<std::uint8_t>(seed[at] ^ 0x01U);
    run(changed.data(), changed.size());
    runs += 6;
  }
  return runs;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> seeds;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      std::cout << "no folder " << argv[i] << std::endl;
      return 1;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) seeds.push_back(entry.path());
    }
  }
  std::sort(seeds.begin(), seeds.end());
  std::size_t runs = 0;
  for (const std::filesystem::path& path : seeds) {
    std::cout << path.filename().string() << std::endl;  // the last one named is the one that crashed
    std::ifstream file(path, std::ios::binary);
    const Bytes seed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    runs += replay(seed);
  }
  std::cout << seeds.size() << " seeds, " << runs << " runs" << std::endl;
  return seeds.empty() ? 1 : 0;
}
