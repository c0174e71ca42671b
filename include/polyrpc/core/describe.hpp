#pragma once

#include "polyrpc/core/shape.hpp"

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// How a C++ type gets its `Shape`: built-in types, containers and smart pointers by themselves, structs and enums by a
/// macro
/// (`POLYRPC_DESCRIBE`) or by a specialisation of `Describe`, types that encode themselves by their member functions.
namespace polyrpc {

/// Describes a type by hand, where the macro does not fit. A specialisation has `static constexpr std::string_view
/// name`, and `static constexpr auto fields()` returning a `std::array<Field, N>` made with `describe_field`; or, for
/// an enum, `static constexpr auto enumerators()` returning a `std::array<Enumerator, N>` and `static constexpr bool
/// by_name`.
template <class T>
struct Describe {};

/// The one shape of `T`; its address is `T`'s identity.
template <class T>
const Shape& shape_of() noexcept;

template <class T>
MessageRef message_ref(const T& object) noexcept {
  return {&object, &shape_of<T>()};
}
template <class T>
MessageSlot message_slot(T& object) noexcept {
  return {&object, &shape_of<T>()};
}

namespace detail {

// The friend is declared here, so that argument-dependent look-up finds it, and defined by Inject, wherever the macro
// stands.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
template <class T>
struct Tag {
  friend constexpr auto polyrpc_provider(Tag<T>);
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

template <class T, class Provider>
struct Inject {
  friend constexpr auto polyrpc_provider(Tag<T>) { return Provider{}; }
  static constexpr bool done = true;
};

template <class T>
inline constexpr bool dependent_false = false;

template <class T>
struct ShapeHolder {
  static const Shape value;
};

template <class T>
concept DescribedByHand = requires { Describe<T>::name; };
template <class T>
concept DescribedInside = requires { polyrpc_member_provider(Tag<T>{}); };
template <class T>
concept DescribedByMacro = requires { polyrpc_provider(Tag<T>{}); };
template <class T>
concept Described = DescribedByHand<T> || DescribedInside<T> || DescribedByMacro<T>;

template <class T>
constexpr auto description() {
  if constexpr (DescribedByHand<T>)
    return Describe<T>{};
  else if constexpr (DescribedInside<T>)
    return polyrpc_member_provider(Tag<T>{});
  else
    return polyrpc_provider(Tag<T>{});
}
template <class T>
using Description = decltype(description<T>());

template <class T>
constexpr std::string_view description_name() {
  if constexpr (DescribedByHand<T>)
    return Describe<T>::name;
  else
    return Description<T>::name();
}
template <class T>
constexpr bool travels_by_name() {
  if constexpr (DescribedByHand<T>)
    return Describe<T>::by_name;
  else
    return Description<T>::by_name();
}

/// `geo::Point` to `Point`, `Box<int>` stays: what stands behind the last `::` outside angle brackets.
constexpr std::string_view unqualified(std::string_view name) noexcept {
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>') --depth;
    if (depth == 0 && name[i] == ':') start = i + 1;
    if (i == start && name[i] == ' ') start = i + 1;
  }
  return name.substr(start);
}

/// What the macro's parentheses say of a field besides the member.
struct FieldNaming {
  std::string_view name;
  std::uint32_t number = 0;

