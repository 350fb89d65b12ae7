/* What the files of verify share. */
#pragma once

#include <pthread.h>

#include "admin/marks.h"
#include "admin/verify.h"
#include "common/base/hasher.h"
#include "common/domain/merkle.h"

#define VERIFY_PAGE 5000
#define KINDS_MAX 64
#define MOVES_MAX 512
#define TEXT_SIZE 40

/* Kinds of marks; those of entities come behind. With the sign changed: a row that came
 * before the one it follows, since transactions may end in another order than they began. */
enum { MARK_DECISION = 1, MARK_REVISION, MARK_ATTEMPT, MARK_ATTEMPT_STATE, MARK_ENTITY };

struct move {
    char key[4 * TEXT_SIZE]; /* subject:from:to:actor kind */
    int16_t from, to;        /* numbers of states */
};

/* A row of a chain. */
struct link {
    int64_t kind, id, seq, row_id, attempt_id;
    uint8_t prev[SHA256_SIZE], hash[SHA256_SIZE];
    size_t prev_len;
    const struct move *move; /* NULL: it moves nothing */
};
struct verify {
    struct db *db;
    pthread_mutex_t db_lock; /* while pages are fetched ahead */
    const struct verify_options *options;
    struct verify_result result;
    char instance[40];
    int64_t now_us;
    struct marks marks;
    char kinds[KINDS_MAX][TEXT_SIZE];
    int64_t kind_count;
    char states[KINDS_MAX][TEXT_SIZE];
    int16_t state_count;
    struct move moves[MOVES_MAX];
    size_t move_count;
    struct link *pending;
    size_t pending_count, pending_left;
    /* The seal that rows fall under now, and the page it is from. */
    struct rows *seals;
    size_t seal_at;
    struct seal seal, before; /* `before` has n 0 at first */
    bool loaded;              /* `seal` is the next one to close */
    int64_t epoch;
    struct merkle merkle; /* of the rows under it so far */
    int64_t top_id;       /* of them */
    int64_t last_id;      /* of all before */
    size_t head_at;       /* heads before it were found */
    struct hasher *hasher;
    struct buffer field; /* the bytes that are hashed now */
};

/* verify_seals.c: an epoch begins, its rows in the order of transactions, it ends. */
struct sealed_row {
    int64_t xid, id, ts_us;
    const uint8_t *leaf;
};
bool verify_epoch_begin(struct verify *verify, int64_t epoch, struct error *err);
bool verify_epoch_row(struct verify *verify, const struct sealed_row *row, struct error *err);
bool verify_epoch_end(struct verify *verify, bool last, struct error *err);

/* verify_chains.c */
bool verify_moves_read(struct verify *verify, struct error *err);
int64_t verify_kind(struct verify *verify, struct bytes entity); /* 0: too many */
const struct move *verify_move(const struct verify *verify, const char *key);
int16_t verify_state(const struct verify *verify, struct bytes name); /* -1: none */
bool verify_chain_row(struct verify *verify, const struct link *link, struct error *err);
bool verify_chains_end(struct verify *verify, struct error *err);
bool verify_events(struct verify *verify, struct error *err);
bool verify_tables(struct verify *verify, struct error *err);
bool verify_signatures(const struct verify *verify, const struct rows *rows, struct error *err);
