/* Digests, random tokens and passwords: the one home of libsodium. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"

#define SHA256_SIZE 32
#define SHA256_HEX (2 * SHA256_SIZE + 1)
#define TOKEN_SIZE 64 /* prefix, 43 characters of 32 random bytes, NUL */
#define PASSWORD_MIN 8
#define PASSWORD_MAX 1024 /* bytes; argon2id is an amplifier, so cap before hashing */
#define PASSWORD_HASH_SIZE 128

bool crypto_init(struct error *err) MUST_CHECK; /* once per process, before any other call */

void sha256(struct bytes data, uint8_t ret_digest[SHA256_SIZE]);

/* Digest of a stream. Lives on the caller's stack; needs no freeing. */
struct sha256 {
    uint64_t state[32];
};
void sha256_start(struct sha256 *sha);
void sha256_add(struct sha256 *sha, struct bytes data);
void sha256_end(struct sha256 *sha, uint8_t ret_digest[SHA256_SIZE]);

/* Equal in constant time. */
bool crypto_equal(const void *a, const void *b, size_t len);

void crypto_random(void *ret_data, size_t len);

/* Overwritten, however little the compiler sees a use of that. */
void crypto_wipe(void *data, size_t len);

/* Sealed by a key: XChaCha20-Poly1305, a random nonce in front. `about` says what it belongs to,
 * and is not in it: moved to somebody else it does not open. */
#define SEAL_KEY_SIZE 32
#define SEALED_MORE 40 /* bytes that sealing adds */
void crypto_seal(const uint8_t key[SEAL_KEY_SIZE], struct bytes about, struct bytes data,
                 uint8_t *ret_sealed);
/* False for another key, another `about` and changed bytes. ret_data gets sealed.len - SEALED_MORE
 * bytes. */
bool crypto_unseal(const uint8_t key[SEAL_KEY_SIZE], struct bytes about, struct bytes sealed,
                   uint8_t *ret_data) MUST_CHECK;

/* With padding, as RFC 4648 has it. Caller frees. */
char *base64_text(struct bytes data);

/* Reads base64url without padding. False when it is none, or more than `size` bytes. */
bool base64url_read(struct bytes text, void *ret_data, size_t size, size_t *ret_len) MUST_CHECK;

/* base64url without padding of the SHA-256 of `label` and `secret`: values that nobody links. */
#define DERIVED_SIZE 44
void token_derive(const char *label, const char *secret, char ret_text[DERIVED_SIZE]);

/* `prefix` (at most 16 characters, such as "cs_") then base64url of 32 random
 * bytes. Stored only as the SHA-256 of the whole text. */
void token_new(const char *prefix, char ret_token[TOKEN_SIZE]);

/* argon2id, libsodium's INTERACTIVE limits: about 50 ms and 64 MiB each. */
bool password_hash(struct bytes password, char ret_hash[PASSWORD_HASH_SIZE],
                   struct error *err) MUST_CHECK;
bool password_matches(const char *hash, struct bytes password);
