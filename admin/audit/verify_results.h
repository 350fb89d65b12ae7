/* What came of runs: how each ended, what it handed back, and the bytes of that. */
#pragma once

#include "admin/audit/marks.h"
#include "common/base/hasher.h"
#include "common/io/rows.h"

struct verify;

/* What the mark of an attempt says once its row was seen. */
enum results_state {
    RESULTS_UNSEEN,
    RESULTS_BOUND,  /* the audit trail says how it ended, or it has not ended */
    RESULTS_UNBOUND /* it ended before the audit trail said how */
};

/* A digest over rows that follow each other, of any number. */
struct span {
    struct hasher *hasher;
    bool open, says; /* some came; there is a digest that they should have */
    int64_t key[3], count, bytes;
    int64_t said_bytes;
    uint8_t said[SHA256_SIZE];
};

struct results {
    struct span items, content; /* of an attempt; of an item */
};

bool verify_results_new(struct results *results, struct error *err) MUST_CHECK;
void verify_results_free(struct results *results);
/* A row of verify_attempts: as it ended, or as it was made. */
bool verify_results_attempt(struct verify *verify, const struct rows *rows, size_t row,
                            struct error *err) MUST_CHECK;
/* What attempts handed back, once all of them were seen. */
bool verify_results(struct verify *verify, struct error *err) MUST_CHECK;
/* Words of no request, once none is known to be missing. */
bool verify_strays(struct verify *verify, struct error *err) MUST_CHECK;
