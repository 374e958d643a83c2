#pragma once
#include <isa-l/igzip_lib.h>
#include <stddef.h>
#include <stdint.h>

/// Level 1 is the least that ISA-L calls good: level 0 has fixed codes, 2 and 3 take longer and gain nothing on our images. On what
/// venues send, level 0 is 30 % larger, and 3 spares 3 % for three times the time.
enum { CISAL_LEVEL = 1, CISAL_LEVEL_BUFFER_BYTES = ISAL_DEF_LVL1_DEFAULT };

enum { CISAL_ZLIB = IGZIP_ZLIB, CISAL_GZIP = IGZIP_GZIP };

/// Compresses to a zlib (RFC 1950) or gzip stream (RFC 1952: no name, no time) in one go; the bytes written, 0 if they do not fit.
/// `level_buffer`: scratch of CISAL_LEVEL_BUFFER_BYTES, whatever they hold. Here, since the stream's state is 64 kB of C struct that
/// Swift would only move about.
static inline size_t cisal_compress(
    int format, const uint8_t *input, size_t count, uint8_t *output, size_t capacity, uint8_t *level_buffer) {
    struct isal_zstream stream;
    if (count > UINT32_MAX || capacity > UINT32_MAX) return 0;
    isal_deflate_stateless_init(&stream);
    stream.level = CISAL_LEVEL;
    stream.level_buf = level_buffer;
    stream.level_buf_size = CISAL_LEVEL_BUFFER_BYTES;
    stream.gzip_flag = (uint16_t)format;
    stream.end_of_stream = 1;
    stream.flush = NO_FLUSH;
    stream.next_in = (uint8_t *)input;
    stream.avail_in = (uint32_t)count;
    stream.next_out = output;
    stream.avail_out = (uint32_t)capacity;
    return isal_deflate_stateless(&stream) == COMP_OK ? stream.total_out : 0;
}

/// What cisal_decompress says of a stream.
enum cisal_end { CISAL_WHOLE, CISAL_TRUNCATED, CISAL_TOO_LONG, CISAL_CHECKSUM, CISAL_TRAILING, CISAL_NOT_GZIP };

/// Decompresses one gzip member that must fill the input, and verifies its checksum and length. `written` is set in every case.
static inline enum cisal_end cisal_decompress(
    const uint8_t *input, size_t count, uint8_t *output, size_t capacity, size_t *written) {
    struct inflate_state state;
    *written = 0;
    if (count > UINT32_MAX || capacity > UINT32_MAX) return CISAL_TOO_LONG;
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    state.next_in = (uint8_t *)input;
    state.avail_in = (uint32_t)count;
    state.next_out = output;
    state.avail_out = (uint32_t)capacity;
    int code = isal_inflate_stateless(&state);
    *written = state.total_out;
    switch (code) {
    case ISAL_DECOMP_OK: return state.avail_in == 0 ? CISAL_WHOLE : CISAL_TRAILING;
    case ISAL_END_INPUT: return CISAL_TRUNCATED;
    case ISAL_OUT_OVERFLOW: return CISAL_TOO_LONG;
    case ISAL_INCORRECT_CHECKSUM: return CISAL_CHECKSUM;
    default: return CISAL_NOT_GZIP;
    }
}
