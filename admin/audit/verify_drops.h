/* Parts of the audit trail that were dropped: what is known of each while the rest is verified. */
#pragma once

#include <stdio.h>

#include "admin/audit/retention.h"

struct verify;
struct link;

struct drop {
    int64_t id, xid; /* of the audit row that says it */
    int64_t retention_id, first_seal, seal, dropped, kept;
    int64_t carried;                      /* so many rows are stood for by rows seen so far */
    int64_t people[RETENTION_STATEMENTS]; /* who proposed, who agreed */
    int64_t at_ms[RETENTION_STATEMENTS];  /* when */
    int64_t sealed_us;                    /* of its seal; 0: that was not seen yet */
    int64_t bound;                        /* the seal over the audit row that says it */
    uint8_t seal_hash[SHA256_SIZE], kept_root[SHA256_SIZE], manifest[SHA256_SIZE];
    bool proposed; /* the proposal says the same */
};

/* By their seals. {0}: none. */
struct drops {
    struct drop *list;
    size_t count;
    int64_t events; /* of the seals so far that were dropped */
};

/* Reads what the audit trail says, and holds the signatures against the public keys. */
bool verify_drops_read(struct verify *verify, struct error *err);
/* The last seal of which rows were dropped; 0: none. */
int64_t verify_drops_until(const struct verify *verify);
/* A row of the audit trail, under the seal that verify_row_seal tells. */
void verify_drops_row(struct verify *verify, int64_t row_id);
/* The seal that binds what is under this one: of rows that stayed when others were dropped, that is
 * the one over the row that says so. */
int64_t verify_drops_bound(const struct verify *verify, int64_t seal);
/* A seal up to that one ends: the rows that were kept are no more than those it names. */
bool verify_drops_seal(struct verify *verify, struct error *err);
/* A row of the chain that stands for dropped ones. `body` is its column, `row` says where. */
bool verify_drops_carried(struct verify *verify, const struct link *link, struct bytes body,
                          int64_t xid, struct error *err);
/* A row of verify_retentions. */
bool verify_drops_proposal(struct verify *verify, const struct rows *rows, size_t row,
                           struct error *err);
bool verify_drops_end(struct verify *verify, struct error *err);
/* One line for each. */
void verify_drops_print(const struct verify *verify, FILE *out);
