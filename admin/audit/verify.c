#include "admin/audit/verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

static bool begin(struct verify *verify, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_verify_begin(verify->db, &rows, err))
        return false;
    if (rows_count(rows) != 1)
        return fail(err, ERR_CONFLICT, "the database has no identity, or several");
    verify->result.now_us = rows_integer(rows, 0, 0);
    snprintf(verify->instance, sizeof verify->instance, "%s", rows_text(rows, 0, 1));
    return verify_checked_begin(verify, err) && verify_moves_read(verify, err);
}

bool verify_run(struct db *db, const struct verify_options *options,
                struct verify_result *ret_result, struct error *err)
{
    struct verify *verify = memory_new(1, sizeof *verify);
    verify->db = db;
    verify->options = options;
    pthread_mutex_init(&verify->db_lock, NULL);
    bool good = hasher_new(&verify->hasher, err) && verify_results_new(&verify->results, err) &&
                verify_inputs_new(&verify->inputs, err);
    verify->merkle.hasher = verify->hasher;
    verify->signers = signers_new(options->decision_keys);
    verify->signed_to = INT64_MIN;
    good = good && begin(verify, err) && verify_drops_read(verify, err) &&
           verify_events(verify, err) && verify_tables(verify, err);
    if (good && options->dropped)
        verify_drops_print(verify, options->dropped);
    *ret_result = verify->result;
    struct error unread;
    if (verify->signers) /* something else was wrong before they were asked */
        (void)!signers_end(verify->signers, &unread);
    rows_free(verify->seals);
    marks_auto(&verify->marks);
    hasher_free(verify->hasher);
    verify_results_free(&verify->results);
    verify_inputs_free(&verify->inputs);
    buffer_auto(&verify->field);
    free(verify->pending);
    free(verify->drops.list);
    pthread_mutex_destroy(&verify->db_lock);
    free(verify);
    return good;
}
