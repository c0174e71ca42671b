#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/core/spare.hpp"

#include "encode.hpp"
#include "errors.hpp"
#include "receive.hpp"
#include "scalars.hpp"
#include "stream_context.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <utility>

namespace polyrpc::gob {

namespace {

using namespace std::string_view_literals;

// Go's own headers (net/rpc, `Request` and `Response`), and the wider ones. A struct on the wire is known by the names
// of its fields, so each end reads both kinds alike.
struct Entry {
  std::string_view key;
  std::string_view value;
};
struct Detail {
  std::string_view type_url;
  std::span<const std::byte> value;
};
struct Request {
  std::string_view service_method;
  std::uint64_t seq = 0;
};
struct WideRequest {
  std::string_view service_method;
  std::uint64_t seq = 0;
  std::int64_t timeout = 0;
  std::vector<Entry> metadata;
};
struct Response {
  std::string_view service_method;
  std::uint64_t seq = 0;
  std::string_view error;
};
struct WideResponse {
  std::string_view service_method;
  std::uint64_t seq = 0;
  std::string_view error;
  std::int64_t code = 0;
  std::vector<Detail> details;
  std::vector<Entry> headers;
  std::vector<Entry> trailers;
};
/// The argument of the reserved method that cancels, as github.com/keegancsmith/rpc has it.
struct CancelArgs {
  std::uint64_t seq = 0;
};

POLYRPC_DESCRIBE(Entry, (key, "Key"), (value, "Value"));
POLYRPC_DESCRIBE(Detail, (type_url, "TypeURL"), (value, "Value"));
POLYRPC_DESCRIBE(Request, (service_method, "ServiceMethod"), (seq, "Seq"));
POLYRPC_DESCRIBE_AS(WideRequest, "Request", (service_method, "ServiceMethod"), (seq, "Seq"), (timeout, "Timeout"),
                    (metadata, "Metadata"));
POLYRPC_DESCRIBE(Response, (service_method, "ServiceMethod"), (seq, "Seq"), (error, "Error"));
POLYRPC_DESCRIBE_AS(WideResponse, "Response", (service_method, "ServiceMethod"), (seq, "Seq"), (error, "Error"),
                    (code, "Code"), (details, "Details"), (headers, "Headers"), (trailers, "Trailers"));
POLYRPC_DESCRIBE(CancelArgs, (seq, "Seq"));

// Every call has a header, so Go's own are read and written by hand, and the rest by their descriptions.

/// Whether structs of that type are laid out as Go's Request or Response are.
bool is_plain_header(const detail::WireType& type) noexcept {
  static constexpr std::array<detail::WireField, 3> fields = {
      {{"ServiceMethod", detail::id::string}, {"Seq", detail::id::unsigned_integer}, {"Error", detail::id::string}}};
  return type.kind == detail::WireKind::structure && type.fields.size() >= 2 && type.fields.size() <= fields.size() &&
         std::equal(
             type.fields.begin(), type.fields.end(), fields.begin(),
             [](const detail::WireField& a, const detail::WireField& b) { return a.name == b.name && a.id == b.id; });
}

/// False: it is not as it should be; nothing in particular is then in `header`.
template <class Header>
bool read_plain_header(std::span<const std::byte> bytes, Header& header) noexcept {
  detail::Reader reader;
  reader.cur = bytes.data();
  reader.end = bytes.data() + bytes.size();
  std::uint64_t last = 0;  // field, counted from 1
  for (;;) {
    std::uint64_t delta = 0;
    if (!reader.get_uint(delta) || delta > 3) return false;
    if (delta == 0) return reader.cur == reader.end;
    last += delta;
    std::span<const std::byte> text;
    if (last == 2) {
      if (!reader.get_uint(header.seq)) return false;
      continue;
    }
    if (last > 3 || !reader.get_bytes(text)) return false;
    if (last == 1) {
      header.service_method = as_text(text);
    } else if constexpr (requires { header.error; }) {
      header.error = as_text(text);
    } else {
      return false;
    }
  }
}

void write_plain_header(const detail::Root& type, std::string_view method, std::uint64_t seq, std::string_view error,
                        ByteQueue& output) {
  const auto field_size = [](std::string_view text) {
    return text.empty() ? 0 : 1 + detail::uint_size(text.size()) + text.size();
  };
  const std::size_t size =
      type.id_size + field_size(method) + (seq == 0 ? 0 : 1 + detail::uint_size(seq)) + field_size(error) + 1;
  std::byte* const start = output.prepare(size + 2 * detail::max_uint_size).data();
  std::byte* to = detail::put_uint(start, size);
  std::memcpy(to, type.id_bytes, sizeof type.id_bytes);
  to += type.id_size;
  std::uint64_t delta = 1;
  const auto put_field = [&](std::string_view text) {
    if (text.empty()) {
      ++delta;
      return;
    }
    *to++ = static_cast<std::byte>(std::exchange(delta, 1));
    to = detail::put_uint(to, text.size());
    std::memcpy(to, text.data(), text.size());
    to += text.size();
  };
  put_field(method);
  if (seq == 0) {
    ++delta;
  } else {
    *to++ = static_cast<std::byte>(std::exchange(delta, 1));
    to = detail::put_uint(to, seq);
  }
  put_field(error);
  *to++ = std::byte{0};
  output.commit(static_cast<std::size_t>(to - start));
}

constexpr std::string_view cancel_method = "_goRPC_.Cancel";
/// Marks the numbers of our own cancel requests; calls are counted from 0.
constexpr std::uint64_t cancel_bit = std::uint64_t{1} << 63;

Capabilities capabilities_of(Extensions extensions) noexcept {
  const bool extended = extensions != Extensions::never;
  Capabilities capabilities;
  capabilities.metadata = extended;
  capabilities.deadline = extended;
  capabilities.details = extended;
  capabilities.cancel = true;
  return capabilities;
}

std::vector<Entry> entries_of(const Metadata& metadata) {
  std::vector<Entry> entries;
  entries.reserve(metadata.size());
  for (const auto& [key, value] : metadata) entries.push_back({key, value});
  return entries;
}

void take_entries(const std::vector<Entry>& entries, Metadata& metadata) {
  for (const Entry& entry : entries) metadata.add(entry.key, entry.value);
}

std::size_t wire_size(const std::vector<Entry>& entries) noexcept {
  constexpr std::size_t overhead = 32;  // as `Metadata::wire_size` counts
  std::size_t size = 0;
  for (const Entry& entry : entries) size += entry.key.size() + entry.value.size() + overhead;
  return size;
}

/// What stands in for an error that has no text: on this wire an empty text means success.
std::string_view error_text(const Status& status) noexcept {
  return status.message().empty() ? to_string(status.code()) : std::string_view(status.message());
}

/// Codes for the texts that Go programs make themselves. What anybody's handler says has no code.
StatusCode code_of_text(std::string_view text) noexcept {
  struct Known {
    std::string_view prefix;
    StatusCode code;
  };
  static constexpr std::array known = {
      Known{"rpc: can't find service ", StatusCode::unimplemented},
      Known{"rpc: can't find method ", StatusCode::unimplemented},
      Known{"rpc: service/method request ill-formed: ", StatusCode::unimplemented},
      Known{"gob: ", StatusCode::invalid_argument},
  };
  for (const Known& each : known)
    if (text.substr(0, each.prefix.size()) == each.prefix) return each.code;
  if (text == "context canceled"sv) return StatusCode::cancelled;
  if (text == "context deadline exceeded"sv) return StatusCode::deadline_exceeded;
  return StatusCode::unknown;
}

/// Both ends cut alike: a header, then a body, each with the definitions it needs in front.
class Incoming final : public EncodedMessage {
 public:
  explicit Incoming(const detail::StreamContext& context) noexcept : stream_(context) {}

