#include "server.hpp"

#include "encoder.hpp"
#include "errors.hpp"
#include "extension.hpp"
#include "params.hpp"
#include "sink.hpp"
#include "text.hpp"

#include <algorithm>
#include <utility>

namespace polyrpc::json {

namespace {

// CallTag::number says how to answer; its upper half is a batch's serial number.
constexpr std::uint64_t tag_v2 = 1;
constexpr std::uint64_t tag_parse_error = 2;
constexpr std::uint64_t tag_invalid_request = 4;
constexpr int tag_batch_shift = 32;

constexpr std::string_view cancel_method = "\"$/cancelRequest\"";
constexpr std::string_view null_id = "null";

// An idle connection keeps no more than this many elements' memory.
constexpr std::size_t kept_elements = 8;

bool is_null(std::string_view value) noexcept { return value.empty() || value.front() == 'n'; }

bool is_number_start(char c) noexcept { return c == '-' || is_digit(c); }

/// Sets `text` to a checked value without its white space.
void assign_compact(std::string& text, std::string_view value) {
  if (value.front() != '{' && value.front() != '[') {
    text.assign(value);
    return;
  }
  text.resize(value.size());
  text.resize(static_cast<std::size_t>(compact(value, text.data()) - text.data()));
}

}  // namespace

Status RpcServer::Body::decode(MessageSlot into) const {
  ReadRules rules;
  rules.checked = true;
  rules.refuse_unknown = codec->settings_->options.unknown_fields == UnknownFields::refused;
  rules.any_case = version == Version::v1 || codec->settings_->options.case_insensitive_fields;
  const Plan& plan = plan_of(*into.shape);
  if (version == Version::v1)
    return read_params_v1(params, plan, into.object, rules, codec->settings_->limits, &codec->work_->scratch);
  return read_params_v2(params, plan, into.object, rules, codec->settings_->limits, &codec->work_->scratch);
}

// One for each thread, so that a thread that serves many short exchanges writes to nothing that others use.
std::shared_ptr<const RpcSettings> RpcSettings::get(const Options& options, const CodecLimits& limits) {
  static thread_local std::shared_ptr<const RpcSettings> recent;
  if (recent == nullptr || recent->options != options || recent->asked_limits != limits) {
    RpcSettings made{options, limits, limits};
    made.limits.message_bytes = (std::min)(limits.message_bytes, Scanner::longest);
    recent = std::make_shared<const RpcSettings>(made);
  }
  return recent;
}

void RpcServer::begin_work() {
  work_ = Spare<Work>::take();
  if (work_ == nullptr) work_ = std::make_unique<Work>();
  work_->scanner = Scanner(settings_->limits.depth);
  work_->body.codec = this;
}

void RpcServer::rest() noexcept {
  work_->scratch.clear();
  Spare<Work>::keep(std::move(work_));
}

Capabilities RpcServer::capabilities() const noexcept {
  Capabilities can;
  can.metadata = true;
  can.deadline = true;
  can.cancel = true;
  can.details = true;
  can.one_way = true;
  return can;
}

Result<bool> RpcServer::next_request(ByteQueue& input, IncomingRequest& request) {
  request.kind = RequestKind::call;
  request.head.method = {};
  request.head.tag.number = 0;
  request.head.tag.text.clear();
  request.head.wants_reply = true;
  request.head.timeout.reset();
  request.head.metadata.clear();
  request.refused = Status();
  request.body = nullptr;
  if (!failure_.ok()) return failure_;
  if (work_ != nullptr)
    work_->scratch.clear();
  else
    begin_work();
  Result<bool> found = cut(input, request);
  if (found.ok() && !*found && input.empty()) rest();
  return found;
}

Result<bool> RpcServer::cut(ByteQueue& input, IncomingRequest& request) {
  for (;;) {
    if (step_ == Step::start) {
      // Elements of a batch first: its text stays until the last of them is done with.
      while (work_->next_element < work_->elements.size())
        if (next_element(input.text(), request)) return true;
      work_->elements.clear();
      work_->next_element = 0;
      if (work_->elements.capacity() > kept_elements) work_->elements.shrink_to_fit();
    }
    input.consume(std::exchange(consumed_, 0));

    if (step_ == Step::start) {
      const std::string_view text = input.text();
      input.consume(static_cast<std::size_t>(skip_spaces(text.data(), text.data() + text.size()) - text.data()));
      if (input.empty()) return false;
      if (input.text().front() == '[') {
        step_ = Step::first_element;
        work_->element_from = 1;
        work_->element_count = 0;
      } else {
        step_ = Step::single;
        work_->scanner.start(0);
      }
    }

    // Not a byte more than tells that a message is too long: what comes of it must not hang on how much has come.
    const std::string_view text = input.text().substr(0, settings_->limits.message_bytes + 1);
    const bool is_batch = step_ != Step::single;
    const Scanner::Outcome outcome = is_batch ? scan_batch(text) : work_->scanner.run(text);
    if (outcome == Scanner::Outcome::malformed) {
      if (step_ == Step::single || step_ == Step::in_element) return give_up(work_->scanner.error(text));
      return give_up(Status::invalid_argument("json: a comma or a closing bracket expected at byte " +
                                              std::to_string(work_->element_from)));
    }
    const std::size_t size = outcome == Scanner::Outcome::more ? text.size()
                             : is_batch                        ? work_->element_from
                                                               : work_->scanner.position();
    if (size > settings_->limits.message_bytes)
      return give_up(Status::resource_exhausted("jsonrpc: a message of more than " +
                                                std::to_string(settings_->limits.message_bytes) + " bytes"));
    if (outcome == Scanner::Outcome::more) return false;
    step_ = Step::start;
    consumed_ = size;
    if (!is_batch) {
      bool delivered = false;
      Result<bool> ended = single_ended(text, request, delivered);
      if (!ended.ok() || delivered) return ended;
      continue;
    }
    spoke_v2_ = true;
    if (work_->element_count == 0) {
      refuse(request, tag_v2 | tag_invalid_request, null_id, Status::invalid_argument("jsonrpc: an empty batch"));
      return true;
    }
    if (work_->element_count > settings_->limits.batch) {
      work_->elements.clear();
      refuse(request, tag_v2, null_id,
             Status::resource_exhausted("jsonrpc: a batch of " + std::to_string(work_->element_count) +
                                        " calls, the limit is " + std::to_string(settings_->limits.batch)));
      return true;
    }
    begin_batch(text);
  }
}

Result<bool> RpcServer::single_ended(std::string_view text, IncomingRequest& request, bool& delivered) {
  const Envelope& envelope = work_->scanner.envelope();
  const char first = work_->scanner.first();
  Version version = Version::v1;
  if (first == '{') {
    if (envelope.exact(Member::jsonrpc).present()) version = Version::v2;
  } else if (spoke_v2_ || settings_->options.undecided == Version::v2) {
    version = Version::v2;
  } else if (first != 'n') {
    // Go's server closes without a word; null it takes for a request without members.
    return give_up(Status::invalid_argument("jsonrpc: a request must be an object"));
  }
  const Request found = version == Version::v2 ? understand_v2(first, envelope, text) : understand_v1(envelope, text);
  if (found.meaning == Meaning::broken) return give_up(Status::invalid_argument("jsonrpc: the method is not a string"));
  if (version == Version::v2) spoke_v2_ = true;
  delivered = deliver(found, version, 0, request);
  return delivered;
}

// ---- batches ----

Scanner::Outcome RpcServer::scan_batch(std::string_view text) {
  for (;;) {
    if (step_ != Step::in_element) {
      work_->element_from = static_cast<std::size_t>(
          skip_spaces(text.data() + work_->element_from, text.data() + text.size()) - text.data());
      if (work_->element_from == text.size()) return Scanner::Outcome::more;
    }
    switch (step_) {
      case Step::first_element:
        if (text[work_->element_from] == ']') {
          ++work_->element_from;
          return Scanner::Outcome::complete;
        }
        [[fallthrough]];
      case Step::element:
        work_->scanner.start(work_->element_from);
        step_ = Step::in_element;
        [[fallthrough]];
      case Step::in_element: {
        const Scanner::Outcome outcome = work_->scanner.run(text);
        if (outcome != Scanner::Outcome::complete) return outcome;
        // Past the limit they are only counted.
        if (++work_->element_count <= settings_->limits.batch)
          work_->elements.push_back({work_->scanner.envelope(), work_->scanner.first()});
        work_->element_from = work_->scanner.position();
        step_ = Step::after_element;
        break;
      }
      default:
        if (text[work_->element_from] == ']') {
          ++work_->element_from;
          return Scanner::Outcome::complete;
        }
        if (text[work_->element_from] != ',') return Scanner::Outcome::malformed;
        ++work_->element_from;
        step_ = Step::element;
    }
  }
}

void RpcServer::begin_batch(std::string_view text) {
  Batch batch;
  do {
    batch.serial = ++batch_serial_;
  } while (batch.serial == 0 ||
           std::any_of(batches_.begin(), batches_.end(), [&](const Batch& b) { return b.serial == batch.serial; }));
  for (const Element& element : work_->elements) {
    const Request found = understand_v2(element.first, element.envelope, text);
    if (found.meaning == Meaning::call || found.meaning == Meaning::invalid)
      assign_compact(batch.waiting.emplace_back(), found.id);
  }
  batch_serial_ = batch.serial;
  work_->next_element = 0;
  if (!batch.waiting.empty()) batches_.push_back(std::move(batch));
}

bool RpcServer::next_element(std::string_view text, IncomingRequest& request) {
  const Element& element = work_->elements[work_->next_element++];
  return deliver(understand_v2(element.first, element.envelope, text), Version::v2, batch_serial_, request);
}

// ---- requests ----

RpcServer::Request RpcServer::understand_v1(const Envelope& envelope, std::string_view text) const {
  Request request;
  request.method = envelope.folded(Member::method).in(text);
  request.params = envelope.folded(Member::params).in(text);
  request.id = envelope.folded(Member::id).in(text);
  request.extension = envelope.exact(Member::extension).in(text);
  if (is_null(request.method))
    request.method = {};
  else if (request.method.front() != '"')
    request.meaning = Meaning::broken;
  if (request.id.empty()) request.id = null_id;
  if (request.method == cancel_method && is_null(request.id)) request.meaning = Meaning::cancel;
  return request;
}

RpcServer::Request RpcServer::understand_v2(char first, const Envelope& envelope, std::string_view text) const {
  Request request;
  request.id = null_id;
  const auto invalid = [&request](std::string_view why) {
    request.meaning = Meaning::invalid;
    request.problem = why;
    return request;
  };
  if (first != '{') return invalid("jsonrpc: a request must be an object");
  const std::string_view version = envelope.exact(Member::jsonrpc).in(text);
  request.method = envelope.exact(Member::method).in(text);
  request.params = envelope.exact(Member::params).in(text);
  request.extension = envelope.exact(Member::extension).in(text);
  const std::string_view id = envelope.exact(Member::id).in(text);
  if (!id.empty()) {
    if (id.front() != '"' && id.front() != 'n' && !is_number_start(id.front()))
      return invalid("jsonrpc: the id must be a string, a number or null");
    request.id = id;
  }
  if (version != "\"2.0\"") return invalid("jsonrpc: the member \"jsonrpc\" must be \"2.0\"");
  if (request.method.empty() || request.method.front() != '"') return invalid("jsonrpc: the method must be a string");
  if (!request.params.empty() && request.params.front() != '[' && request.params.front() != '{')
    return invalid("jsonrpc: the params must be a list or an object");
  if (id.empty()) {
    request.id = {};
    request.meaning = request.method == cancel_method ? Meaning::cancel : Meaning::notification;
  }
  return request;
}

/// False: there is nothing to hand out.
bool RpcServer::deliver(const Request& found, Version version, std::uint32_t batch, IncomingRequest& request) {
  const std::uint64_t tag = (version == Version::v2 ? tag_v2 : 0) | std::uint64_t{batch} << tag_batch_shift;
  if (found.meaning == Meaning::invalid) {
    refuse(request, tag | tag_invalid_request, found.id, Status::invalid_argument(found.problem));
    return true;
  }
  if (found.meaning == Meaning::cancel) return deliver_cancel(found, version, request);

  const bool is_call = found.meaning == Meaning::call;
  Status problem;
  RequestHead& head = request.head;
  if (!found.method.empty()) {
    const std::string_view raw = found.method.substr(1, found.method.size() - 2);
    if (raw.find('\\') == std::string_view::npos) {
      head.method = raw;
    } else {
      char* const memory = work_->scratch.allocate(raw.size());
      head.method = {memory, static_cast<std::size_t>(unescape(raw, memory) - memory)};
    }
    if (raw.size() > settings_->limits.name_bytes)
      problem = Status::resource_exhausted("jsonrpc: a method name of " + std::to_string(raw.size()) + " bytes");
  }
  if (!found.extension.empty() && found.extension.front() == '{') {
    peer_extends_ = true;
    if (problem.ok()) problem = read_request_extension(found.extension, settings_->limits, head.timeout, head.metadata);
  }
  if (!problem.ok()) {
    head.method = {};
    head.metadata.clear();
    head.timeout.reset();
    if (!is_call) return false;
    refuse(request, tag, found.id, std::move(problem));
    return true;
  }
  head.tag.number = tag;
  head.wants_reply = is_call;
  if (is_call) assign_compact(head.tag.text, found.id);
  work_->body.version = version;
  work_->body.params = found.params;
  request.body = &work_->body;
  return true;
}

void RpcServer::refuse(IncomingRequest& request, std::uint64_t tag, std::string_view id, Status why) {
  request.head.tag.number = tag;
  assign_compact(request.head.tag.text, id);
  request.refused = std::move(why);
}

bool RpcServer::deliver_cancel(const Request& found, Version version, IncomingRequest& request) {
  std::string_view params = found.params;
  Scanner scanner(settings_->limits.depth);
  if (!params.empty() && params.front() == '[') {
    // By position: the object is the first element.
    params = {skip_spaces(params.data() + 1, params.data() + params.size()), params.data() + params.size()};
  }
  if (params.empty() || params.front() != '{') return false;
  scanner.start(0);
  if (scanner.run(params) != Scanner::Outcome::complete) return false;
  const Span id = scanner.envelope().exact(Member::id);
  if (!id.present()) return false;
  request.kind = RequestKind::cancel;
  request.head.wants_reply = false;
  request.cancels.number = version == Version::v2 ? tag_v2 : 0;
  assign_compact(request.cancels.text, id.in(params));
  for (const Batch& batch : batches_)
    if (std::find(batch.waiting.begin(), batch.waiting.end(), request.cancels.text) != batch.waiting.end())
      request.cancels.number = tag_v2 | std::uint64_t{batch.serial} << tag_batch_shift;
  return true;
}

// ---- replies ----

std::size_t RpcServer::waiting_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Batch& batch : batches_) bytes += batch.replies.size();
  return bytes;
}

