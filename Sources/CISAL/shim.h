#pragma once
#include <isa-l/igzip_lib.h>
#include <stddef.h>
#include <stdint.h>

/// Level 1 is the least that ISA-L calls good: level 0 has fixed codes, 2 and 3 take longer and gain nothing on our images.
enum { CISAL_LEVEL = 1, CISAL_LEVEL_BUFFER_BYTES = ISAL_DEF_LVL1_DEFAULT };

/// Compresses to a zlib stream (RFC 1950) in one go; the bytes written, 0 if they do not fit. `level_buffer`: scratch of
/// CISAL_LEVEL_BUFFER_BYTES. Here, since the stream's state is 64 kB of C struct that Swift would only move about.
static inline size_t cisal_compress(
    const uint8_t *input, size_t count, uint8_t *output, size_t capacity, uint8_t *level_buffer) {
    struct isal_zstream stream;
    if (count > UINT32_MAX || capacity > UINT32_MAX) return 0;
    isal_deflate_stateless_init(&stream);
    stream.level = CISAL_LEVEL;
    stream.level_buf = level_buffer;
    stream.level_buf_size = CISAL_LEVEL_BUFFER_BYTES;
    stream.gzip_flag = IGZIP_ZLIB;
    stream.end_of_stream = 1;
    stream.flush = NO_FLUSH;
    stream.next_in = (uint8_t *)input;
    stream.avail_in = (uint32_t)count;
    stream.next_out = output;
    stream.avail_out = (uint32_t)capacity;
    return isal_deflate_stateless(&stream) == COMP_OK ? stream.total_out : 0;
}