  enum class State : std::uint8_t { more, header_bad, body_bad, done };

  /// Drops what was cut before and looks for the next pair; reads the header into `into`, fresh, when its fields are
  /// wanted: views into `input` that live until the next call.
  template <class Header>
  State cut(ByteQueue& input, Header& header) {
    if (taken_ != 0) {
      input.consume(taken_);
      stream_.consumed(taken_);
      taken_ = 0;
    }
    bool fresh = false;
    if (!have_header_) {
      const detail::Cut found = stream_.find(input.readable(), header_);
      if (found == detail::Cut::more) return State::more;
      if (found == detail::Cut::bad) return header_failed(detail::to_status(stream_.error()));
      // At once, so that a peer that does not speak net/rpc is found out before its body has come.
      if (!read_header(input, header)) return State::header_bad;
      fresh = true;
      have_header_ = true;
    }
    const detail::Cut found = stream_.find(input.readable(), body_);
    if (found == detail::Cut::more) return State::more;
    if (!fresh && !read_header(input, header)) return State::header_bad;  // the input may have moved
    have_header_ = false;
    if (found == detail::Cut::bad) return failure_ = detail::to_status(stream_.error()), State::body_bad;
    taken_ = body_.end;
    input_ = input.readable();
    return State::done;
  }

  Status decode(MessageSlot into) const override { return stream_.decode(input_, body_, into); }

