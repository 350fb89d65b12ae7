#include "common/base/hasher.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct hasher {
    EVP_MD *kind;
    EVP_MD_CTX *state;
};

bool hasher_new(struct hasher **ret_hasher, struct error *err)
{
    struct hasher *hasher = memory_new(1, sizeof *hasher);
    hasher->kind = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->state = EVP_MD_CTX_new();
    if (!hasher->kind || !hasher->state || !EVP_DigestInit_ex2(hasher->state, hasher->kind, NULL)) {
        hasher_free(hasher);
        return fail(err, ERR_INTERNAL, "libcrypto has no SHA-256");
    }
    *ret_hasher = hasher;
    return true;
}

void hasher_free(struct hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->state);
    EVP_MD_free(hasher->kind);
    free(hasher);
}

/* It fails for want of memory alone, and a digest that was not made must never be compared. */
static void must(int done)
{
    if (!done)
        memory_none();
}

void hasher_start(struct hasher *hasher)
{
    must(EVP_DigestInit_ex2(hasher->state, NULL, NULL));
}

void hasher_add(struct hasher *hasher, struct bytes data)
{
    must(EVP_DigestUpdate(hasher->state, data.data, data.len));
}

void hasher_end(struct hasher *hasher, uint8_t ret_digest[SHA256_SIZE])
{
    must(EVP_DigestFinal_ex(hasher->state, ret_digest, NULL));
}

void hasher_take(struct hasher *hasher, struct bytes data, uint8_t ret_digest[SHA256_SIZE])
{
    hasher_start(hasher);
    hasher_add(hasher, data);
    hasher_end(hasher, ret_digest);
}
