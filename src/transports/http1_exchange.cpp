#include "http1_exchange.hpp"

#include "http1_metadata.hpp"

#include <functional>
#include <utility>

namespace polyrpc::http1 {

namespace {

constexpr std::size_t kept_buffer = std::size_t{4} << 20;  // of the one that a thread keeps
constexpr std::size_t kept_fields = 256;
constexpr std::size_t kept_text = 64 << 10;

std::unique_ptr<Exchange>& spare() noexcept {
  thread_local std::unique_ptr<Exchange> exchange;
  return exchange;
}

}  // namespace

Result<bool> ExchangeCodec::next_request(ByteQueue& input, IncomingRequest& request) {
  Result<bool> cut = codec_->next_request(input, request);
  if (!cut.ok() || !*cut) return cut;
  ++requests_;
  if (request.kind != RequestKind::call || !request.refused.ok()) return cut;
  // What a request says in its own words counts more than what the header says of all of them.
  if (!metadata_.empty()) {
    if (request.head.metadata.empty()) {
      request.head.metadata = metadata_;
    } else {
      const Metadata own = request.head.metadata;
      for (const auto& [key, value] : metadata_)
        if (!own.get(key)) request.head.metadata.add(key, value);
    }
  }
  if (deadline_) {
    const std::chrono::nanoseconds left = *deadline_ - Clock::now();
    if (!request.head.timeout || left < *request.head.timeout) request.head.timeout = left;
  }
  return cut;
}

Status ExchangeCodec::write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) {
  Status written = codec_->write_reply(head, body, output);
  if (written.ok()) {
    add_lines(head.headers);
    add_lines(head.trailers);
  }
  return written;
}

void ExchangeCodec::add_lines(const Metadata* metadata) {
  if (metadata == nullptr || metadata->empty()) return;
  const std::size_t before = lines_.size();
  left_out_ += write_metadata(*metadata, lines_);
  if (lines_.size() <= header_limit_) return;
  lines_.resize(before);
  left_out_ += metadata->size();
}

void Exchange::keep_head(const char* begin, std::size_t size) {
  head_text.assign(begin, size);
  const auto moved = [&](std::string_view& view) {
    // Views of constants stay.
    if (std::less<>()(view.data(), begin) || std::less<>()(begin + size, view.data())) return;
    view = std::string_view(head_text).substr(static_cast<std::size_t>(view.data() - begin), view.size());
  };
  for (Field& field : head.fields) {
    moved(field.name);
    moved(field.value);
  }
  moved(head.method);
  moved(head.target);
  moved(head.path);
  moved(head.query);
}

void Exchange::reset() {
  session.reset();
  codec = nullptr;
  connect = nullptr;
  connect_call.reset();
  speaks_connect = false;
  page = nullptr;
  delivery = {};
  body.recycle(kept_buffer);
  reply.recycle(kept_buffer);
  if (!metadata.empty()) metadata.clear();
  deadline.reset();
  chunks.reset();
  left = 0;
  continue_due = false;
  must_process = false;
  stream = nullptr;
  in_chunks = false;
  if (head.fields.capacity() > kept_fields) head.fields = {};
  if (head_text.capacity() > kept_text) head_text = {};
  if (piece.capacity() > kept_text) piece = {};
}

std::unique_ptr<Exchange> Exchange::take() {
  if (spare() != nullptr) return std::move(spare());
  return std::make_unique<Exchange>();
}

void Exchange::give_back(std::unique_ptr<Exchange> exchange) noexcept {
  exchange->reset();
  if (spare() == nullptr) spare() = std::move(exchange);
}

}  // namespace polyrpc::http1