  constexpr FieldNaming(std::string_view member) : name(member) {}
  constexpr FieldNaming(std::string_view, std::string_view wire_name, std::uint32_t field_number = 0)
      : name(wire_name), number(field_number) {}
  constexpr FieldNaming(std::string_view member, int field_number)
      : name(member), number(static_cast<std::uint32_t>(field_number)) {}
};

template <class E>
constexpr Enumerator make_enumerator(std::string_view member, E value) {
  return {member, static_cast<std::int64_t>(value)};
}
template <class E>
constexpr Enumerator make_enumerator(std::string_view, E value, std::string_view name) {
  return {name, static_cast<std::int64_t>(value)};
}

/// Stands behind the last item, so that every item has a comma behind it.
struct ListEnd {
  template <class Item>
  constexpr operator Item() const {
    return Item{};
  }
};

/// The items before the `ListEnd`, as an array.
template <class Item, class... Items>
constexpr auto gather(const Items&... items) {
  const Item all[] = {items...};
  std::array<Item, sizeof...(Items) - 1> list{};
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = all[i];
  return list;
}

template <class Derived, class BaseType>
constexpr Base make_base() {
  static_assert(std::is_base_of_v<BaseType, Derived>,
                "polyrpc: a base in POLYRPC_DESCRIBE_DERIVED is not a base class");
  static_assert(
      requires(BaseType* base) { static_cast<Derived*>(base); },
      "polyrpc: a base in POLYRPC_DESCRIBE_DERIVED is virtual, ambiguous or private");
  return {&ShapeHolder<BaseType>::value, [] {
            // No object is touched: the conversion of a non-virtual base adds a constant.
            alignas(Derived) static std::byte place[sizeof(Derived)];
            auto* derived = reinterpret_cast<Derived*>(place);
            return static_cast<std::size_t>(reinterpret_cast<std::byte*>(static_cast<BaseType*>(derived)) - place);
          }};
}

template <class T>
constexpr Shape basic_shape(Kind kind) {
  Shape shape;
  shape.kind = kind;
  shape.size = sizeof(T);
  shape.align = alignof(T);
  if constexpr (std::is_default_constructible_v<T>) shape.construct = [](void* place) { ::new (place) T(); };
  shape.destroy = [](void* object) { static_cast<T*>(object)->~T(); };
  return shape;
}

template <class T>
T& as(void* object) noexcept {
  return *static_cast<T*>(object);
}
template <class T>
const T& as(const void* object) noexcept {
  return *static_cast<const T*>(object);
}

// ---- what a type is ----

template <class T>
concept CharacterLike = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                        std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept ByteLike = std::same_as<T, std::byte> || std::same_as<T, std::uint8_t>;
template <class T>
concept Integer = std::is_integral_v<T> && sizeof(T) <= 8 && !std::same_as<T, bool> && !CharacterLike<T>;

template <class T>
concept Complex = requires(const T& v) {
  typename T::value_type;
  v.real();
  v.imag();
  requires std::same_as<typename T::value_type, float> || std::same_as<typename T::value_type, double>;
  requires sizeof(T) == 2 * sizeof(typename T::value_type);
};

template <class T, template <class...> class Template>
inline constexpr bool is_specialisation = false;
template <template <class...> class Template, class... Args>
inline constexpr bool is_specialisation<Template<Args...>, Template> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_dynamic_span = false;
template <class T>
inline constexpr bool is_dynamic_span<std::span<T, std::dynamic_extent>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <class T>
inline constexpr bool is_sys_time = false;
template <class Duration>
inline constexpr bool is_sys_time<std::chrono::time_point<std::chrono::system_clock, Duration>> = true;

template <class T>
concept MapLike = requires(T& c, const T& k) {
  typename T::key_type;
  typename T::mapped_type;
  c.insert_or_assign(std::declval<typename T::key_type>(), std::declval<typename T::mapped_type>());
  k.begin();
  k.size();
};
template <class T>
concept SetLike = requires(T& c, const T& k) {
  typename T::key_type;
  c.insert(std::declval<typename T::key_type>());
  k.begin();
  k.size();
} && !requires { typename T::mapped_type; };
/// Its elements stand in order, and mostly come so: the end is the place to try first.
template <class T>
concept Ordered = requires(T& c) {
  typename T::key_compare;
  c.emplace_hint(c.end());
};
template <class T>
concept SequenceLike = requires(T& c, const T& k) {
  typename T::value_type;
  c.push_back(std::declval<typename T::value_type>());
  c.clear();
  k.begin();
  k.size();
};

template <class T>
concept EncodesText = requires(const T& v) { v.marshal_text(); } && requires(T& v, std::string_view t) {
  { v.unmarshal_text(t) } -> std::same_as<Status>;
};
template <class T>
concept EncodesBinary = requires(const T& v) { v.marshal_binary(); } && requires(T& v, std::span<const std::byte> b) {
  { v.unmarshal_binary(b) } -> std::same_as<Status>;
};
template <class T>
concept EncodesGob = requires(const T& v) { v.gob_encode(); } && requires(T& v, std::span<const std::byte> b) {
  { v.gob_decode(b) } -> std::same_as<Status>;
};
template <class T>
concept EncodesItself = EncodesText<T> || EncodesBinary<T> || EncodesGob<T>;

/// What a self-encoding member may return: text or bytes, or a Result of these.
template <class Encoded>
Status take_encoded(Encoded&& encoded, std::string& out) {
  if constexpr (requires { encoded.status(); }) {
    if (!encoded.ok()) return encoded.status();
    return take_encoded(*std::forward<Encoded>(encoded), out);
  } else if constexpr (std::is_convertible_v<Encoded, std::string_view>) {
    out.assign(std::string_view(encoded));
    return {};
  } else {
    std::span<const std::byte> bytes = std::as_bytes(std::span(encoded));
    out.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
}

template <class T>
constexpr void check_can_be_made() {
  static_assert(
      std::is_default_constructible_v<T>,
      "polyrpc: what a container, an optional, a smart pointer or a variant holds needs a default constructor");
}

// ---- operation tables, one per type ----

template <class T>
struct StringTable {
  static constexpr StringOps ops = {
      [](const void* o) { return std::string_view(as<T>(o)); },
      [](void* o, std::string_view text) { as<T>(o) = T(text); },
  };
};
template <>
struct StringTable<std::string> {
  static constexpr StringOps ops = {
      [](const void* o) { return std::string_view(as<std::string>(o)); },
      [](void* o, std::string_view text) { as<std::string>(o).assign(text); },
  };
};

template <class T>
struct BytesTable {
  using Element = typename T::value_type;
  static constexpr BytesOps ops = {
      [](const void* o) { return std::as_bytes(std::span(as<T>(o))); },
      [](void* o, std::span<const std::byte> bytes) {
        const auto* first = reinterpret_cast<const Element*>(bytes.data());
        as<T>(o).assign(first, first + bytes.size());
      },
      [](void* o, std::size_t size) {
        as<T>(o).resize(size);
        return reinterpret_cast<std::byte*>(as<T>(o).data());
      },
  };
};
template <class Element>
struct BytesTable<std::span<Element>> {
  static constexpr BytesOps ops = {
      [](const void* o) { return std::as_bytes(as<std::span<Element>>(o)); },
      [](void* o, std::span<const std::byte> bytes) {
        as<std::span<Element>>(o) = {reinterpret_cast<Element*>(bytes.data()), bytes.size()};
      },
      nullptr,
  };
};

template <class T>
struct ListTable {
  using Element = typename T::value_type;
  static constexpr bool contiguous = requires(T& c) {
    { c.data() } -> std::same_as<Element*>;
    c.resize(std::size_t{1});
  };

  static constexpr ListOps make() {
    check_can_be_made<Element>();
    ListOps table{};
    table.size = [](const void* o) { return static_cast<std::size_t>(as<T>(o).size()); };
    table.for_each = [](const void* o, FunctionRef<bool(const void*)> visit) {
      for (const auto& element : as<T>(o)) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(element)>, Element>) {
          if (!visit(&element)) return;
        } else {
          const Element copy = element;  // vector<bool>
          if (!visit(&copy)) return;
        }
      }
    };
    table.clear = [](void* o) { as<T>(o).clear(); };
    if constexpr (requires(T& c) { c.reserve(std::size_t{1}); })
      table.reserve = [](void* o, std::size_t count) { as<T>(o).reserve(count); };
    if constexpr (contiguous) {
      table.data = [](const void* o) { return static_cast<const void*>(as<T>(o).data()); };
      table.resize = [](void* o, std::size_t count) {
        as<T>(o).resize(count);
        return static_cast<void*>(as<T>(o).data());
      };
    }
    table.add = [](void* o, FunctionRef<Status(void*)> fill) {
      Element element{};
      Status status = fill(&element);
      if (!status.ok()) return status;
      if constexpr (SetLike<T> && Ordered<T>)
        as<T>(o).insert(as<T>(o).end(), std::move(element));
      else if constexpr (SetLike<T>)
        as<T>(o).insert(std::move(element));
      else
        as<T>(o).push_back(std::move(element));
      return status;
    };
    return table;
  }
  static constexpr ListOps ops = make();
};
template <class Element>
struct ListTable<std::span<Element>> {
  using Span = std::span<Element>;
  static constexpr ListOps make() {
    ListOps table{};
    table.size = [](const void* o) { return as<Span>(o).size(); };
    table.data = [](const void* o) { return static_cast<const void*>(as<Span>(o).data()); };
    table.for_each = [](const void* o, FunctionRef<bool(const void*)> visit) {
      for (const auto& element : as<Span>(o))
        if (!visit(&element)) return;
    };
    table.clear = [](void* o) { as<Span>(o) = {}; };
    table.add = [](void*, FunctionRef<Status(void*)>) {
      return Status::internal("polyrpc: a span can be sent, not received");
    };
    table.read_only = true;
    return table;
  }
  static constexpr ListOps ops = make();
};

template <class T>
struct MapTable {
  using Key = typename T::key_type;
  using Element = typename T::mapped_type;
  static constexpr MapOps make() {
    check_can_be_made<Key>();
    check_can_be_made<Element>();
    MapOps table{};
    table.size = [](const void* o) { return static_cast<std::size_t>(as<T>(o).size()); };
    table.for_each = [](const void* o, FunctionRef<bool(const void*, const void*)> visit) {
      for (const auto& [key, element] : as<T>(o))
        if (!visit(&key, &element)) return;
    };
    table.clear = [](void* o) { as<T>(o).clear(); };
    table.reserve = nullptr;
    if constexpr (requires(T& c) { c.reserve(std::size_t{1}); })
      table.reserve = [](void* o, std::size_t count) { as<T>(o).reserve(count); };
    table.add = [](void* o, FunctionRef<Status(void*, void*)> fill) {
      Key key{};
      Element element{};
      Status status = fill(&key, &element);
      if (!status.ok()) return status;
      T& map = as<T>(o);
      if constexpr (Ordered<T>) {
        if (map.empty() || map.key_comp()(std::prev(map.end())->first, key)) {
          map.emplace_hint(map.end(), std::move(key), std::move(element));
          return status;
        }
      }
      map.insert_or_assign(std::move(key), std::move(element));
      return status;
    };
    return table;
  }
  static constexpr MapOps ops = make();
};

template <class T>
struct OptionalTable {
  static_assert(dependent_false<T>, "polyrpc: a smart pointer in a message must have the default deleter");
};
template <class Element>
struct OptionalTable<std::optional<Element>> {
  using T = std::optional<Element>;
  static constexpr OptionalOps make() {
    check_can_be_made<Element>();
    return {
        [](const void* o) -> const void* { return as<T>(o) ? &*as<T>(o) : nullptr; },
        [](void* o) -> void* { return &as<T>(o).emplace(); },
        [](void* o) { as<T>(o).reset(); },
    };
  }
  static constexpr OptionalOps ops = make();
};
template <class Pointer, class Element>
struct PointerTable {
  static constexpr OptionalOps make() {
    static_assert(!std::is_array_v<Element>, "polyrpc: an array behind a smart pointer has no length; use a vector");
    check_can_be_made<Element>();
    return {
        [](const void* o) -> const void* { return as<Pointer>(o).get(); },
        [](void* o) -> void* {
          auto made = std::make_unique<std::remove_const_t<Element>>();
          void* element = made.get();
          as<Pointer>(o) = std::move(made);
          return element;
        },
        [](void* o) { as<Pointer>(o).reset(); },
    };
  }
  static constexpr OptionalOps ops = make();
};
template <class Element>
struct OptionalTable<std::unique_ptr<Element>> : PointerTable<std::unique_ptr<Element>, Element> {};
template <class Element>
struct OptionalTable<std::shared_ptr<Element>> : PointerTable<std::shared_ptr<Element>, Element> {};

template <class T>
struct VariantTable;
template <class... Alternatives>
struct VariantTable<std::variant<Alternatives...>> {
  using T = std::variant<Alternatives...>;
  static constexpr const Shape* alternatives[] = {&ShapeHolder<Alternatives>::value...};
  template <std::size_t I>
  static void* emplace_at(void* o) {
    check_can_be_made<std::variant_alternative_t<I, T>>();
    return &as<T>(o).template emplace<I>();
  }
  template <std::size_t... I>
  static void* emplace(void* o, std::size_t index, std::index_sequence<I...>) {
    static constexpr void* (*table[])(void*) = {&emplace_at<I>...};
    return table[index](o);
  }
  static constexpr VariantOps ops = {
      alternatives,
      [](const void* o) { return as<T>(o).valueless_by_exception() ? sizeof...(Alternatives) : as<T>(o).index(); },
      [](const void* o) -> const void* {
        return std::visit([](const auto& alternative) { return static_cast<const void*>(&alternative); }, as<T>(o));
      },
      [](void* o, std::size_t index) { return emplace(o, index, std::index_sequence_for<Alternatives...>{}); },
  };
};

template <class Duration>
struct DurationTable {
  static constexpr DurationOps ops = {
      [](const void* o) { return to_nanoseconds(as<Duration>(o)); },
      [](void* o, std::int64_t nanoseconds) {
        const auto converted = from_nanoseconds<Duration>(nanoseconds);
        if (converted) as<Duration>(o) = *converted;
        return converted.has_value();
      },
  };
};

template <class T>
struct TimeTable {
  static constexpr TimeOps ops = {
      [](const void* o) { return to_time(as<T>(o)); },
      [](void* o, const Time& time) {
        const auto converted = to_sys_time<typename T::duration>(time);
        if (converted) as<T>(o) = *converted;
        return converted.has_value();
      },
  };
};
template <>
struct TimeTable<Time> {
  static constexpr TimeOps ops = {
      [](const void* o) { return as<Time>(o); },
      [](void* o, const Time& time) {
        as<Time>(o) = time;
        return true;
      },
  };
};

template <class T>
struct CustomTable {
  static Status encode(const void* o, [[maybe_unused]] OwnEncoding encoding, [[maybe_unused]] std::string& out) try {
    if constexpr (EncodesGob<T>)
      if (encoding == OwnEncoding::gob) return take_encoded(as<T>(o).gob_encode(), out);
    if constexpr (EncodesBinary<T>)
      if (encoding == OwnEncoding::binary) return take_encoded(as<T>(o).marshal_binary(), out);
    if constexpr (EncodesText<T>)
      if (encoding == OwnEncoding::text) return take_encoded(as<T>(o).marshal_text(), out);
    return Status::internal("polyrpc: the type does not have this encoding of its own");
  } catch (const std::exception& failure) {
    return Status::internal(failure.what());
  }
  static Status decode(void* o, [[maybe_unused]] OwnEncoding encoding,
                       [[maybe_unused]] std::span<const std::byte> bytes) try {
    if constexpr (EncodesGob<T>)
      if (encoding == OwnEncoding::gob) return as<T>(o).gob_decode(bytes);
    if constexpr (EncodesBinary<T>)
      if (encoding == OwnEncoding::binary) return as<T>(o).unmarshal_binary(bytes);
    if constexpr (EncodesText<T>)
      if (encoding == OwnEncoding::text) return as<T>(o).unmarshal_text(as_text(bytes));
    return Status::internal("polyrpc: the type does not have this encoding of its own");
  } catch (const std::exception& failure) {
    return Status::invalid_argument(failure.what());
  }
  static constexpr CustomOps make() {
    CustomOps table{EncodesGob<T>, EncodesBinary<T>, EncodesText<T>, &encode, &decode, nullptr};
    if constexpr (requires(const T& v) {
                    { v.is_zero() } -> std::convertible_to<bool>;
                  })
      table.is_zero = [](const void* o) -> bool { return as<T>(o).is_zero(); };
    return table;
  }
  static constexpr CustomOps ops = make();
};

template <class Item, std::size_t N>
constexpr bool have_different_names(const std::array<Item, N>& items) {
  std::array<std::uint32_t, N + 1> hashes{};  // compilers count the steps of comparing hundreds of names
  for (std::size_t i = 0; i < N; ++i) {
    for (const char c : items[i].name) hashes[i] = hashes[i] * 31 + static_cast<unsigned char>(c);
    for (std::size_t k = 0; k < i; ++k)
      if (hashes[k] == hashes[i] && items[k].name == items[i].name) return false;
  }
  return true;
}
template <class Fields>
constexpr bool have_different_numbers(const Fields& fields) {
  for (auto one = fields.begin(); one != fields.end(); ++one)
    for (auto other = fields.begin(); other != one; ++other)
      if (one->number != 0 && one->number == other->number) return false;
  return true;
}

template <class T>
struct FieldTable {
  static constexpr auto fields = Description<T>::fields();
  static_assert(have_different_names(fields), "polyrpc: two fields of the description have the same name on the wire");
  static_assert(have_different_numbers(fields), "polyrpc: two fields of the description have the same number");
};
template <class T>
struct BaseTable {
  static constexpr auto bases = Description<T>::bases();
};
template <class T>
struct EnumTable {
  static constexpr auto enumerators = Description<T>::enumerators();
  static_assert(have_different_names(enumerators), "polyrpc: two enumerators of the description have the same name");
  static constexpr EnumOps ops = {
      enumerators,
      [](const void* o) { return static_cast<std::int64_t>(as<T>(o)); },
      [](void* o, std::int64_t value) { as<T>(o) = static_cast<T>(value); },
  };
};

inline constexpr std::string_view tuple_names[] = {"F0", "F1", "F2",  "F3",  "F4",  "F5",  "F6",  "F7",
                                                   "F8", "F9", "F10", "F11", "F12", "F13", "F14", "F15"};

template <class T>
constexpr std::string_view element_name(std::size_t i) {
  if constexpr (is_specialisation<T, std::pair>) return i == 0 ? "First" : "Second";
  return tuple_names[i];
}

/// Where a tuple keeps its elements is asked of a tuple, once: its layout is the standard library's.
template <class T>
struct TupleTable {
  static constexpr std::size_t count = std::tuple_size_v<T>;
  static_assert(count <= std::size(tuple_names),
                "polyrpc: a tuple may have at most 16 elements; describe a struct instead");

