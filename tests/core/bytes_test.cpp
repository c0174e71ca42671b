#include "polyrpc/core/bytes.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <utility>

using polyrpc::as_bytes;
using polyrpc::ByteQueue;

TEST_CASE("a new queue is empty and holds no memory", "[bytes]") {
  const ByteQueue queue;
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
  CHECK(queue.capacity() == 0);
  CHECK(queue.readable().empty());
  CHECK(queue.text().empty());
}

TEST_CASE("what is appended is consumed in order", "[bytes]") {
  ByteQueue queue;
  queue.append("hello ");
  queue.append(as_bytes("wor"));
  queue.push_back('l');
  queue.push_back(std::byte{'d'});
  queue.append("", 0);
  queue.append(std::string_view());
  CHECK(queue.text() == "hello world");
  CHECK(polyrpc::as_text(queue.readable()) == "hello world");
  queue.consume(6);
  CHECK(queue.text() == "world");
  queue.consume(0);
  queue.consume(5);
  CHECK(queue.empty());
}

TEST_CASE("prepared room can be written and committed in part", "[bytes]") {
  ByteQueue queue;
  const auto room = queue.prepare(5);
  REQUIRE(room.size() >= 5);
  room[0] = std::byte{'a'};
  room[1] = std::byte{'b'};
  queue.commit(2);
  CHECK(queue.text() == "ab");
  CHECK(queue.prepare(0).size() == queue.capacity() - 2);
  CHECK(queue.text() == "ab");
}

TEST_CASE("consuming does not move what stays", "[bytes]") {
  ByteQueue queue;
  queue.append("abcdef");
  const std::byte* d = queue.data() + 3;
  queue.consume(3);
  CHECK(queue.data() == d);
}

