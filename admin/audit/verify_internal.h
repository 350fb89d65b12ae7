/* What the files of verify share. */
#pragma once

#include <pthread.h>

#include "admin/audit/marks.h"
#include "admin/audit/signers.h"
#include "admin/audit/verify.h"
#include "admin/audit/verify_chains.h"
#include "admin/audit/verify_checked.h"
#include "admin/audit/verify_covered.h"
#include "admin/audit/verify_drops.h"
#include "admin/audit/verify_inputs.h"
#include "admin/audit/verify_money.h"
#include "admin/audit/verify_pages.h"
#include "admin/audit/verify_results.h"
#include "admin/audit/verify_rights.h"
#include "admin/audit/verify_seals.h"
#include "common/base/hasher.h"
#include "common/domain/merkle.h"

#define VERIFY_PAGE 5000
#define VERIFY_NO_SEAL INT64_MAX

struct verify {
    struct db *db;
    pthread_mutex_t db_lock; /* while pages are fetched ahead */
    const struct verify_options *options;
    struct verify_result result;
    char instance[40];
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
    int64_t epoch_ids[2]; /* of its rows: the first that may be, and the one behind them */
    struct drops drops;
    struct merkle merkle; /* of the rows under it so far, or that stayed under all dropped ones */
    int64_t top_id;       /* of them */
    int64_t last_id;      /* of all before */
    size_t head_at;       /* heads before it were found */
    struct signers *signers;
    int64_t signed_to; /* the last decision whose signature was begun with ahead of its turn */
    struct results results;
    struct inputs inputs;
    int64_t costs_older;   /* the last id of costs that the audit trail may have no digest of */
    int64_t under_checked; /* decisions under the head of an earlier run */
    struct hasher *hasher;
    struct buffer field; /* the bytes that are hashed now */
};

bool verify_events(struct verify *verify, struct error *err);
bool verify_tables(struct verify *verify, struct error *err);
/* Between pages of the audit trail: begins with signatures. */
bool verify_sign_ahead(struct verify *verify, struct error *err);
/* "attempt 7: why" */
bool verify_broken(const char *what, int64_t id, const char *why, struct error *err);
/* SHA-256 of 0x00 and the columns from the first to the last, as fields. */
void verify_take_digest(struct verify *verify, const struct rows *rows, size_t row,
                        const int columns[2], uint8_t ret_digest[SHA256_SIZE]);
/* Whether the row is as the audit trail says that it was made. */
bool verify_is_covered(struct verify *verify, const int64_t key[3],
                       const uint8_t digest[SHA256_SIZE]);
