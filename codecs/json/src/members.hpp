#pragma once

#include "decoder.hpp"

#include <string>
#include <string_view>

namespace polyrpc::json {

inline constexpr ReadRules checked_text = {.any_case = false, .refuse_unknown = false, .checked = true};

/// Calls `visit(name, raw value)` for each member of an object in checked text; for what is no object, not at all.
template <class Visit>
void for_each_member(std::string_view object, const CodecLimits& limits, Visit visit) {
  Decoder decoder(object, checked_text, limits, nullptr);
  if (!decoder.take('{') || decoder.take('}')) return;
  do {
    std::string_view found;
    if (!decoder.text(found)) return;
    const std::string name(found);
    decoder.take(':');
    decoder.peek();
    const char* const start = decoder.position();
    if (!decoder.skip()) return;
    visit(std::string_view(name), std::string_view(start, static_cast<std::size_t>(decoder.position() - start)));
  } while (decoder.take(','));
}

/// Calls `visit(raw element)` for each element of a list in checked text; for what is no list, not at all.
template <class Visit>
void for_each_element(std::string_view list, const CodecLimits& limits, Visit visit) {
  Decoder decoder(list, checked_text, limits, nullptr);
  if (!decoder.take('[') || decoder.take(']')) return;
  do {
    decoder.peek();
    const char* const start = decoder.position();
    if (!decoder.skip()) return;
    visit(std::string_view(start, static_cast<std::size_t>(decoder.position() - start)));
  } while (decoder.take(','));
}

/// The text of a checked string; empty for what is no string.
inline std::string text_of(std::string_view raw, const CodecLimits& limits) {
  Decoder decoder(raw, checked_text, limits, nullptr);
  std::string_view text;
  return decoder.peek() == '"' && decoder.text(text) ? std::string(text) : std::string();
}

}  // namespace polyrpc::json
