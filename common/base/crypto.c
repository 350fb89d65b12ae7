#include "common/base/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static_assert(sizeof(struct sha256) >= sizeof(crypto_hash_sha256_state), "state fits");
static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "hash fits");
static_assert(SHA256_SIZE == crypto_hash_sha256_BYTES, "digest fits");
static_assert(SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key fits");
static_assert(SEALED_MORE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                 crypto_aead_xchacha20poly1305_ietf_ABYTES,
              "nonce and tag fit");

bool crypto_init(struct error *err)
{
    if (sodium_init() < 0)
        return fail(err, ERR_INTERNAL, "libsodium could not be initialised");
    return true;
}

void sha256(struct bytes data, uint8_t ret_digest[SHA256_SIZE])
{
    crypto_hash_sha256(ret_digest, data.data, data.len);
}

void sha256_start(struct sha256 *sha)
{
    crypto_hash_sha256_init((void *)sha->state);
}

void sha256_add(struct sha256 *sha, struct bytes data)
{
    crypto_hash_sha256_update((void *)sha->state, data.data, data.len);
}

void sha256_end(struct sha256 *sha, uint8_t ret_digest[SHA256_SIZE])
{
    crypto_hash_sha256_final((void *)sha->state, ret_digest);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void crypto_random(void *ret_data, size_t len)
{
    randombytes_buf(ret_data, len);
}

void crypto_wipe(void *data, size_t len)
{
    sodium_memzero(data, len);
}

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

void crypto_seal(const uint8_t key[SEAL_KEY_SIZE], struct bytes about, struct bytes data,
                 uint8_t *ret_sealed)
{
    randombytes_buf(ret_sealed, NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + NONCE_SIZE, NULL, data.data, data.len,
                                               about.data, about.len, NULL, ret_sealed, key);
}

bool crypto_unseal(const uint8_t key[SEAL_KEY_SIZE], struct bytes about, struct bytes sealed,
                   uint8_t *ret_data)
{
    const uint8_t *nonce = sealed.data;
    return sealed.len >= SEALED_MORE &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(ret_data, NULL, NULL, nonce + NONCE_SIZE,
                                                      sealed.len - NONCE_SIZE, about.data,
                                                      about.len, nonce, key) == 0;
}

char *base64_text(struct bytes data)
{
    size_t size = sodium_base64_encoded_len(data.len, sodium_base64_VARIANT_ORIGINAL);
    char *text = memory_new(size, 1);
    return sodium_bin2base64(text, size, data.data, data.len, sodium_base64_VARIANT_ORIGINAL);
}

bool base64url_read(struct bytes text, void *ret_data, size_t size, size_t *ret_len)
{
    return sodium_base642bin(ret_data, size, text.data, text.len, NULL, ret_len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

void token_new(const char *prefix, char ret_token[TOKEN_SIZE])
{
    size_t len = strlen(prefix);
    assert(len <= 16);
    uint8_t raw[32];
    randombytes_buf(raw, sizeof raw);
    memcpy(ret_token, prefix, len);
    sodium_bin2base64(ret_token + len, TOKEN_SIZE - len, raw, sizeof raw,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(raw, sizeof raw);
}

void token_derive(const char *label, const char *secret, char ret_text[DERIVED_SIZE])
{
    struct sha256 sha;
    uint8_t digest[SHA256_SIZE];
    sha256_start(&sha);
    sha256_add(&sha, bytes_of(label));
    sha256_add(&sha, bytes_of(secret));
    sha256_end(&sha, digest);
    sodium_bin2base64(ret_text, DERIVED_SIZE, digest, sizeof digest,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool password_hash(struct bytes password, char ret_hash[PASSWORD_HASH_SIZE], struct error *err)
{
    if (crypto_pwhash_str(ret_hash, password.data, password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return fail(err, ERR_UNAVAILABLE, "no memory to hash a password");
    return true;
}

bool password_matches(const char *hash, struct bytes password)
{
    return crypto_pwhash_str_verify(hash, password.data, password.len) == 0;
}
