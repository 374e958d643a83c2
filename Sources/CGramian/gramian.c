#include "CGramian.h"
#include <string.h>

#if defined(__x86_64__)
// One body per vector width; the loader picks the one that this processor has.
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))

/// How many pixels of a row are made before they are interleaved: three such strips stay in the first-level cache.
enum { STRIP = 256 };

/// Halving is exact, so one multiplication by 127.5 rounds as the reference's division by 2 and multiplication by 255 do.
/// Rounding in the scaling can put a field a hair outside [−1, 1].
INLINE uint8_t pixel(double field) {
    int level = (int)((field + 1) * 127.5);
    return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

INLINE void strip(const double *restrict cosines, const double *restrict sines, double a, double b, size_t count, uint8_t *restrict out) {
    for (size_t j = 0; j < count; j++) out[j] = pixel(a * cosines[j] - b * sines[j]);
}

INLINE void interleave(const uint8_t planes[3][STRIP], size_t count, uint8_t *restrict out) {
    for (size_t j = 0; j < count; j++) {
        out[3 * j] = planes[0][j];
        out[3 * j + 1] = planes[1][j];
        out[3 * j + 2] = planes[2][j];
    }
}

/// Whether a row's value is that of the row before, and so all of its pixels: in a quiet market many are.
INLINE int repeats(const double *cosines, const double *sines, size_t i) {
    return i > 0 && cosines[i] == cosines[i - 1] && sines[i] == sines[i - 1];
}

INLINE void repeat(uint8_t *row, size_t width) { memcpy(row, row - width, width); }

CLONES void cgramian_summation(const double *cosines, const double *sines, size_t count, uint8_t *pixels) {
    for (size_t i = 0; i < count; i++) {
        if (repeats(cosines, sines, i)) repeat(pixels + i * count, count);
        else strip(cosines, sines, cosines[i], sines[i], count, pixels + i * count);
    }
}

CLONES void cgramian_difference(const double *cosines, const double *sines, size_t count, uint8_t *pixels) {
    for (size_t i = 0; i < count; i++) {
        if (repeats(cosines, sines, i)) repeat(pixels + i * count, count);
        else strip(cosines, sines, sines[i], cosines[i], count, pixels + i * count);
    }
}

CLONES void cgramian_summation_rgb(const double *cosines, const double *sines, size_t count, uint8_t *pixels) {
    uint8_t planes[3][STRIP];
    for (size_t i = 0; i < count; i++) {
        if (repeats(cosines, sines, i) && repeats(cosines + count, sines + count, i) && repeats(cosines + 2 * count, sines + 2 * count, i)) {
            repeat(pixels + 3 * i * count, 3 * count);
            continue;
        }
        for (size_t start = 0; start < count; start += STRIP) {
            size_t width = count - start < STRIP ? count - start : STRIP;
            for (size_t channel = 0; channel < 3; channel++) {
                const double *c = cosines + channel * count, *s = sines + channel * count;
                strip(c + start, s + start, c[i], s[i], width, planes[channel]);
            }
            interleave(planes, width, pixels + 3 * (i * count + start));
        }
    }
}
