/* The bytes of input files: each file has its digest, and each that a version binds is there. */
#pragma once

#include "common/base/hasher.h"

struct verify;

/* An input of which chunks came. */
struct input {
    struct hasher *hasher;
    bool open;
    char hex[SHA256_HEX]; /* its digest */
    uint8_t sha256[SHA256_SIZE];
    int64_t count, bytes, said_bytes; /* chunks so far; -1 said: there is no such input */
};

struct inputs {
    struct input input;
    char after[SHA256_HEX]; /* the chunk that was read last; "" at first */
    int32_t after_n;
};

bool verify_inputs_new(struct inputs *inputs, struct error *err) MUST_CHECK;
void verify_inputs_free(struct inputs *inputs);
bool verify_inputs(struct verify *verify, struct error *err) MUST_CHECK;
