#include "wide.hpp"

#include "chars.hpp"

#if defined(__GNUC__) && defined(__x86_64__)
#define POLYRPC_JSON_AVX2 1
#include <immintrin.h>
#endif

#include <bit>
#include <cstdint>

namespace polyrpc::json::wide {

namespace {

std::size_t encode_nothing(const std::byte*, std::size_t, char*) noexcept { return 0; }
std::size_t decode_nothing(const char*, std::size_t, std::byte*) noexcept { return 0; }

const char* skip_blocks(const char* p, const char* end) noexcept {
  while (static_cast<std::size_t>(end - p) >= block_size && is_plain_block(p)) p += block_size;
  return p;
}

constexpr Steps portable_steps{"portable", encode_nothing, decode_nothing, skip_blocks};

#ifdef POLYRPC_JSON_AVX2

// Base64 after W. Mula and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018).
#define POLYRPC_AVX2 __attribute__((target("avx2")))

POLYRPC_AVX2 __m256i both(__m128i lane) noexcept { return _mm256_broadcastsi128_si256(lane); }

POLYRPC_AVX2 std::size_t encode_avx2(const std::byte* bytes, std::size_t size, char* out) noexcept {
  // Three bytes in four: so that each of the four has its six bits within one pair of bytes.
  const __m256i spread = both(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  // What to add to the six bits, by kind: a lower-case letter, a digit (ten times), plus, slash, a capital.
  const __m256i shift = both(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                           '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
  std::size_t i = 0;
  for (; size - i >= 28; i += 24, out += 32) {  // 28 are read
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i + 12));
    const __m256i in = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
    const __m256i odd =
        _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    const __m256i even =
        _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    const __m256i six = _mm256_or_si256(odd, even);
    const __m256i is_capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
    const __m256i kind = _mm256_or_si256(_mm256_subs_epu8(six, _mm256_set1_epi8(51)),
                                         _mm256_and_si256(is_capital, _mm256_set1_epi8(13)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_add_epi8(_mm256_shuffle_epi8(shift, kind), six));
  }
  return i;
}

POLYRPC_AVX2 std::size_t decode_avx2(const char* text, std::size_t size, std::byte* out) noexcept {
  // A character is none of base64's when its two halves have a bit in common here.
  const __m256i by_low = both(
      _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A));
  const __m256i by_high = both(
      _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
  // What to add, by the upper half; a slash has the place in front of the plus.
  const __m256i shift = both(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i slash = _mm256_set1_epi8('/');
  const __m256i gather = both(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1);
  std::size_t i = 0;
  for (; size - i >= 44; i += 32, out += 24) {  // 32 bytes are written for 24, so 12 more characters must follow
    const __m256i in = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + i));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(in, 4), slash);
    const __m256i low = _mm256_and_si256(in, slash);
    if (!_mm256_testz_si256(_mm256_shuffle_epi8(by_low, low), _mm256_shuffle_epi8(by_high, high))) break;
    const __m256i is_slash = _mm256_cmpeq_epi8(in, slash);
    const __m256i six = _mm256_add_epi8(in, _mm256_shuffle_epi8(shift, _mm256_add_epi8(is_slash, high)));
    const __m256i twelve = _mm256_maddubs_epi16(six, _mm256_set1_epi32(0x01400140));
    const __m256i whole = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                        _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(whole, gather), join));
  }
  return i;
}

POLYRPC_AVX2 const char* skip_avx2(const char* p, const char* end) noexcept {
  for (; end - p >= 32; p += 32) {
    const __m256i in = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    // As a signed number a byte outside ASCII is less than a space too.
    const __m256i special = _mm256_or_si256(
        _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), in),
        _mm256_or_si256(_mm256_cmpeq_epi8(in, _mm256_set1_epi8('"')), _mm256_cmpeq_epi8(in, _mm256_set1_epi8('\\'))));
    if (const auto marks = static_cast<std::uint32_t>(_mm256_movemask_epi8(special)); marks != 0)
      return p + std::countr_zero(marks);
  }
  return p;
}

constexpr Steps avx2_steps{"avx2", encode_avx2, decode_avx2, skip_avx2};

const Steps& choose() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? avx2_steps : portable_steps;
}

#else

const Steps& choose() noexcept { return portable_steps; }

#endif

}  // namespace

const Steps& portable() noexcept { return portable_steps; }

const Steps& best() noexcept {
  static const Steps& chosen = choose();
  return chosen;
}

}  // namespace polyrpc::json::wide
