#include "polyrpc/compression/gzip.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <zlib.h>

namespace polyrpc {

namespace {

constexpr int gzip_window = 15 + 16;     // the largest, with gzip's header instead of zlib's (zlib.h)
constexpr std::size_t piece = 16 << 10;  // the least room to write to
constexpr std::size_t most_at_once = std::size_t{1} << 30;  // what surely fits zlib's counters

uInt counted(std::size_t size) noexcept { return static_cast<uInt>((std::min)(size, most_at_once)); }
// zlib reads through a pointer to what is not const.
Bytef* bytes_of(const std::byte* bytes) noexcept {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

/// zlib's state is large (256 KiB to compress), so a thread keeps one.
class Deflating {
 public:
  Deflating() = default;
  Deflating(const Deflating&) = delete;
  Deflating& operator=(const Deflating&) = delete;
  ~Deflating() { end(); }

  z_stream& begin(int level) {
    if (level != level_) end();
    if (level_ == none) {
      stream_ = {};
      if (deflateInit2(&stream_, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
      level_ = level;
    } else {
      deflateReset(&stream_);
    }
    return stream_;
  }

 private:
  static constexpr int none = -1;
  void end() noexcept {
    if (level_ != none) deflateEnd(&stream_);
    level_ = none;
  }

  z_stream stream_ = {};
  int level_ = none;
};

class Inflating {
 public:
  Inflating() = default;
  Inflating(const Inflating&) = delete;
  Inflating& operator=(const Inflating&) = delete;
  ~Inflating() {
    if (made_) inflateEnd(&stream_);
  }

  z_stream& begin() {
    if (made_) {
      inflateReset(&stream_);
    } else {
      if (inflateInit2(&stream_, gzip_window) != Z_OK) throw std::bad_alloc();
      made_ = true;
    }
    return stream_;
  }

 private:
  z_stream stream_ = {};
  bool made_ = false;
};

Status too_large(std::size_t limit) {
  return Status::resource_exhausted("gzip: the data inflates to more than " + std::to_string(limit) + " bytes");
}

class Gzip final : public Compressor {
 public:
  explicit Gzip(int level) : level_(level) {}

  std::string_view name() const noexcept override { return "gzip"; }

  Status compress(std::span<const std::byte> from, ByteQueue& output) const override {
    static thread_local Deflating deflating;
    z_stream& stream = deflating.begin(level_);
    const std::size_t before = output.size();
    stream.avail_in = 0;
    for (;;) {
      if (stream.avail_in == 0 && !from.empty()) {
        stream.next_in = bytes_of(from.data());
        stream.avail_in = counted(from.size());
        from = from.subspan(stream.avail_in);
      }
      const std::span<std::byte> room = output.prepare(piece);
      stream.next_out = bytes_of(room.data());
      const uInt offered = counted(room.size());
      stream.avail_out = offered;
      const int code = deflate(&stream, from.empty() ? Z_FINISH : Z_NO_FLUSH);
      output.commit(offered - stream.avail_out);
      if (code == Z_STREAM_END) return {};
      if (code != Z_OK && code != Z_BUF_ERROR) {
        output.truncate(before);
        return Status::internal("gzip: zlib fails with " + std::to_string(code));
      }
    }
  }

  Status decompress(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) const override {
    const std::size_t before = output.size();
    Status status = inflate_all(from, limit, output);
    if (!status.ok()) output.truncate(before);
    return status;
  }

 private:
  static Status inflate_all(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) {
    static thread_local Inflating inflating;
    z_stream& stream = inflating.begin();
    stream.avail_in = 0;
    std::size_t left = limit;
    for (;;) {
      if (stream.avail_in == 0 && !from.empty()) {
        stream.next_in = bytes_of(from.data());
        stream.avail_in = counted(from.size());
        from = from.subspan(stream.avail_in);
      }
      // At the limit one byte more is asked for, to see whether there is one.
      Bytef further = 0;
      uInt offered = 1;
      if (left == 0) {
        stream.next_out = &further;
      } else {
        const std::span<std::byte> room = output.prepare((std::min)(piece, left));
        stream.next_out = bytes_of(room.data());
        offered = counted((std::min)(room.size(), left));
      }
      stream.avail_out = offered;
      const int code = inflate(&stream, Z_NO_FLUSH);
      const std::size_t made = offered - stream.avail_out;
      if (made > left) return too_large(limit);
      if (left != 0) output.commit(made);
      left -= made;
      switch (code) {
        case Z_OK:
          break;
        case Z_STREAM_END:
          if (stream.avail_in == 0 && from.empty()) return {};
          inflateReset(&stream);
          break;
        case Z_BUF_ERROR:
          if (stream.avail_in == 0 && from.empty()) return Status::invalid_argument("gzip: the data is cut off");
          break;
        case Z_MEM_ERROR:
          return Status::resource_exhausted("gzip: no memory");
        default:
          return Status::invalid_argument("gzip: " + std::string(stream.msg != nullptr ? stream.msg : "broken data"));
      }
    }
  }

  const int level_;
};

}  // namespace

std::shared_ptr<const Compressor> gzip(int level) {
  if (level < 0 || level > 9) throw std::invalid_argument("gzip: there is no level " + std::to_string(level));
  return std::make_shared<Gzip>(level);
}

}  // namespace polyrpc