  // Element I as the only field of an imaginary base at its offset: offsets of bases are asked at run time.
  template <std::size_t I>
  struct Part {
    static constexpr Field fields[] = {{element_name<T>(I), 0, &shape_of<std::tuple_element_t<I, T>>, 0}};
    static constexpr Shape make() {
      Shape part;
      part.kind = Kind::structure;
      part.fields = fields;
      return part;
    }
    static constexpr Shape shape = make();
    static std::size_t offset() {
      alignas(T) static std::byte place[sizeof(T)];
      auto* tuple = reinterpret_cast<T*>(place);
      return static_cast<std::size_t>(reinterpret_cast<std::byte*>(&std::get<I>(*tuple)) - place);
    }
  };
  template <std::size_t... I>
  static constexpr std::array<Base, count> make(std::index_sequence<I...>) {
    return {Base{&Part<I>::shape, &Part<I>::offset}...};
  }
  static constexpr std::array<Base, count> parts = make(std::make_index_sequence<count>{});
};

template <class T>
constexpr Kind integer_kind() {
  if constexpr (std::same_as<T, bool>) return Kind::boolean;  // under an enum
  constexpr bool is_signed = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 1) return is_signed ? Kind::int8 : Kind::uint8;
  if constexpr (sizeof(T) == 2) return is_signed ? Kind::int16 : Kind::uint16;
  if constexpr (sizeof(T) == 4) return is_signed ? Kind::int32 : Kind::uint32;
  return is_signed ? Kind::int64 : Kind::uint64;
}

