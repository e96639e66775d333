#include "CZlib.h"

#include <limits.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>

static const int raw_window = -15;
static const int gzip_window = 15 + 16;

static uInt piece(size_t size) { return size > UINT_MAX ? UINT_MAX : (uInt)size; }

static int inflate_all(int window, const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity,
                       size_t *written) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  *written = 0;
  if (inflateInit2(&stream, window) != Z_OK) return COPPICE_CODEC_NO_MEMORY;
  size_t consumed = 0;
  int status = COPPICE_CODEC_OK;
  for (;;) {
    // One byte beyond the bound tells a full output from an output that fits exactly.
    uint8_t beyond;
    const int is_full = *written == capacity;
    const uInt offered = piece(source_size - consumed);
    const uInt room = is_full ? 1 : piece(capacity - *written);
    stream.next_in = (Bytef *)(source + consumed);
    stream.avail_in = offered;
    stream.next_out = is_full ? &beyond : target + *written;
    stream.avail_out = room;
    const int result = inflate(&stream, Z_NO_FLUSH);
    const uInt taken = offered - stream.avail_in;
    const uInt made = room - stream.avail_out;
    consumed += taken;
    if (is_full && made > 0) {
      status = COPPICE_CODEC_OVERFLOW;
      break;
    }
    if (!is_full) *written += made;
    if (result == Z_STREAM_END) {
      if (consumed == source_size) break;
      const int is_next_member = window == gzip_window && source_size - consumed >= 2 && source[consumed] == 0x1f &&
                                 source[consumed + 1] == 0x8b;
      if (is_next_member && inflateReset(&stream) == Z_OK) continue;
      status = COPPICE_CODEC_CORRUPT;
      break;
    }
    if (result == Z_MEM_ERROR) {
      status = COPPICE_CODEC_NO_MEMORY;
      break;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
      status = COPPICE_CODEC_CORRUPT;
      break;
    }
    if (consumed == source_size && made == 0) {
      status = COPPICE_CODEC_TRUNCATED;
      break;
    }
    if (taken == 0 && made == 0) {
      status = COPPICE_CODEC_CORRUPT;
      break;
    }
  }
  inflateEnd(&stream);
  return status;
}

int coppice_gunzip(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written) {
  return inflate_all(gzip_window, source, source_size, target, capacity, written);
}

int coppice_inflate(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written) {
  return inflate_all(raw_window, source, source_size, target, capacity, written);
}

int coppice_unxz(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written) {
  // A dictionary of 64 MiB is what `xz -9` uses; a file that asks for much more is not one of ours.
  const uint64_t memory_limit = 256u << 20;
  lzma_stream stream = LZMA_STREAM_INIT;
  *written = 0;
  if (lzma_stream_decoder(&stream, memory_limit, LZMA_CONCATENATED) != LZMA_OK) return COPPICE_CODEC_NO_MEMORY;
  int status = COPPICE_CODEC_OK;
  stream.next_in = source;
  stream.avail_in = source_size;
  stream.next_out = target;
  stream.avail_out = capacity;
  uint8_t beyond;
  int is_full = 0;
  for (;;) {
    const lzma_ret result = lzma_code(&stream, LZMA_FINISH);
    if (is_full && stream.avail_out == 0) {
      status = COPPICE_CODEC_OVERFLOW;
      break;
    }
    if (result == LZMA_STREAM_END) break;
    if (result == LZMA_OK && stream.avail_out == 0 && !is_full) {
      is_full = 1;
      stream.next_out = &beyond;
      stream.avail_out = 1;
      continue;
    }
    if (result == LZMA_OK) continue;
    if (result == LZMA_BUF_ERROR) {
      status = COPPICE_CODEC_TRUNCATED;
    } else if (result == LZMA_MEM_ERROR || result == LZMA_MEMLIMIT_ERROR) {
      status = COPPICE_CODEC_NO_MEMORY;
    } else {
      status = COPPICE_CODEC_CORRUPT;
    }
    break;
  }
  const uint64_t total = stream.total_out;
  *written = total > capacity ? capacity : (size_t)total;
  lzma_end(&stream);
  return status;
}

static int deflate_all(int window, const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity,
                       size_t *written) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  *written = 0;
  if (deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return COPPICE_CODEC_NO_MEMORY;
  size_t consumed = 0;
  int result;
  do {
    const uInt offered = piece(source_size - consumed);
    const uInt room = piece(capacity - *written);
    stream.next_in = (Bytef *)(source + consumed);
    stream.avail_in = offered;
    stream.next_out = target + *written;
    stream.avail_out = room;
    result = deflate(&stream, consumed + offered == source_size ? Z_FINISH : Z_NO_FLUSH);
    consumed += offered - stream.avail_in;
    *written += room - stream.avail_out;
  } while (result == Z_OK && *written < capacity);
  deflateEnd(&stream);
  return result == Z_STREAM_END ? COPPICE_CODEC_OK : COPPICE_CODEC_OVERFLOW;
}

int coppice_deflate(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written) {
  return deflate_all(raw_window, source, source_size, target, capacity, written);
}

int coppice_gzip(const uint8_t *source, size_t source_size, uint8_t *target, size_t capacity, size_t *written) {
  return deflate_all(gzip_window, source, source_size, target, capacity, written);
}

size_t coppice_deflate_bound(size_t source_size) { return source_size + source_size / 1000 + 1024; }

uint32_t coppice_crc32(const uint8_t *source, size_t source_size) {
  return (uint32_t)crc32_z(crc32_z(0, NULL, 0), source, source_size);
}
