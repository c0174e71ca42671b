// Types that can't be sent, descriptions that are wrong, and what is said about them.

#include "polyrpc/core/describe.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

struct Point {
  int x = 0, y = 0;
};
struct Base {
  int b = 0;
};
POLYRPC_DESCRIBE(Base, (b));
struct Derived : Base {
  int d = 0;
};
struct VirtuallyDerived : virtual Base {
  int d = 0;
};
struct Undescribed {};
struct NoDefault {
  explicit NoDefault(int) {}
};
POLYRPC_DESCRIBE(NoDefault);
struct Deleter {
  void operator()(int* p) const { delete p; }
};
enum class Colour { red, green };

#if defined(EQUAL_NAMES)
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "X"));
#elif defined(EQUAL_NUMBERS)
POLYRPC_DESCRIBE(Point, (x, 1), (y, 1));
#elif defined(NO_SUCH_MEMBER)
POLYRPC_DESCRIBE(Point, (x), (z));
#else
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));
#endif

#ifdef NO_BASE
POLYRPC_DESCRIBE_DERIVED(Derived, (Point), (d));
#else
POLYRPC_DESCRIBE_DERIVED(Derived, (Base), (d));
#endif

#ifdef EQUAL_ENUMERATORS
POLYRPC_DESCRIBE_ENUM(Colour, (red), (green, "red"));
#else
POLYRPC_DESCRIBE_ENUM(Colour, (red), (green));
#endif

template <class T>
void use() {
  (void)polyrpc::shape_of<T>();
}

void allowed() {
  use<Point>();
  use<Derived>();
  use<Colour>();
  use<NoDefault>();
}

#ifdef VIRTUAL_BASE
POLYRPC_DESCRIBE_DERIVED(VirtuallyDerived, (Base), (d));
void refused() { use<VirtuallyDerived>(); }
#endif
#ifdef UNDESCRIBED
void refused() { use<Undescribed>(); }
#endif
#ifdef UNDESCRIBED_ELEMENT
void refused() { use<std::map<std::string, std::vector<Undescribed>>>(); }
#endif
#ifdef UNDESCRIBED_FIELD
struct Outer {
  Undescribed inner;
};
POLYRPC_DESCRIBE(Outer, (inner));
void refused() { (void)polyrpc::shape_of<Outer>().fields[0].shape(); }
#endif
#ifdef CHARACTER
void refused() { use<char>(); }
#endif
#ifdef WIDE_CHARACTERS
void refused() { use<std::wstring>(); }
#endif
#ifdef VECTOR_OF_CHAR
void refused() { use<std::vector<char>>(); }
#endif
#ifdef LONG_DOUBLE
void refused() { use<long double>(); }
#endif
#ifdef POINTER
void refused() { use<int*>(); }
#endif
#ifdef C_ARRAY
void refused() { use<int[3]>(); }
#endif
#ifdef CONST_TYPE
void refused() { use<const int>(); }
#endif
#ifdef MUTABLE_SPAN
void refused() { use<std::span<int>>(); }
#endif
#ifdef LONG_TUPLE
void refused() {
  use<std::tuple<int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int>>();
}
#endif
#ifdef ELEMENT_WITHOUT_DEFAULT
void refused() { use<std::vector<NoDefault>>(); }
#endif
#ifdef MAPPED_WITHOUT_DEFAULT
void refused() { use<std::map<int, NoDefault>>(); }
#endif
#ifdef OPTIONAL_WITHOUT_DEFAULT
void refused() { use<std::optional<NoDefault>>(); }
#endif
#ifdef POINTER_WITHOUT_DEFAULT
void refused() { use<std::unique_ptr<NoDefault>>(); }
#endif
#ifdef ALTERNATIVE_WITHOUT_DEFAULT
void refused() { use<std::variant<int, NoDefault>>(); }
#endif
#ifdef POINTER_TO_ARRAY
void refused() { use<std::unique_ptr<int[]>>(); }
#endif
#ifdef OWN_DELETER
void refused() { use<std::unique_ptr<int, Deleter>>(); }
#endif
#ifdef STRANGE_UNIT
void refused() { use<std::chrono::sys_time<std::chrono::duration<int, std::ratio<2, 3>>>>(); }
#endif
