/* One claimed or adopted attempt: all that its run needs, as our database gave it. */
#pragma once

#include "common/base/json.h"
#include "common/domain/bundle.h"
#include "common/io/db.h"
#include "worker/sandbox/sandbox.h"

#define ATTEMPT_FILES_MAX 64

/* Where an attempt stands in our database; the names are those of SQL. */
struct attempt {
    int64_t id;
    int64_t fence;
    struct bundle bundle;               /* borrows from the members below */
    uint8_t bundle_sha256[SHA256_SIZE]; /* what our database says was approved */
    char *language;
    struct buffer code;
    json_t *manifest;
    struct bundle_file *bundle_files;
    struct sandbox_file *files; /* fd -1 until inputs_fetch */
    int32_t *file_numbers;      /* n of each, as our database counts them */
    size_t file_count;
    bool malformed; /* its rows make no sense: only to be refused */

    /* Of a run that another worker lost. */
    char *remote;       /* by what its service finds it; NULL of a run that is ours to start */
    int64_t adoptions;  /* which try this is, from 1 */
    int64_t elapsed_ms; /* since its code may have left */
};

/* Reads one row of claim_attempts. A row whose manifest makes no sense gives an
 * attempt that is `malformed`, with the reason in `ret_why`. Caller frees. */
struct attempt *attempt_from_row(const struct rows *rows, size_t row, struct error *ret_why);
/* The same for adopt_attempts. */
struct attempt *attempt_from_adoption(const struct rows *rows, size_t row, struct error *ret_why);
void attempt_free(struct attempt *attempt); /* closes its files */

/* The digest over the bytes that will be sent, not over what the rows claim. */
void attempt_digest(const struct attempt *attempt, uint8_t ret_sha256[SHA256_SIZE]);
bool attempt_is_what_was_approved(const struct attempt *attempt, struct error *err) MUST_CHECK;

/* Borrows from the attempt. */
struct sandbox_job attempt_job(const struct attempt *attempt);

/* A plain file name: no '/', no NUL, no leading dot, 1 to 255 bytes. */
bool attempt_name_is_plain(const char *name);