Status RpcServer::write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) {
  if (head.tag.text.empty()) return {};  // a notification
  const bool is_v2 = (head.tag.number & tag_v2) != 0;
  const auto serial = static_cast<std::uint32_t>(head.tag.number >> tag_batch_shift);
  auto batch = batches_.end();
  if (serial != 0) {
    batch = std::find_if(batches_.begin(), batches_.end(), [serial](const Batch& b) { return b.serial == serial; });
    if (batch == batches_.end()) return Status::internal("jsonrpc: a reply to a batch that is answered already");
  }

  // What a batch asks for in one message it cannot have all at once: it waits here until the last reply is there.
  const bool is_full = batch != batches_.end() && waiting_bytes() > settings_->limits.message_bytes;
  const Status too_large =
      is_full ? Status::resource_exhausted("jsonrpc: the replies of a batch are larger than a message may be")
              : Status();
  const Status& status = is_full ? too_large : head.status;

  Sink sink(batch == batches_.end() ? output : batch->replies);
  if (batch != batches_.end()) sink.put(batch->replies.empty() ? '[' : ',');
  // What the handler returned cannot be sent: not the caller's fault.
  const auto result = [&] {
    Encoder encoder(sink, !is_v2 || settings_->options.escape_html, settings_->limits.depth);
    return encoder.value(plan_of(*body.shape), body.object) ? Status() : Status::internal(encoder.failure().message());
  };
  const bool announce = !is_v2 && peer_extends_ && !announced_;
  const auto extension = [&](const Status* shown) {
    const Metadata* const headers = is_full ? nullptr : head.headers;
    const Metadata* const trailers = is_full ? nullptr : head.trailers;
    if (peer_extends_) write_reply_extension(sink, headers, trailers, shown, announce);
  };

  if (is_v2) {
    sink.put(std::string_view("{\"jsonrpc\":\"2.0\",\"id\":"));
    sink.put(head.tag.text);
    if (status.ok()) {
      sink.put(std::string_view(",\"result\":"));
      if (Status written = result(); !written.ok()) return written;
    } else {
      sink.put(std::string_view(",\"error\":"));
      const std::int64_t code = (head.tag.number & tag_parse_error) != 0       ? parse_error
                                : (head.tag.number & tag_invalid_request) != 0 ? invalid_request
                                                                               : error_code(status);
      write_error(sink, code, status);
    }
    extension(nullptr);
    sink.put('}');
  } else {
    // The order of the members is Go's.
    sink.put(std::string_view("{\"id\":"));
    sink.put(head.tag.text);
    sink.put(std::string_view(",\"result\":"));
    if (status.ok()) {
      if (Status written = result(); !written.ok()) return written;
      sink.put(std::string_view(",\"error\":null"));
    } else {
      sink.put(std::string_view("null,\"error\":"));
      sink.string(status.message(), true);
    }
    extension(&status);
    sink.put('}');
  }
  if (batch == batches_.end()) sink.put('\n');
  sink.keep();
  if (announce) announced_ = true;

  if (batch != batches_.end()) {
    const auto waiting = std::find(batch->waiting.begin(), batch->waiting.end(), head.tag.text);
    if (waiting != batch->waiting.end()) batch->waiting.erase(waiting);
    if (batch->waiting.empty()) {
      output.append(batch->replies.text());
      output.append(std::string_view("]\n"));
      batches_.erase(batch);
    }
  }
  return {};
}

// ---- the end ----

/// Whether the peer takes an error without an id for what it is: it has spoken 2.0, or what is broken or unfinished is
/// a batch or has the member that says so.
bool RpcServer::may_tell() const noexcept {
  if (spoke_v2_ || settings_->options.undecided == Version::v2) return true;
  if (step_ == Step::start) return false;
  return step_ != Step::single || work_->scanner.envelope().exact(Member::jsonrpc).present();
}

Status RpcServer::give_up(Status why) {
  failure_ = std::move(why);
  return failure_;
}

void RpcServer::write_farewell(const Status& reason, ByteQueue& output) {
  const bool is_unfinished = step_ != Step::start;
  if ((failure_.ok() && !is_unfinished) || !may_tell()) return;
  const Status& why = failure_.ok() ? reason : failure_;
  Sink sink(output);
  sink.put(std::string_view("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"));
  write_error(sink, why.code() == StatusCode::invalid_argument ? parse_error : error_code(why), why);
  sink.put(std::string_view("}\n"));
  sink.keep();
}

}  // namespace polyrpc::json
