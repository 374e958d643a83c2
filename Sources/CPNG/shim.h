#pragma once
#include <png.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// libpng reports errors by longjmp, which must not cross a Swift frame: what may fail stands here, between its own setjmp and return.

struct cpng_output {
    uint8_t *bytes;
    size_t capacity;
    size_t count;
};

static inline void cpng_append(png_structp png, png_bytep data, size_t count) {
    struct cpng_output *output = (struct cpng_output *)png_get_io_ptr(png);
    if (count > output->capacity - output->count) png_error(png, "output full");
    memcpy(output->bytes + output->count, data, count);
    output->count += count;
}

static inline void cpng_flush(png_structp png) { (void)png; }
static inline void cpng_on_error(png_structp png, png_const_charp message) {
    (void)message;
    png_longjmp(png, 1);
}
static inline void cpng_on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

/// What a file holds beside its image data: signature, header, end, and the frames of three chunks.
enum { CPNG_CONTAINER_BYTES = 8 + (12 + 13) + 12 + 12 };

/// Writes a file of 8 bits per sample around image data that is filtered and compressed; the bytes written, 0 on failure.
/// `color_type`: PNG_COLOR_TYPE_GRAY or PNG_COLOR_TYPE_RGB.
static inline size_t cpng_write(
    uint8_t *bytes, size_t capacity, uint32_t width, uint32_t height, uint8_t color_type, const uint8_t *data, size_t count) {
    struct cpng_output output = {bytes, capacity, 0};
    uint8_t header[13] = {0, 0, 0, 0, 0, 0, 0, 0, 8, color_type, 0, 0, 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, cpng_on_error, cpng_on_warning);
    if (png == NULL) return 0;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, NULL);
        return 0;
    }
    png_set_write_fn(png, &output, cpng_append, cpng_flush);
    png_save_uint_32(header, width);
    png_save_uint_32(header + 4, height);
    png_write_sig(png);
    png_write_chunk(png, (png_const_bytep) "IHDR", header, sizeof header);
    png_write_chunk(png, (png_const_bytep) "IDAT", data, count);
    png_write_chunk(png, (png_const_bytep) "IEND", NULL, 0);
    png_destroy_write_struct(&png, NULL);
    return output.count;
}
