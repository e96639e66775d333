#ifndef COPPICE_CZLIB_H
#define COPPICE_CZLIB_H

#include <stddef.h>
#include <stdint.h>

// Whole-buffer compression with an output bound, over zlib and liblzma. Nothing here keeps state.

enum coppice_codec_status {
  COPPICE_CODEC_OK = 0,
  // The input ended before its stream did.
  COPPICE_CODEC_TRUNCATED = 1,
  // The input is not such a stream, or its check sum is wrong, or other bytes follow it.
  COPPICE_CODEC_CORRUPT = 2,
  // The output is full and more would come; what is written is valid.
  COPPICE_CODEC_OVERFLOW = 3,
  COPPICE_CODEC_NO_MEMORY = 4,
};

// Each decodes all of `source` into at most `capacity` bytes and stores how many it wrote.
int coppice_gunzip(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written);
int coppice_inflate(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written);
int coppice_unxz(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written);

// A raw deflate stream as zip members hold it; `capacity` of coppice_deflate_bound() always suffices.
int coppice_deflate(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written);
size_t coppice_deflate_bound(size_t source_size);

// A gzip file with no name and no time, so that equal input gives equal bytes; capacity as for coppice_deflate, plus
// 32.
int coppice_gzip(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written);

uint32_t coppice_crc32(const uint8_t *source, size_t source_size);

#endif
