#include "common/domain/merkle.h"

#include <assert.h>
#include <string.h>

static void join(struct hasher *hasher, const uint8_t left[SHA256_SIZE],
                 const uint8_t right[SHA256_SIZE], uint8_t ret_node[SHA256_SIZE])
{
    uint8_t both[1 + 2 * SHA256_SIZE] = {0x01};
    memcpy(both + 1, left, SHA256_SIZE);
    memcpy(both + 1 + SHA256_SIZE, right, SHA256_SIZE);
    if (hasher)
        hasher_take(hasher, (struct bytes){both, sizeof both}, ret_node);
    else
        sha256((struct bytes){both, sizeof both}, ret_node);
}

static size_t peaks_of(uint64_t count)
{
    return (size_t)__builtin_popcountll(count);
}

void merkle_add(struct merkle *merkle, const uint8_t leaf[SHA256_SIZE])
{
    size_t top = peaks_of(merkle->count);
    memcpy(merkle->peaks[top], leaf, SHA256_SIZE);
    /* Two subtrees of one size become one, as a carry does in a sum. */
    for (uint64_t count = merkle->count++; count & 1; count >>= 1, top--)
        join(merkle->hasher, merkle->peaks[top - 1], merkle->peaks[top], merkle->peaks[top - 1]);
}

void merkle_root(const struct merkle *merkle, uint8_t ret_root[SHA256_SIZE])
{
    size_t top = peaks_of(merkle->count);
    assert(top > 0);
    uint8_t root[SHA256_SIZE];
    memcpy(root, merkle->peaks[--top], SHA256_SIZE);
    while (top-- > 0)
        join(merkle->hasher, merkle->peaks[top], root, root);
    memcpy(ret_root, root, SHA256_SIZE);
}