  const Status& failure() const noexcept { return failure_; }

  bool is_at_rest() const noexcept { return taken_ == 0 && !have_header_ && failure_.ok() && stream_.is_at_rest(); }
  /// Takes out and puts in what is left of it between two calls.
  struct Rest {
    std::shared_ptr<detail::Dictionary> at;
    std::int32_t header_wire;
    bool is_plain;
  };
  Rest leave() noexcept { return {stream_.leave(), header_wire_, is_plain_}; }
  void resume(Rest rest) noexcept {
    stream_.resume(std::move(rest.at));
    header_wire_ = rest.header_wire;
    is_plain_ = rest.is_plain;
  }

  const detail::WireType* header_type() const noexcept { return stream_.types().find(header_.wire); }
  std::int32_t header_wire() const noexcept { return header_.wire; }

 private:
  template <class Header>
  bool read_header(ByteQueue& input, Header& header) {
    if (header_.wire != header_wire_) {
      header_wire_ = header_.wire;
      const detail::WireType* type = stream_.types().find(header_wire_);
      is_plain_ = type != nullptr && is_plain_header(*type);
    }
    if (is_plain_ && read_plain_header(stream_.bytes(input.readable(), header_), header)) return true;
    Status status = stream_.decode(input.readable(), header_, message_slot(header));
    if (status.ok()) return true;
    header_failed(std::move(status));
    return false;
  }
  State header_failed(Status why) {
    failure_ = std::move(why);
    return State::header_bad;
  }

  mutable detail::ReceiveStream stream_;  // decoding a body makes plans
  detail::Extent header_;
  detail::Extent body_;
  std::int32_t header_wire_ = 0;  // of the last header
  bool is_plain_ = false;         // that type
  bool have_header_ = false;
  std::size_t taken_ = 0;
  std::span<const std::byte> input_;
  Status failure_;
};

/// Appends a header and a body, or nothing.
class Outgoing {
 public:
  explicit Outgoing(const detail::StreamContext& context) noexcept : stream_(context) {}

  Status write(const Request& request, MessageRef body, ByteQueue& output) {
    return write_plain(request, request.service_method, request.seq, {}, body, output);
  }
  Status write(const Response& response, MessageRef body, ByteQueue& output) {
    return write_plain(response, response.service_method, response.seq, response.error, body, output);
  }
  template <class Wide>
  Status write(const Wide& header, MessageRef body, ByteQueue& output) {
    return write_pair([&](ByteQueue& to) { return stream_.write(message_ref(header), to); }, body, output);
  }

  using Rest = detail::SendStream::Rest;
  Rest leave() { return stream_.leave(); }
  void resume(Rest rest) { stream_.resume(std::move(rest)); }

