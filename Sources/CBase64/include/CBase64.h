#pragma once
#include <stddef.h>
#include <stdint.h>

// Base64 (RFC 4648, section 4) by AVX2, where the processor has it: Swift does not reach the instruction that looks 32 characters up at
// once, and no library that Debian has does either.

/// Decodes blocks of 32 characters up to the first that holds another character than the alphabet's, or to the last whole one; how many
/// characters it decoded. `bytes`: 8 more are written than are decoded.
size_t cbase64_decode(const void *text, size_t count, void *bytes);