template <class T>
constexpr Shape make_shape() {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>, "polyrpc: only plain object types can be sent");
  if constexpr (std::same_as<T, bool>) {
    return basic_shape<T>(Kind::boolean);
  } else if constexpr (Integer<T>) {
    return basic_shape<T>(integer_kind<T>());
  } else if constexpr (std::same_as<T, std::byte>) {
    return basic_shape<T>(Kind::uint8);
  } else if constexpr (std::same_as<T, float>) {
    return basic_shape<T>(Kind::float32);
  } else if constexpr (std::same_as<T, double>) {
    return basic_shape<T>(Kind::float64);
  } else if constexpr (std::is_enum_v<T>) {
    Shape shape = basic_shape<T>(integer_kind<std::underlying_type_t<T>>());
    if constexpr (Described<T>) {
      shape.name = description_name<T>();
      shape.enumeration = &EnumTable<T>::ops;
      if (travels_by_name<T>()) shape.kind = Kind::enum_name;
    }
    return shape;
  } else if constexpr (EncodesItself<T>) {
    Shape shape = basic_shape<T>(Kind::custom);
    if constexpr (Described<T>) {  // for the codecs that don't know the type's own encoding
      shape.name = description_name<T>();
      shape.fields = FieldTable<T>::fields;
    }
    shape.custom = &CustomTable<T>::ops;
    return shape;
  } else if constexpr (Described<T>) {
    Shape shape = basic_shape<T>(Kind::structure);
    shape.name = description_name<T>();
    shape.fields = FieldTable<T>::fields;
    if constexpr (requires { Description<T>::bases(); }) shape.bases = BaseTable<T>::bases;
    return shape;
  } else if constexpr (std::same_as<T, std::monostate>) {
    Shape shape = basic_shape<T>(Kind::structure);
    shape.is_nothing = true;
    return shape;
  } else if constexpr (std::same_as<T, std::string>) {
    Shape shape = basic_shape<T>(Kind::string);
    shape.is_std_string = true;
    shape.string = &StringTable<T>::ops;
    return shape;
  } else if constexpr (std::same_as<T, std::string_view>) {
    Shape shape = basic_shape<T>(Kind::string);
    shape.is_view = true;
    shape.string = &StringTable<T>::ops;
    return shape;
  } else if constexpr (std::same_as<T, Time> || is_sys_time<T>) {
    Shape shape = basic_shape<T>(Kind::time);
    shape.time = &TimeTable<T>::ops;
    return shape;
  } else if constexpr (is_duration<T>) {
    Shape shape = basic_shape<T>(Kind::duration);
    shape.duration = &DurationTable<T>::ops;
    return shape;
  } else if constexpr (Complex<T>) {
    return basic_shape<T>(sizeof(T) == 8 ? Kind::complex64 : Kind::complex128);
  } else if constexpr (is_specialisation<T, std::optional> || is_specialisation<T, std::unique_ptr> ||
                       is_specialisation<T, std::shared_ptr>) {
    Shape shape = basic_shape<T>(Kind::optional);
    if constexpr (requires { typename T::element_type; })
      shape.element = &ShapeHolder<std::remove_const_t<typename T::element_type>>::value;
    else
      shape.element = &ShapeHolder<typename T::value_type>::value;
    shape.optional = &OptionalTable<T>::ops;
    return shape;
  } else if constexpr (is_specialisation<T, std::variant>) {
    Shape shape = basic_shape<T>(Kind::variant);
    shape.variant = &VariantTable<T>::ops;
    return shape;
  } else if constexpr (is_std_array<T>) {
    Shape shape = basic_shape<T>(Kind::array);
    shape.element = &ShapeHolder<typename T::value_type>::value;
    shape.array_length = std::tuple_size_v<T>;
    return shape;
  } else if constexpr (is_specialisation<T, std::pair> || is_specialisation<T, std::tuple>) {
    Shape shape = basic_shape<T>(Kind::structure);
    shape.is_tuple = true;
    shape.bases = TupleTable<T>::parts;
    return shape;
  } else if constexpr (is_dynamic_span<T>) {
    using Element = typename T::element_type;
    static_assert(std::is_const_v<Element>, "polyrpc: a span in a message must be a span of const elements");
    Shape shape = basic_shape<T>(ByteLike<std::remove_const_t<Element>> ? Kind::bytes : Kind::list);
    shape.is_view = true;
    shape.element = &ShapeHolder<std::remove_const_t<Element>>::value;
    if constexpr (ByteLike<std::remove_const_t<Element>>)
      shape.bytes = &BytesTable<T>::ops;
    else
      shape.list = &ListTable<T>::ops;
    return shape;
  } else if constexpr (MapLike<T>) {
    Shape shape = basic_shape<T>(Kind::map);
    shape.key = &ShapeHolder<typename T::key_type>::value;
    shape.element = &ShapeHolder<typename T::mapped_type>::value;
    shape.map = &MapTable<T>::ops;
    return shape;
  } else if constexpr (SetLike<T>) {
    Shape shape = basic_shape<T>(Kind::list);
    shape.element = &ShapeHolder<typename T::value_type>::value;
    shape.list = &ListTable<T>::ops;
    return shape;
  } else if constexpr (SequenceLike<T>) {
    using Element = typename T::value_type;
    constexpr bool is_bytes = ByteLike<Element> && requires(T& c) {
      c.data();
      c.resize(std::size_t{1});
    };
    Shape shape = basic_shape<T>(is_bytes ? Kind::bytes : Kind::list);
    shape.element = &ShapeHolder<Element>::value;
    if constexpr (is_bytes)
      shape.bytes = &BytesTable<T>::ops;
    else
      shape.list = &ListTable<T>::ops;
    return shape;
  } else if constexpr (CharacterLike<T>) {
    static_assert(dependent_false<T>,
                  "polyrpc: a character type says neither text nor number; use std::string or std::int8_t");
    return Shape{};
  } else {
    static_assert(
        dependent_false<T>,
        "polyrpc: this type has no description; write POLYRPC_DESCRIBE(Type, (member, \"Name\"), ...) for it");
    return Shape{};
  }
}