 private:
  template <class Header>
  Status write_plain(const Header& header, std::string_view method, std::uint64_t seq, std::string_view error,
                     MessageRef body, ByteQueue& output) {
    const detail::Root* type = stream_.known_root(shape_of<Header>());
    if (type == nullptr)
      return write_pair([&](ByteQueue& to) { return stream_.write(message_ref(header), to); }, body, output);
    return write_pair(
        [&](ByteQueue& to) {
          write_plain_header(*type, method, seq, error, to);
          return Status();
        },
        body, output);
  }

  template <class WriteHeader>
  Status write_pair(const WriteHeader& header, MessageRef body, ByteQueue& output) {
    struct Undo {
      detail::SendStream& stream;
      ByteQueue& output;
      std::size_t size;
      bool done = false;
      ~Undo() {
        if (done) return;
        output.truncate(size);
        stream.roll_back();
      }
    };
    stream_.checkpoint();
    Undo undo{stream_, output, output.size()};
    Status status = header(output);
    if (status.ok()) status = stream_.write(body, output);
    undo.done = status.ok();
    return status;
  }

  detail::SendStream stream_;
};

constexpr std::monostate nothing{};

class Server final : public ServerCodec {
 public:
  explicit Server(std::shared_ptr<const detail::StreamContext> context)
      : context_(std::move(context)), incoming_rest_{context_->empty, 0, false} {}

  Capabilities capabilities() const noexcept override { return capabilities_of(extensions()); }

  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override {
    if (work_ == nullptr) begin_work();
    Incoming& incoming = work_->incoming;
    WideRequest& header = work_->header;
    if (!incoming.failure().ok()) return Status(incoming.failure());
    header.service_method = {};
    header.seq = 0;
    header.timeout = 0;
    header.metadata.clear();
    const Incoming::State state = incoming.cut(input, header);
    if (state == Incoming::State::more) {
      if (input.empty() && incoming.is_at_rest()) rest();
      return false;
    }
    if (state == Incoming::State::header_bad) return Status(incoming.failure());

    request.kind = RequestKind::call;
    request.head.method = header.service_method;
    request.head.tag.number = header.seq;
    request.head.tag.text.clear();
    request.head.wants_reply = true;
    request.head.timeout.reset();
    request.head.metadata.clear();
    request.cancels.number = 0;
    request.cancels.text.clear();
    request.refused = {};
    request.body = &incoming;
    if (state == Incoming::State::body_bad) {
      request.refused = incoming.failure();
      return true;
    }
    if (incoming.header_wire() != header_wire_) look_at_header_type();
    if (wide_header_) take_extensions(request);
    if (header.service_method.size() > context_->limits.name_bytes)
      request.refused = Status::resource_exhausted("rpc: method name longer than the limit");
    if (header.service_method == cancel_method) take_cancel(request);
    return true;
  }

  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override {
    if (work_ != nullptr) return write(head, body, output);
    struct RestAgain {
      Server& server;
      ~RestAgain() { server.rest(); }
    };
    begin_work();
    const RestAgain again{*this};
    return write(head, body, output);
  }

 private:
  /// What is needed only while a message is read or written.
  struct Work {
    explicit Work(std::shared_ptr<const detail::StreamContext> of)
        : context(std::move(of)), incoming(*context), outgoing(*context) {}

    const std::shared_ptr<const detail::StreamContext> context;
    WideRequest header;
    Incoming incoming;
    Outgoing outgoing;
  };

  void begin_work() {
    work_ = Spare<Work>::take();
    if (work_ == nullptr || work_->context != context_) work_ = std::make_unique<Work>(context_);
    work_->incoming.resume(std::move(incoming_rest_));
    work_->outgoing.resume(std::move(outgoing_rest_));
  }

  void rest() {
    outgoing_rest_ = work_->outgoing.leave();
    incoming_rest_ = work_->incoming.leave();
    Spare<Work>::keep(std::move(work_));
  }

