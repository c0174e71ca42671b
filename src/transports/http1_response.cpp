#include "http1_response.hpp"

#include "http1_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>

namespace polyrpc::http1 {

namespace {

constexpr std::size_t number_room = 20;
constexpr std::size_t fixed_room = 256;  // everything of a head that is not of the caller's making

/// Appends to memory that is known to be large enough.
class Writer {
 public:
  explicit Writer(ByteQueue& output, std::size_t room)
      : output_(output), begin_(reinterpret_cast<char*>(output.prepare(room).data())), end_(begin_) {}

  Writer& text(std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
    return *this;
  }
  Writer& number(std::size_t value, int base = 10) noexcept {
    end_ = std::to_chars(end_, end_ + number_room, value, base).ptr;
    return *this;
  }
  void commit() noexcept { output_.commit(static_cast<std::size_t>(end_ - begin_)); }

 private:
  ByteQueue& output_;
  char* begin_;
  char* end_;
};

bool is_servers_own(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 7> own = {
      "connection", "content-length", "transfer-encoding", "date", "keep-alive", "upgrade", "trailer"};
  return std::any_of(own.begin(), own.end(), [&](std::string_view text) { return equal_ignoring_case(text, name); });
}

void two_digits(char* at, unsigned value) noexcept {
  at[0] = static_cast<char>('0' + value / 10 % 10);
  at[1] = static_cast<char>('0' + value % 10);
}

constexpr std::size_t date_size = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1;

void write_date(char* at, std::int64_t unix_seconds) noexcept {
  using namespace std::chrono;
  const sys_seconds time{seconds(unix_seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::memcpy(at, "Sun, 06 Nov 1994 08:49:37 GMT", date_size);
  std::memcpy(at, &"SunMonTueWedThuFriSat"[weekday(day).c_encoding() * 3], 3);
  two_digits(at + 5, static_cast<unsigned>(date.day()));
  std::memcpy(at + 8, &"JanFebMarAprMayJunJulAugSepOctNovDec"[(static_cast<unsigned>(date.month()) - 1) * 3], 3);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  two_digits(at + 12, year / 100);
  two_digits(at + 14, year % 100);
  two_digits(at + 17, static_cast<unsigned>(clock.hours().count()));
  two_digits(at + 20, static_cast<unsigned>(clock.minutes().count()));
  two_digits(at + 23, static_cast<unsigned>(clock.seconds().count()));
}

std::string lowered(std::string_view text) {
  std::string low(text);
  for (char& c : low) c = http::lower_case(c);
  return low;
}

}  // namespace

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string format_date(std::int64_t unix_seconds) {
  std::string text(date_size, ' ');
  write_date(text.data(), unix_seconds);
  return text;
}

std::string_view date_now() noexcept {
  thread_local std::time_t second = -1;
  thread_local char text[date_size];
  const std::time_t now = std::time(nullptr);
  if (now != second) {
    second = now;
    write_date(text, now);
  }
  return {text, date_size};
}

void write_head(ByteQueue& output, int status, std::string_view content_type, BodyLength length,
                const Delivery& delivery, std::string_view lines) {
  Writer writer(output, fixed_room + content_type.size() + lines.size());
  if (status == 200)
    writer.text("HTTP/1.1 200 OK\r\n");
  else
    writer.text("HTTP/1.1 ").number(static_cast<std::size_t>(status)).text(" ").text(reason_of(status)).text("\r\n");
  if (!content_type.empty()) writer.text("Content-Type: ").text(content_type).text("\r\n");
  writer.text("Date: ").text(date_now()).text("\r\n");
  if (may_have_body(status)) {
    switch (length.kind) {
      case BodyLength::Kind::known:
        writer.text("Content-Length: ").number(length.bytes).text("\r\n");
        break;
      case BodyLength::Kind::chunked:
        writer.text("Transfer-Encoding: chunked\r\n");
        break;
      case BodyLength::Kind::until_close:
        break;
    }
  }
  if (!delivery.keep_alive)
    writer.text("Connection: close\r\n");
  else if (delivery.minor_version == 0)
    writer.text("Connection: keep-alive\r\n");
  writer.text(lines).text("\r\n").commit();
}

void write_answer(ByteQueue& output, int status, std::string_view content_type, std::string_view body,
                  const Delivery& delivery, std::string_view lines) {
  if (!may_have_body(status)) body = {};
  write_head(output, status, content_type, {BodyLength::Kind::known, body.size()}, delivery, lines);
  if (!delivery.is_head) output.append(body);
}

void write_refusal(ByteQueue& output, int status, std::string_view why, const Delivery& delivery,
                   std::string_view lines) {
  std::string body = std::to_string(status) + ' ' + lowered(reason_of(status));
  if (!why.empty()) body.append(": ").append(why);
  body += '\n';
  write_answer(output, status, "text/plain; charset=utf-8", body, delivery, lines);
}

void write_chunk(ByteQueue& output, std::string_view data) {
  if (data.empty()) return;
  Writer(output, number_room + data.size() + 4).number(data.size(), 16).text("\r\n").text(data).text("\r\n").commit();
}

void write_last_chunk(ByteQueue& output) { output.append("0\r\n\r\n"); }

std::string lines_of(const connect::Fields& fields) {
  std::string lines;
  for (const auto& [name, value] : fields) lines.append(name).append(": ").append(value).append("\r\n");
  return lines;
}

FieldLines field_lines(const http::Response& response) {
  FieldLines made;
  bool has_type = false;
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || !is_field_value(value) || is_servers_own(name)) {
      ++made.left_out;
    } else if (equal_ignoring_case(name, "content-type")) {
      if (has_type) ++made.left_out;
      if (!has_type) made.content_type = value;
      has_type = true;
    } else {
      made.lines.append(name).append(": ").append(value).append("\r\n");
    }
  }
  return made;
}

}  // namespace polyrpc::http1