/// Specialised for types of which this header does not know.
template <class T>
struct ShapeMaker {
  static constexpr Shape make() { return make_shape<T>(); }
};

template <class T>
constinit const Shape ShapeHolder<T>::value = ShapeMaker<T>::make();

}  // namespace detail

template <class T>
const Shape& shape_of() noexcept {
  return detail::ShapeHolder<T>::value;
}

/// For `Describe` specialisations: one field of type `T` at `offset`.
template <class T>
constexpr Field describe_field(std::string_view name, std::size_t offset, std::uint32_t number = 0) {
  return {name, offset, &shape_of<T>, number};
}

}  // namespace polyrpc

// ---- the macros ----

#define POLYRPC_DETAIL_PARENS ()
// Scans its arguments 341 times, which is how many fields one description may have.
#define POLYRPC_DETAIL_EXPAND(...) \
  POLYRPC_DETAIL_EXPAND4(POLYRPC_DETAIL_EXPAND4(POLYRPC_DETAIL_EXPAND4(POLYRPC_DETAIL_EXPAND4(__VA_ARGS__))))
#define POLYRPC_DETAIL_EXPAND4(...) \
  POLYRPC_DETAIL_EXPAND3(POLYRPC_DETAIL_EXPAND3(POLYRPC_DETAIL_EXPAND3(POLYRPC_DETAIL_EXPAND3(__VA_ARGS__))))
