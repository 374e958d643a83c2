#include "CBase64.h"

#if defined(__x86_64__)
#include <immintrin.h>

// 32 characters, or 24 bytes, at a time. Source: W. Muła, D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", ACM
// Transactions on the Web 12 (2018).

#define AVX2 __attribute__((target("avx2")))

AVX2 static size_t decode(const uint8_t *text, size_t count, uint8_t *bytes) {
    // By a character's halves: bits of the ranges that it may not be in, given its lower and its upper half; both set: no character of ours.
    const __m256i of_lower = _mm256_setr_epi8(
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a,
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
    const __m256i of_upper = _mm256_setr_epi8(
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    // What to add for its six bits, by the upper half, "/" apart.
    const __m256i offsets = _mm256_setr_epi8(
        0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i order = _mm256_setr_epi8(
        2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i halves = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
    const __m256i slash = _mm256_set1_epi8('/');
    size_t done = 0;
    for (; count - done >= 32; done += 32, bytes += 24) {
        __m256i characters = _mm256_loadu_si256((const __m256i *)(text + done));
        __m256i upper = _mm256_and_si256(_mm256_srli_epi32(characters, 4), slash);
        __m256i lower = _mm256_and_si256(characters, slash);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(of_lower, lower), _mm256_shuffle_epi8(of_upper, upper))) break;
        __m256i isSlash = _mm256_cmpeq_epi8(characters, slash);
        __m256i sextets = _mm256_add_epi8(characters, _mm256_shuffle_epi8(offsets, _mm256_add_epi8(isSlash, upper)));
        __m256i twelves = _mm256_maddubs_epi16(sextets, _mm256_set1_epi32(0x01400140));
        __m256i words = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
        words = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(words, order), halves);
        _mm256_storeu_si256((__m256i *)bytes, words);
    }
    return done;
}

size_t cbase64_decode(const void *text, size_t count, void *bytes) {
    return __builtin_cpu_supports("avx2") ? decode(text, count, bytes) : 0;
}
#else
size_t cbase64_decode(const void *text, size_t count, void *bytes) { return 0; }
#endif