TEST_CASE("an append can be taken back", "[bytes]") {
  ByteQueue queue;
  queue.append("xxabc");
  queue.consume(2);
  const std::size_t before = queue.size();
  queue.append(std::string(10'000, 'y'));
  queue.truncate(before);
  CHECK(queue.text() == "abc");
  queue.truncate(0);
  CHECK(queue.empty());
  queue.append("new");
  CHECK(queue.text() == "new");
}

TEST_CASE("memory is kept until it is given back", "[bytes]") {
  ByteQueue queue;
  queue.append(std::string(1000, 'x'));
  const std::size_t capacity = queue.capacity();
  CHECK(capacity >= 1000);
  queue.clear();
  CHECK(queue.capacity() == capacity);
  queue.recycle(capacity);
  CHECK(queue.capacity() == capacity);
  queue.recycle(capacity - 1);
  CHECK(queue.capacity() == 0);
  CHECK(queue.empty());
  queue.append("again");
  CHECK(queue.text() == "again");
  queue.release();
  CHECK(queue.capacity() == 0);
}

TEST_CASE("a moved queue takes its bytes along", "[bytes]") {
  ByteQueue first;
  first.append("abc");
  first.consume(1);
  ByteQueue second = std::move(first);
  CHECK(second.text() == "bc");
  CHECK(first.empty());  // NOLINT: it must be usable
  first.append("new");
  CHECK(first.text() == "new");
  second = std::move(first);
  CHECK(second.text() == "new");
  auto& same = second;
  second = std::move(same);
  CHECK(second.text() == "new");
}

TEST_CASE("a queue that is filled and emptied at the same pace does not grow", "[bytes]") {
  for (const std::size_t step : {1u, 7u, 255u, 256u, 257u, 4096u}) {
    ByteQueue queue;
    const std::string piece(step, 'x');
    queue.append(piece);
    for (int i = 0; i < 10'000; ++i) {
      queue.append(piece);
      queue.consume(step);
    }
    CHECK(queue.capacity() <= 8 * step + 256);
  }
}

TEST_CASE("appending in small pieces moves each byte a bounded number of times", "[bytes]") {
  ByteQueue queue;
  std::size_t growths = 0;
  for (int i = 0; i < 1 << 20; ++i) {
    const std::size_t capacity = queue.capacity();
    queue.push_back('x');
    if (queue.capacity() != capacity) ++growths;
  }
  CHECK(growths <= 13);  // 256 bytes, doubled 12 times
}

TEST_CASE("a queue may be appended to itself", "[bytes]") {
  ByteQueue queue;
  queue.append("0123456789");
  queue.consume(2);
  std::string expected = "23456789";
  for (int i = 0; i < 12; ++i) {
    queue.append(queue.readable());
    expected += expected;
    REQUIRE(queue.text() == expected);
  }
  // The same where the bytes only move to the front of the memory.
  ByteQueue sliding;
  sliding.append(std::string(200, 'x'));
  sliding.append("tail and more");
  sliding.consume(200);
  const std::size_t capacity = sliding.capacity();
  sliding.append(std::string(30, 'y'));
  sliding.append(sliding.readable());
  CHECK(sliding.text() == "tail and more" + std::string(30, 'y') + "tail and more" + std::string(30, 'y'));
  CHECK(sliding.capacity() == capacity);
}

TEST_CASE("a size that no machine has is refused as no memory", "[bytes]") {
  ByteQueue queue;
  queue.append("abc");
  queue.consume(1);
  constexpr std::size_t all = (std::numeric_limits<std::size_t>::max)();
  CHECK_THROWS_AS(queue.prepare(all), std::bad_alloc);
  CHECK_THROWS_AS(queue.prepare(all - 2), std::bad_alloc);
  CHECK_THROWS_AS(queue.prepare(all / 2), std::bad_alloc);
  CHECK(queue.text() == "bc");
}

TEST_CASE("bytes are copied, and none besides", "[bytes]") {
  std::string from(9000, ' ');
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<char>('!' + i % 89);
  const auto check = [&](auto copy, std::size_t size) {
    for (const std::size_t ahead : {0, 1, 31, 32}) {
      std::string to(ahead + size + 1, '.');
      copy(to.data() + ahead, from.data(), size);
      CHECK(to == std::string(ahead, '.') + from.substr(0, size) + '.');
    }
    copy(nullptr, nullptr, 0);
  };
  for (const std::size_t size : {0, 1, 7, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 9000})
    check(polyrpc::copy_bytes, size);
  for (std::size_t size = 0; size <= 70; ++size) check(polyrpc::copy_short_bytes, size);
  check(polyrpc::copy_short_bytes, from.size());
}

TEST_CASE("a queue keeps its bytes when its memory becomes large, and larger", "[bytes]") {
  for (const std::size_t consumed : {0, 3}) {
    ByteQueue queue;
    std::string model;
    for (char c = 'a'; queue.size() < 2'000'000; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
      const std::string text(model.size() / 2 + 1000, c);
      queue.append(text);
      model += text;
      queue.consume(consumed);
      model.erase(0, consumed);
      CHECK(queue.text() == model);
    }
    queue.release();
    CHECK(queue.capacity() == 0);
    queue.append("a");
    CHECK(queue.text() == "a");
  }
}

TEST_CASE("a queue behaves like a string under any operations", "[bytes]") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
    ByteQueue queue;
    std::string model;
    char next = 'a';
    const auto fresh = [&](std::size_t count) {
      std::string text;
      while (text.size() < count) text += next = next == 'z' ? 'a' : static_cast<char>(next + 1);
      return text;
    };
    for (int step = 0; step < 300; ++step) {
      switch (below(9)) {
        case 0:
        case 1: {
          const std::string text = fresh(below(400));
          queue.append(text);
          model += text;
          break;
        }
        case 2:
        case 3: {
          const std::size_t count = below(model.size() + 1);
          queue.consume(count);
          model.erase(0, count);
          break;
        }
        case 4: {
          const std::string text = fresh(1);
          queue.push_back(text[0]);
          model += text;
          break;
        }
        case 5: {
          const std::string text = fresh(below(600));
          const auto room = queue.prepare(text.size() + below(100));
          REQUIRE(room.size() >= text.size());
          for (std::size_t i = 0; i < text.size(); ++i) room[i] = static_cast<std::byte>(text[i]);
          queue.commit(text.size());
          model += text;
          break;
        }
        case 6: {
          const std::size_t size = below(model.size() + 1);
          queue.truncate(size);
          model.resize(size);
          break;
        }
        case 7: {
          if (model.empty() || model.size() > 5000) break;
          const std::size_t start = below(model.size());
          const std::size_t count = below(model.size() - start + 1);
          const std::string part = model.substr(start, count);
          queue.append(queue.data() + start, count);
          model += part;
          break;
        }
        case 8:
          if (below(10) == 0) {
            queue.recycle(below(2000));
            model.clear();
          }
          break;
      }
      REQUIRE(queue.text() == model);
      REQUIRE(queue.capacity() >= queue.size());
    }
  }
}