#define POLYRPC_DETAIL_EXPAND3(...) \
  POLYRPC_DETAIL_EXPAND2(POLYRPC_DETAIL_EXPAND2(POLYRPC_DETAIL_EXPAND2(POLYRPC_DETAIL_EXPAND2(__VA_ARGS__))))
#define POLYRPC_DETAIL_EXPAND2(...) \
  POLYRPC_DETAIL_EXPAND1(POLYRPC_DETAIL_EXPAND1(POLYRPC_DETAIL_EXPAND1(POLYRPC_DETAIL_EXPAND1(__VA_ARGS__))))
#define POLYRPC_DETAIL_EXPAND1(...) __VA_ARGS__
#define POLYRPC_DETAIL_FOR_EACH(macro, ...) \
  __VA_OPT__(POLYRPC_DETAIL_EXPAND(POLYRPC_DETAIL_FOR_EACH_STEP(macro, __VA_ARGS__)))
#define POLYRPC_DETAIL_FOR_EACH_STEP(macro, first, ...) \
  macro(first) __VA_OPT__(POLYRPC_DETAIL_FOR_EACH_AGAIN POLYRPC_DETAIL_PARENS(macro, __VA_ARGS__))
#define POLYRPC_DETAIL_FOR_EACH_AGAIN() POLYRPC_DETAIL_FOR_EACH_STEP
#define POLYRPC_DETAIL_UNWRAP(...) __VA_ARGS__
#define POLYRPC_DETAIL_CALL(macro, ...) macro(__VA_ARGS__)

