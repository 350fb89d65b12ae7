/* The chain of each entity, and the moves of each request and attempt, in the order of the chain.
 */
#pragma once

#include "admin/audit/marks.h"
#include "common/base/crypto.h"
#include "common/base/error.h"

#define KINDS_MAX 64
#define MOVES_MAX 512
#define TEXT_SIZE 40

struct verify;

struct move {
    char key[4 * TEXT_SIZE]; /* subject:from:to:actor kind */
    int16_t from, to;        /* numbers of states */
};

/* A row of a chain. */
struct link {
    int64_t kind, id, seq, row_id, attempt_id, ts_us;
    uint8_t prev[SHA256_SIZE], hash[SHA256_SIZE];
    size_t prev_len;
    const struct move *move; /* NULL: it moves nothing */
};

/* What begins behind dropped rows was left in this state. */
bool verify_chain_begin(struct verify *verify, const struct link *link, int16_t state,
                        struct error *err);
bool verify_chain_broken(const struct verify *verify, const struct link *link, const char *what,
                         struct error *err);
bool verify_state_is_over(const struct verify *verify, int16_t state);
bool verify_moves_read(struct verify *verify, struct error *err);
int64_t verify_kind(struct verify *verify, struct bytes entity); /* 0: too many */
const struct move *verify_move(const struct verify *verify, const char *key);
int16_t verify_state(const struct verify *verify, struct bytes name); /* -1: none */
bool verify_chain_row(struct verify *verify, const struct link *link, struct error *err);
bool verify_chains_end(struct verify *verify, struct error *err);
