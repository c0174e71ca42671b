#pragma once

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "dictionary.hpp"
#include "reader.hpp"
#include "skip.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

namespace polyrpc::gob::detail {

/// Reads one value whose bytes have all arrived, and whose definitions are all known.
class Decoding : private Reader {
 public:
  Decoding(DictionaryCursor& dictionary, const TypeRegistry& names, const CodecLimits& limits) noexcept
      : dictionary_(dictionary),
        names_(names),
        limits_(limits),
        memory_left_((std::min)(limits.message_bytes, (std::numeric_limits<std::size_t>::max)() / 4) * 4) {}

  /// `begin` stands behind the type id, `end` at the end of that message, `limit` behind the value's last message.
  Status run(std::int32_t wire, const std::byte* begin, const std::byte* message_end, const std::byte* value_end,
             MessageSlot into);

  /// After an error: whether the bytes were no gob, not just unsuitable.
  bool malformed() const noexcept { return error != nullptr && !is_limit(error); }

 private:
  bool top(const Plan& plan, void* object);
  bool value(const Plan& plan, void* object);
  /// The same, for where many of the most common kinds come.
  bool element(const Plan& plan, void* object) {
    if (plan.op == Op::std_string) return string(object);
    if (plan.op != Op::int64) return value(plan, object);
    std::int64_t v = 0;
    if (!get_int(v)) return false;
    store(object, v);
    return true;
  }
  template <class Integer>
  bool signed_number(void* object);
  template <class Integer>
  bool unsigned_number(void* object);
  bool number32(void* object);
  bool complex(Op op, void* object);
  bool string(void* object);
  bool structure(const Plan& plan, void* object);
  bool bridged(const Plan& plan, void* object);
  bool list(const Plan& plan, void* object);
  bool adjacent(const Plan& plan, void* object, std::size_t count);
  bool elements(const Plan& element, std::byte* first, std::size_t count);
  template <class Number, class Take, class Read>
  bool numbers(std::byte* first, std::size_t count, Take take, Read read);
  bool array(const Plan& plan, void* object);
  bool map(const Plan& plan, void* object);
  bool byte_list(const Plan& plan, void* object);
  bool duration(const Plan& plan, void* object);
  bool enumeration(const Plan& plan, void* object);
  bool time(const Plan& plan, void* object);
  bool custom(const Plan& plan, void* object);
  bool optional(const Plan& plan, void* object);
  bool variant(const Plan& plan, void* object);
  bool any(const Plan& plan, void* object);
  bool skip(std::int32_t wire);

  bool interface_name(std::string_view& name);
  bool concrete_type(std::int32_t& wire);
  bool tree(std::int32_t wire, Value& into);
  bool tree_top(std::int32_t wire, Value& into);
  bool tree_defined(const WireType& type, Value& into);
  bool tree_interface(Value& into);

  bool count_of(const Plan& plan, std::uint64_t& count);
  bool charge(std::size_t bytes) {
    if (bytes > memory_left_) return fail(too_much_memory);
    memory_left_ -= bytes;
    return true;
  }
  bool enter();
  void leave() noexcept { --depth_; }
  bool reject(Status why);
  bool out_of_range();
  bool in_field(const Plan& plan, std::uint32_t number);
  bool in_part(const char* of_what);

  DictionaryCursor& dictionary_;
  const TypeRegistry& names_;
  const CodecLimits& limits_;
  std::size_t depth_ = 0;
  std::size_t memory_left_;   // to be asked for by lists, maps and pointers, beside the message itself
  Status status_;             // why the value does not suit, where `error` does not say
  std::string out_of_range_;  // the path to a number that does not fit, from its innermost part out
  bool naming_ = false;       // that path is not complete
};

}  // namespace polyrpc::gob::detail