#define POLYRPC_DETAIL_FIELD(element) POLYRPC_DETAIL_CALL(POLYRPC_DETAIL_FIELD_OF, POLYRPC_DETAIL_UNWRAP element)
#define POLYRPC_DETAIL_FIELD_OF(member, ...)                                                       \
  ::polyrpc::Field{::polyrpc::detail::FieldNaming(#member __VA_OPT__(, ) __VA_ARGS__).name,        \
                   offsetof(Described, member), &::polyrpc::shape_of<decltype(Described::member)>, \
                   ::polyrpc::detail::FieldNaming(#member __VA_OPT__(, ) __VA_ARGS__).number},
#define POLYRPC_DETAIL_BASE(element) ::polyrpc::detail::make_base<Described, element>(),
#define POLYRPC_DETAIL_ENUMERATOR(element) \
  POLYRPC_DETAIL_CALL(POLYRPC_DETAIL_ENUMERATOR_OF, POLYRPC_DETAIL_UNWRAP element)
#define POLYRPC_DETAIL_ENUMERATOR_OF(member, ...) \
  ::polyrpc::detail::make_enumerator(#member, Described::member __VA_OPT__(, ) __VA_ARGS__),

// offsetof on a class with a base or a private member is only conditionally supported; g++ and clang support it.
#if defined(__GNUC__)
#define POLYRPC_DETAIL_OFFSETOF_BEGIN \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Winvalid-offsetof\"")
#define POLYRPC_DETAIL_OFFSETOF_END _Pragma("GCC diagnostic pop")
#else
#define POLYRPC_DETAIL_OFFSETOF_BEGIN
#define POLYRPC_DETAIL_OFFSETOF_END
#endif

#define POLYRPC_DETAIL_FIELDS(Type, Name, ...)                                                   \
  using Described [[maybe_unused]] = Type;                                                       \
  static constexpr std::string_view name() { return ::polyrpc::detail::unqualified(Name); }      \
  static constexpr auto fields() {                                                               \
    return ::polyrpc::detail::gather<::polyrpc::Field>(                                          \
        POLYRPC_DETAIL_FOR_EACH(POLYRPC_DETAIL_FIELD, __VA_ARGS__)::polyrpc::detail::ListEnd{}); \
  }
#define POLYRPC_DETAIL_BASES(...)                                                               \
  static constexpr auto bases() {                                                               \
    return ::polyrpc::detail::gather<::polyrpc::Base>(                                          \
        POLYRPC_DETAIL_FOR_EACH(POLYRPC_DETAIL_BASE, __VA_ARGS__)::polyrpc::detail::ListEnd{}); \
  }
#define POLYRPC_DETAIL_ENUMERATORS(Type, ByName, ...)                                                 \
  using Described = Type;                                                                             \
  static constexpr std::string_view name() { return ::polyrpc::detail::unqualified(#Type); }          \
  static constexpr bool by_name() { return ByName; }                                                  \
  static constexpr auto enumerators() {                                                               \
    return ::polyrpc::detail::gather<::polyrpc::Enumerator>(                                          \
        POLYRPC_DETAIL_FOR_EACH(POLYRPC_DETAIL_ENUMERATOR, __VA_ARGS__)::polyrpc::detail::ListEnd{}); \
  }

// Makes a provider for `Type` known wherever this stands: an overload for it, and a friend that look-up on the tag
// finds.
#define POLYRPC_DETAIL_PROVIDE(Type, ...)                                         \
  POLYRPC_DETAIL_OFFSETOF_BEGIN                                                   \
  [[maybe_unused]] constexpr auto polyrpc_provide(::polyrpc::detail::Tag<Type>) { \
    struct Provider {                                                             \
      __VA_ARGS__                                                                 \
    };                                                                            \
    return Provider{};                                                            \
  }                                                                               \
  POLYRPC_DETAIL_OFFSETOF_END                                                     \
  static_assert(::polyrpc::detail::Inject<Type, decltype(polyrpc_provide(::polyrpc::detail::Tag<Type>{}))>::done)

/// Describes a struct, at namespace scope, in the type's namespace or any other:
/// `POLYRPC_DESCRIBE(geo::Point, (x, "X"), (y, "Y"), (label));`
/// Each member stands in parentheses: its name, then if wanted the name on the wire, then if wanted a protobuf field
/// number. The type's name on the wire is its own without namespaces.
#define POLYRPC_DESCRIBE(Type, ...) \
  POLYRPC_DETAIL_PROVIDE(Type, POLYRPC_DETAIL_FIELDS(Type, #Type __VA_OPT__(, ) __VA_ARGS__))

/// The same under another name on the wire: `POLYRPC_DESCRIBE_AS(geo::Point, "Pt", (x, "X"));`
#define POLYRPC_DESCRIBE_AS(Type, Name, ...) \
  POLYRPC_DETAIL_PROVIDE(Type, POLYRPC_DETAIL_FIELDS(Type, Name __VA_OPT__(, ) __VA_ARGS__))

/// A struct with described, non-virtual base classes, whose fields come first:
/// `POLYRPC_DESCRIBE_DERIVED(Circle, (Named, Coloured), (radius, "Radius"));`
#define POLYRPC_DESCRIBE_DERIVED(Type, Bases, ...)                                           \
  POLYRPC_DETAIL_PROVIDE(Type, POLYRPC_DETAIL_FIELDS(Type, #Type __VA_OPT__(, ) __VA_ARGS__) \
                                   POLYRPC_DETAIL_CALL(POLYRPC_DETAIL_BASES, POLYRPC_DETAIL_UNWRAP Bases))

/// Inside a class, where members are private or the class is a template:
/// `template <class T> class Box { T value; POLYRPC_DESCRIBE_MEMBERS(Box, (value, "Value")) };`
#define POLYRPC_DESCRIBE_MEMBERS(Type, ...)                                     \
  POLYRPC_DETAIL_OFFSETOF_BEGIN                                                 \
  friend constexpr auto polyrpc_member_provider(::polyrpc::detail::Tag<Type>) { \
    struct Provider {                                                           \
      POLYRPC_DETAIL_FIELDS(Type, #Type __VA_OPT__(, ) __VA_ARGS__)             \
    };                                                                          \
    return Provider{};                                                          \
  }                                                                             \
  POLYRPC_DETAIL_OFFSETOF_END

/// Describes an enum that travels as its number: `POLYRPC_DESCRIBE_ENUM(Color, (red, "Red"), (green));`
/// An enum without a description travels as its number too; the names serve pages and `.proto` files.
#define POLYRPC_DESCRIBE_ENUM(Type, ...) \
  POLYRPC_DETAIL_PROVIDE(Type, POLYRPC_DETAIL_ENUMERATORS(Type, false __VA_OPT__(, ) __VA_ARGS__))

/// Describes an enum that travels as the name of its enumerator.
#define POLYRPC_DESCRIBE_ENUM_NAMES(Type, ...) \
  POLYRPC_DETAIL_PROVIDE(Type, POLYRPC_DETAIL_ENUMERATORS(Type, true __VA_OPT__(, ) __VA_ARGS__))
