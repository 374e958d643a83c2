#pragma once
#include <stddef.h>
#include <stdint.h>

// Gramian angular fields straight to bytes: the one loop of the program that is worth C, since only here can one source be compiled
// for several vector widths. A pixel is ((f + 1) / 2) * 255, cut off to an integer; rows and columns are in the order of the series.

/// `pixels`: count × count bytes, cos(a + b). `cosines`, `sines`: `count` finite values each.
void cgramian_summation(const double *cosines, const double *sines, size_t count, uint8_t *pixels);

/// `pixels`: count × count bytes, sin(a − b).
void cgramian_difference(const double *cosines, const double *sines, size_t count, uint8_t *pixels);

/// Three summation fields, interleaved. `cosines`, `sines`: 3 × `count`, one channel after the other; `pixels`: 3 × count × count bytes.
void cgramian_summation_rgb(const double *cosines, const double *sines, size_t count, uint8_t *pixels);
