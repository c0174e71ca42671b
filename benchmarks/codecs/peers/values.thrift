// The values of codecs/values.hpp.

namespace cpp bench.th

struct Ints {
  1: i64 a,
  2: i64 b,
  3: i64 c,
  4: i64 d,
}

struct Echo {
  1: i64 a,
  2: i64 b,
  3: binary s,
}

struct Texts {
  1: string name,
  2: string street,
  3: string city,
  4: string note,
}

struct Doubles {
  1: list<double> values,
}

struct Ages {
  1: map<string, i64> ages,
}

struct Line {
  1: string sku,
  2: i64 count,
  3: double price,
  4: list<string> tags,
}

struct Order {
  1: i64 id,
  2: string buyer,
  3: list<Line> lines,
}
