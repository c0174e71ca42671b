#include "scanner.hpp"

#include "text.hpp"

#include <algorithm>
#include <string>

namespace polyrpc::json {

namespace {

struct MemberName {
  Member member;
  bool exact;
};

MemberName match_member(std::string_view name) noexcept {
  const auto candidate = [name](Member member, std::string_view wanted) -> MemberName {
    if (name == wanted) return {member, true};
    return {equal_folded(name, wanted) ? member : Member::other, false};
  };
  switch (name.size()) {
    case 2:
      return candidate(Member::id, "id");
    case 5:
      return candidate(Member::error, "error");
    case 6: {
      MemberName found = candidate(Member::method, "method");
      if (found.member == Member::other) found = candidate(Member::params, "params");
      if (found.member == Member::other) found = candidate(Member::result, "result");
      return found;
    }
    case 7: {
      MemberName found = candidate(Member::jsonrpc, "jsonrpc");
      if (found.member == Member::other) found = candidate(Member::extension, extension_name);
      return found;
    }
    default:
      return {Member::other, false};
  }
}

constexpr std::size_t longest_escaped_name = 7 * 6;

}  // namespace

void Scanner::start(std::size_t position) noexcept {
  envelope_.clear();
  position_ = begin_ = position;
  depth_ = 0;
  kinds_ = 0;
  outer_kinds_.clear();
  if (outer_kinds_.capacity() != 0) outer_kinds_.shrink_to_fit();
  state_ = State::value;
  problem_ = Problem::none;
  member_ = Member::other;
  begun_ = false;
  first_ = 0;
}

void Scanner::push(bool is_object) {
  if (depth_ % 64 == 0 && depth_ != 0) {
    outer_kinds_.push_back(kinds_);
    kinds_ = 0;
  }
  kinds_ = kinds_ << 1 | (is_object ? 1 : 0);
  ++depth_;
}

void Scanner::pop() noexcept {
  kinds_ >>= 1;
  --depth_;
  if (depth_ % 64 == 0 && depth_ != 0) {
    kinds_ = outer_kinds_.back();
    outer_kinds_.pop_back();
  }
}

void Scanner::take_key(std::string_view raw, bool escapes) noexcept {
  std::array<char, longest_escaped_name> plain;
  if (escapes) {
    if (raw.size() > plain.size()) {
      member_ = Member::other;
      return;
    }
    raw = {plain.data(), static_cast<std::size_t>(unescape(raw, plain.data()) - plain.data())};
  }
  const MemberName name = match_member(raw);
  member_ = name.member;
  member_exact_ = name.exact;
}

Scanner::Outcome Scanner::run(std::string_view text) {
  const char* const base = text.data();
  const char* const end = base + text.size();
  const char* p = base + position_;
  const auto offset = [base](const char* at) { return static_cast<std::size_t>(at - base); };
  const auto stop = [&](State state) {
    position_ = offset(p);
    state_ = state;
    return Outcome::more;
  };
  const auto fail = [&](Problem problem) {
    position_ = offset(p);
    problem_ = problem;
    return Outcome::malformed;
  };
  const auto fail_string = [&](StringEnd why) {
    return fail(why == StringEnd::control  ? Problem::control
                : why == StringEnd::escape ? Problem::escape
                                           : Problem::encoding);
  };
  if (problem_ != Problem::none) return Outcome::malformed;

  switch (state_) {
    case State::value:
      goto value;
    case State::value_or_end:
      goto value_or_end;
    case State::key_or_end:
      goto key_or_end;
    case State::key:
      goto key;
    case State::colon:
      goto colon;
    case State::after:
      goto after;
    case State::in_string:
      goto in_string;
    case State::in_key:
      goto in_key;
    case State::in_number:
      goto in_number;
  }

value_or_end:
  p = skip_spaces(p, end);
  if (p == end) return stop(State::value_or_end);
  if (*p == ']') goto close;

value:
  p = skip_spaces(p, end);
  if (p == end) return stop(State::value);
  if (depth_ == 0 && !begun_) {
    begun_ = true;
    begin_ = offset(p);
    first_ = *p;
  } else if (depth_ == 1) {
    member_begin_ = offset(p);
  }
  switch (*p) {
    case '"':
      ++p;
      escapes_ = false;
      goto in_string;
    case '{':
      if (depth_ >= depth_limit_) return fail(Problem::depth);
      push(true);
      ++p;
      goto key_or_end;
    case '[':
      if (depth_ >= depth_limit_) return fail(Problem::depth);
      push(false);
      ++p;
      goto value_or_end;
    case 't':
    case 'f':
    case 'n': {
      const std::string_view literal = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
      const std::size_t there = (std::min)(literal.size(), static_cast<std::size_t>(end - p));
      if (literal.substr(0, there) != std::string_view(p, there)) return fail(Problem::literal);
      if (there < literal.size()) return stop(State::value);
      p += there;
      goto after;
    }
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
      part_ = NumberPart::start;
      goto in_number;
    default:
      return fail(Problem::unexpected);
  }

in_number:
  p = scan_number(p, end, part_);
  if (p == end) return stop(State::in_number);
  if (!is_complete(part_)) return fail(Problem::number);
  goto after;

in_string : {
  const StringEnd why = scan_short_string(p, end, escapes_);
  if (why == StringEnd::more) return stop(State::in_string);
  if (why != StringEnd::quote) return fail_string(why);
  ++p;
  goto after;
}

after:
  if (depth_ <= 1) {
    if (depth_ == 0) {
      position_ = offset(p);
      return Outcome::complete;
    }
    if (member_ != Member::other) {
      envelope_.set(member_, member_exact_,
                    {static_cast<std::uint32_t>(member_begin_), static_cast<std::uint32_t>(offset(p))});
      member_ = Member::other;
    }
  }
  p = skip_spaces(p, end);
  if (p == end) return stop(State::after);
  if (*p == ',') {
    ++p;
    if ((kinds_ & 1) != 0) goto key;
    goto value;
  }
  if (*p != ((kinds_ & 1) != 0 ? '}' : ']')) return fail(Problem::unexpected);

close:
  ++p;
  pop();
  goto after;

key_or_end:
  p = skip_spaces(p, end);
  if (p == end) return stop(State::key_or_end);
  if (*p == '}') goto close;

key:
  p = skip_spaces(p, end);
  if (p == end) return stop(State::key);
  if (*p != '"') return fail(Problem::unexpected);
  ++p;
  token_ = offset(p);
  escapes_ = false;

in_key : {
  const StringEnd why = scan_short_string(p, end, escapes_);
  if (why == StringEnd::more) return stop(State::in_key);
  if (why != StringEnd::quote) return fail_string(why);
  if (depth_ == 1) take_key(text.substr(token_, offset(p) - token_), escapes_);
  ++p;
}

colon:
  p = skip_spaces(p, end);
  if (p == end) return stop(State::colon);
  if (*p != ':') return fail(Problem::unexpected);
  ++p;
  goto value;
}

bool Scanner::complete_at_end() const noexcept {
  return depth_ == 0 && state_ == State::in_number && is_complete(part_);
}

Status Scanner::error(std::string_view text) const {
  const std::string where = " at byte " + std::to_string(position_ - begin_);
  const auto seen = [&] {
    if (position_ >= text.size()) return std::string("end of text");
    const char c = text[position_];
    if (c > ' ' && c <= '~') return std::string("'") + c + "'";
    constexpr char digits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    return std::string("byte 0x") + digits[byte >> 4] + digits[byte & 0xF];
  };
  switch (problem_) {
    case Problem::depth:
      return Status::resource_exhausted("json: nested deeper than " + std::to_string(depth_limit_) + " levels");
    case Problem::literal:
      return Status::invalid_argument("json: invalid literal" + where);
    case Problem::number:
      return Status::invalid_argument("json: invalid number" + where);
    case Problem::control:
      return Status::invalid_argument("json: control character in a string" + where);
    case Problem::escape:
      return Status::invalid_argument("json: invalid escape in a string" + where);
    case Problem::encoding:
      return Status::invalid_argument("json: a string is not UTF-8" + where);
    case Problem::none:
      return Status::invalid_argument("json: unexpected end of text");
    case Problem::unexpected:
      break;
  }
  return Status::invalid_argument("json: unexpected " + seen() + where);
}

}  // namespace polyrpc::json