  Status write(const ReplyHead& head, MessageRef body, ByteQueue& output) {
    Outgoing& outgoing = work_->outgoing;
    const bool ok = head.status.ok();
    if (!ok) body = message_ref(nothing);
    const std::string_view error = ok ? std::string_view() : error_text(head.status);
    const bool has_headers = head.headers != nullptr && !head.headers->empty();
    const bool has_trailers = head.trailers != nullptr && !head.trailers->empty();
    const bool known = extensions() == Extensions::when_needed && peer_is_wide_;
    if (extensions() == Extensions::always || (known && (!ok || has_headers || has_trailers))) {
      WideResponse response;
      response.service_method = head.method;
      response.seq = head.tag.number;
      response.error = error;
      response.code = static_cast<std::int64_t>(head.status.code());
      for (const StatusDetail& detail : head.status.details())
        response.details.push_back({detail.type_url, as_bytes(detail.value)});
      if (has_headers) response.headers = entries_of(*head.headers);
      if (has_trailers) response.trailers = entries_of(*head.trailers);
      return outgoing.write(response, body, output);
    }
    const Response response{head.method, head.tag.number, error};
    return outgoing.write(response, body, output);
  }

  void look_at_header_type() {
    header_wire_ = work_->incoming.header_wire();
    wide_header_ = false;
    for (const detail::WireField& field : work_->incoming.header_type()->fields)
      if (field.name == "Timeout"sv || field.name == "Metadata"sv) wide_header_ = true;
    peer_is_wide_ = peer_is_wide_ || wide_header_;
  }

  void take_extensions(IncomingRequest& request) {
    if (extensions() == Extensions::never) return;
    const WideRequest& header = work_->header;
    if (header.timeout != 0) request.head.timeout = std::chrono::nanoseconds(header.timeout);
    if (wire_size(header.metadata) > context_->limits.metadata_bytes)
      request.refused = Status::resource_exhausted("rpc: metadata larger than the limit");
    else
      take_entries(header.metadata, request.head.metadata);
  }

  void take_cancel(IncomingRequest& request) {
    CancelArgs args;
    request.refused = work_->incoming.decode(message_slot(args));
    if (!request.refused.ok()) return;
    request.kind = RequestKind::cancel;
    request.cancels.number = args.seq;
  }

  Extensions extensions() const noexcept { return context_->options.extensions; }

  const std::shared_ptr<const detail::StreamContext> context_;
  bool wide_header_ = false;   // the last header had fields beyond Go's
  bool peer_is_wide_ = false;  // some header had
  std::int32_t header_wire_ = 0;
  std::unique_ptr<Work> work_;
  Incoming::Rest incoming_rest_;  // while there is no work
  Outgoing::Rest outgoing_rest_;
};

class Client final : public ClientCodec {
 public:
  explicit Client(std::shared_ptr<const detail::StreamContext> context) noexcept
      : context_(std::move(context)), incoming_(*context_), outgoing_(*context_) {}

  Capabilities capabilities() const noexcept override { return capabilities_of(extensions()); }

  Status write_request(const RequestHead& head, MessageRef body, ByteQueue& output) override {
    const bool needed = head.timeout.has_value() || !head.metadata.empty();
    if (extensions() == Extensions::always || (extensions() == Extensions::when_needed && needed)) {
      WideRequest request;
      request.service_method = head.method;
      request.seq = head.tag.number;
      // A zero would not be sent, and mean that there is no deadline.
      if (head.timeout) request.timeout = head.timeout->count() > 0 ? head.timeout->count() : 1;
      if (!head.metadata.empty()) request.metadata = entries_of(head.metadata);
      return outgoing_.write(request, body, output);
    }
    const Request request{head.method, head.tag.number};
    return outgoing_.write(request, body, output);
  }

  void write_cancel(std::uint64_t call, ByteQueue& output) override {
    const Request request{cancel_method, call | cancel_bit};
    const CancelArgs args{call};
    // Two structs of numbers and a constant can't fail.
    [[maybe_unused]] const Status status = outgoing_.write(request, message_ref(args), output);
  }

