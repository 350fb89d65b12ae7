/* The root of a Merkle tree as RFC 6962 draws it, out of leaf hashes that come one by one. */
#pragma once

#include "common/base/hasher.h"

/* Lives on the caller's stack; {0} is a tree without leaves. */
struct merkle {
    uint64_t count;
    struct hasher *hasher;          /* borrowed; for many leaves: NULL is slower */
    uint8_t peaks[64][SHA256_SIZE]; /* of the whole subtrees so far, the largest first */
};

/* `leaf` is a leaf's hash: SHA-256 of 0x00 and what it says. */
void merkle_add(struct merkle *merkle, const uint8_t leaf[SHA256_SIZE]);
/* At least one leaf. */
void merkle_root(const struct merkle *merkle, uint8_t ret_root[SHA256_SIZE]);
