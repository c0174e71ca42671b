#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/core/any.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/status.hpp"

#include "chars.hpp"
#include "plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace polyrpc::json {

struct DynamicOps;

/// How to read.
struct ReadRules {
  bool any_case = false;         ///< field names match in any case
  bool refuse_unknown = false;   ///< members that the struct does not have are errors
  bool checked = false;          ///< the text is known to be well-formed JSON: a `Scanner` has seen it
  bool numbers_in_text = false;  ///< numbers may stand in strings too
};

/// Reads the whole of `text`, one value and white space around it.
Status decode_whole(std::string_view text, MessageSlot into, const ReadRules& rules, const CodecLimits& limits,
                    Scratch* scratch);

/// Reads JSON text into objects, one value after the other. Functions return false when `failure` says why.
class Decoder {
 public:
  Decoder(std::string_view text, const ReadRules& rules, const CodecLimits& limits, Scratch* scratch) noexcept;

  /// The next value, into `object`.
  bool value(const Plan& plan, void* object);
  /// A list whose elements are the fields of a structure, in order. At most so many; missing ones keep their values.
  bool positions(const Plan& plan, void* object);
  /// Passes over the next value.
  bool skip();

  /// The next character that is not white space; 0 at the end.
  char peek() noexcept {
    p_ = skip_spaces(p_, end_);
    return p_ == end_ ? '\0' : *p_;
  }
  /// Takes the next character if it is this one.
  bool take(char c) noexcept {
    if (peek() != c) return false;
    ++p_;
    return true;
  }
  /// A string as text, good until the next is read, or for as long as the JSON text.
  bool text(std::string_view& text);

  const char* position() const noexcept { return p_; }
  void go_back(const char* position) noexcept { p_ = position; }

  bool fail(Status why);
  /// Takes the failure out, so that reading can go on from elsewhere.
  Status take_failure() noexcept { return std::move(failure_); }
  const Status& failure() const noexcept { return failure_; }
  /// Something other than what JSON wants here.
  bool fail_syntax(std::string_view wanted);
  /// A value that does not fit the type; the cursor stands on it.
  bool fail_type(const Plan& plan);

 private:
  struct Text {
    std::string_view raw;
    bool escapes = false;
  };

  bool structure(const Plan& plan, void* object);
  bool list(const Plan& plan, void* object);
  bool array(const Plan& plan, void* object);
  bool map(const Plan& plan, void* object);
  bool map_key(const Plan& plan, void* key, std::string_view text);
  bool variant(const Plan& plan, void* object);
  bool any(Any& object);
  bool dynamic(const DynamicOps& ops, void* object);
  bool bridged(const Plan& plan, void* object);
  bool string(const Plan& plan, void* object);
  bool bytes(const Plan& plan, void* object);
  bool time(const Plan& plan, void* object);
  bool enum_name(const Plan& plan, void* object);
  bool custom(const Plan& plan, void* object);
  bool boolean(const Plan& plan, bool& object);
  template <class Integer>
  bool integer(const Plan& plan, void* object);
  template <class Float>
  bool real(const Plan& plan, void* object);
  template <class Integer>
  bool integer_in_text(const Plan& plan, void* object);
  template <class Float>
  bool real_in_text(const Plan& plan, void* object);
  bool null(const Plan& plan, void* object);

  bool raw_string(Text& text);
  bool number_text(std::string_view& number);
  bool literal(std::string_view word);
  std::string_view plain(const Text& text, std::string& buffer);
  bool next_in_list(bool& first, bool& done);
  /// Takes from what objects may use together; `count` elements are in the container then.
  bool charge(std::size_t bytes, std::size_t count) {
    if (count > limits_.elements || bytes > memory_left_) [[unlikely]]
      return fail_charge(count);
    memory_left_ -= bytes;
    return true;
  }
  bool fail_charge(std::size_t count);
  bool enter();
  void leave() noexcept { --depth_; }
  bool fail_number(const Plan& plan, std::string_view number);
  std::string type_in_words(const Plan& plan) const;

  const char* p_;
  const char* end_;
  const char* begin_;
  ReadRules rules_;
  const CodecLimits& limits_;
  Scratch* scratch_;
  std::size_t depth_limit_;
  std::size_t depth_ = 0;
  std::size_t memory_left_;      // bytes of objects that elements may still take
  std::size_t retries_left_;     // bytes that alternatives of variants may still read in vain
  const Plan* owner_ = nullptr;  // of the field being read, for error texts
  const PlanField* field_ = nullptr;
  std::string buffer_;
  Status failure_;
};

/// Makes an object what it is when value-initialised.
void reset(const Plan& plan, void* object);

}  // namespace polyrpc::json