  Result<bool> next_reply(ByteQueue& input, IncomingReply& reply) override {
    for (;;) {
      if (!incoming_.failure().ok()) return Status(incoming_.failure());
      header_.service_method = header_.error = {};
      header_.seq = 0;
      header_.code = 0;
      header_.details.clear();
      header_.headers.clear();
      header_.trailers.clear();
      const Incoming::State state = incoming_.cut(input, header_);
      if (state == Incoming::State::more) return false;
      if (state == Incoming::State::header_bad) return Status(incoming_.failure());
      if ((header_.seq & cancel_bit) != 0) continue;  // answers to cancel requests interest nobody
      reply.call = header_.seq;
      reply.headers.clear();
      reply.trailers.clear();
      reply.body = nullptr;
      if (state == Incoming::State::body_bad)
        reply.status = incoming_.failure();
      else
        take(reply);
      return true;
    }
  }

 private:
  void take(IncomingReply& reply) {
    reply.status = {};
    if (wire_size(header_.headers) + wire_size(header_.trailers) > context_->limits.metadata_bytes) {
      reply.status = Status::resource_exhausted("rpc: metadata larger than the limit");
      return;
    }
    take_entries(header_.headers, reply.headers);
    take_entries(header_.trailers, reply.trailers);
    if (header_.error.empty() && header_.code == 0) {
      reply.body = &incoming_;
      return;
    }
    const StatusCode code = header_.code == 0 ? code_of_text(header_.error) : status_code_from_number(header_.code);
    reply.status = Status(code, header_.error, Origin::remote);
    for (const Detail& detail : header_.details)
      reply.status.add_detail({std::string(detail.type_url), std::string(as_text(detail.value))});
  }

  Extensions extensions() const noexcept { return context_->options.extensions; }

  const std::shared_ptr<const detail::StreamContext> context_;
  WideResponse header_;
  Incoming incoming_;
  Outgoing outgoing_;
};

class NetRpc final : public Codec {
 public:
  explicit NetRpc(Options options) : options_(std::move(options)) {}

  std::string_view name() const noexcept override { return "gob"; }

  Match matches(std::span<const std::byte> first_bytes) const noexcept override;

  std::unique_ptr<ServerCodec> server(const CodecLimits& limits) const override {
    return std::make_unique<Server>(context(limits));
  }
  std::unique_ptr<ClientCodec> client(const CodecLimits& limits) const override {
    return std::make_unique<Client>(context(limits));
  }

 private:
  /// Servers and clients have the same limits for all their streams.
  std::shared_ptr<const detail::StreamContext> context(const CodecLimits& limits) const {
    const std::lock_guard lock(mutex_);
    if (context_ == nullptr || limits != limits_) {
      context_ = std::make_shared<const detail::StreamContext>(options_, limits);
      limits_ = limits;
    }
    return context_;
  }

  const Options options_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const detail::StreamContext> context_;
  mutable CodecLimits limits_;  // as asked for
};

/// The first message on a stream defines a type, so behind its length stands a negative number of 64 or above: an odd
/// byte 7F, or two or more bytes of which the first is FC to FF and the last is odd. No text begins like that.
Match NetRpc::matches(std::span<const std::byte> first_bytes) const noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(first_bytes[i]); };
  const std::size_t there = first_bytes.size();
  if (there == 0) return Match::more;
  // Nobody's first definition is longer than 64 KiB.
  std::size_t length_size = 1;
  if (byte(0) >= 128) length_size = 1 + (256u - byte(0));
  if (length_size > 3 || byte(0) < 4) return Match::no;
  if (there <= length_size) return Match::more;
  const std::uint8_t first = byte(length_size);
  std::size_t last = length_size;  // of the id
  if (first >= 0xFC)
    last += 256u - first;
  else if (first != 0x7F)
    return Match::no;
  if (there <= last) return Match::more;
  if ((byte(last) & 1) == 0) return Match::no;
  if (last == length_size + 1 && byte(last) < 0x81) return Match::no;
  if (there == last + 1) return Match::more;
  return byte(last + 1) >= 1 && byte(last + 1) <= 7 ? Match::yes : Match::no;  // which kind of type
}

}  // namespace

std::shared_ptr<const Codec> net_rpc(Options options) { return std::make_shared<NetRpc>(std::move(options)); }

}  // namespace polyrpc::gob
