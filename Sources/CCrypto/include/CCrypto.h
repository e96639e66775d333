#ifndef COPPICE_CCRYPTO_H
#define COPPICE_CCRYPTO_H

#include <stddef.h>
#include <stdint.h>

// SHA-256 of OpenSSL's libcrypto, which uses the SHA instructions of the processor. Each state belongs to one thread at a time;
// different states may be used by different threads at once.

enum { COPPICE_SHA256_SIZE = 32 };

struct coppice_sha256;

// The state before the first byte; NULL where there is no memory for it. To be freed.
struct coppice_sha256 *coppice_sha256_begin(void);

// Each returns 0, or -1 where libcrypto refuses, which it does for no input. After coppice_sha256_finish a state can only be
// freed.
int coppice_sha256_update(struct coppice_sha256 *state, const void *bytes, size_t size);
int coppice_sha256_finish(struct coppice_sha256 *state, uint8_t digest[COPPICE_SHA256_SIZE]);

void coppice_sha256_free(struct coppice_sha256 *state);

#endif
