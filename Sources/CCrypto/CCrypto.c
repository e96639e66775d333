#include "CCrypto.h"

#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

static EVP_MD *algorithm;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Looking the algorithm up costs more than digesting a short text, so it is done once. A library context of our own reads no
// configuration file, so that one of the machine's cannot take SHA-256 away. Both live as long as the process.
static void find_algorithm(void) {
  // Otherwise libcrypto tidies up at exit, perhaps beside a thread that still digests.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
  OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
  if (library != NULL) algorithm = EVP_MD_fetch(library, "SHA256", NULL);
}

static EVP_MD_CTX *context(struct coppice_sha256 *state) { return (EVP_MD_CTX *)state; }

struct coppice_sha256 *coppice_sha256_begin(void) {
  pthread_once(&once, find_algorithm);
  if (algorithm == NULL) return NULL;
  EVP_MD_CTX *made = EVP_MD_CTX_new();
  if (made == NULL) return NULL;
  if (EVP_DigestInit_ex(made, algorithm, NULL) != 1) {
    EVP_MD_CTX_free(made);
    return NULL;
  }
  return (struct coppice_sha256 *)made;
}

int coppice_sha256_update(struct coppice_sha256 *state, const void *bytes, size_t size) {
  if (size == 0) return 0;
  return EVP_DigestUpdate(context(state), bytes, size) == 1 ? 0 : -1;
}

int coppice_sha256_finish(struct coppice_sha256 *state, uint8_t digest[COPPICE_SHA256_SIZE]) {
  unsigned int size = 0;
  const int status = EVP_DigestFinal_ex(context(state), digest, &size);
  return status == 1 && size == COPPICE_SHA256_SIZE ? 0 : -1;
}

void coppice_sha256_free(struct coppice_sha256 *state) { EVP_MD_CTX_free(context(state)); }
