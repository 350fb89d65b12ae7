#include "worker/store.h"

#include <inttypes.h>
#include <stdio.h>

#include "statements.h"

bool store_error_passes(const struct error *err)
{
    return err->code == ERR_UNAVAILABLE || err->code == ERR_LOST || err->code == ERR_BUSY ||
           err->code == ERR_TIMEOUT || err->code == ERR_THROTTLED;
}

/* Runs a statement and reads the JSON object in its only column; a null there
 * gives NULL. */
static bool run_for_object(struct db_pool *pool, const struct statement *statement,
                           const struct db_param *params, json_t **ret_object, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!db_pool_run(pool, statement, params, &rows, err))
        return false;
    if (rows_count(rows) == 0 || rows_is_null(rows, 0, 0)) {
        *ret_object = NULL;
        return true;
    }
    return json_read_object(bytes_of(rows_text(rows, 0, 0)), ret_object, err);
}

bool store_check_durable(struct db_pool *pool, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!db_pool_run(pool, &SQL_UNDURABLE, NULL, &rows, err))
        return false;
    return rows_count(rows) == 0 ||
           fail(err, ERR_INTERNAL, "the database has %s off: what it says is done could be lost",
                rows_text(rows, 0, 0));
}

bool store_hello(struct db_pool *pool, const json_t *item, struct store_hello *ret_hello,
                 struct error *err)
{
    AUTO(text) char *text = json_text(item);
    AUTO(json) json_t *answer = NULL;
    const struct db_param params[] = {{DB_TEXT, 0, bytes_of(text)}};
    if (!run_for_object(pool, &SQL_WORKER_HELLO, params, &answer, err))
        return false;
    const char *instance = json_text_of(answer, "instance");
    ret_hello->worker_id = json_integer_of(answer, "worker_id", 0);
    snprintf(ret_hello->instance, sizeof ret_hello->instance, "%s", instance ? instance : "");
    return ret_hello->worker_id > 0 || fail(err, ERR_INTERNAL, "worker_hello gave no worker_id");
}

bool store_report(struct db_pool *pool, int64_t worker_id, const char *backends, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    const struct db_param params[] = {{DB_INT8, worker_id, {0}}, {DB_TEXT, 0, bytes_of(backends)}};
    return db_pool_run(pool, &SQL_WORKER_REPORT, params, &rows, err);
}

bool store_bye(struct db_pool *pool, int64_t worker_id, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    const struct db_param params[] = {{DB_INT8, worker_id, {0}}};
    return db_pool_run(pool, &SQL_WORKER_BYE, params, &rows, err);
}

bool store_claim(const struct store_caller *caller, const int64_t *ids, size_t count,
                 struct rows **ret_rows, struct error *err)
{
    AUTO(buffer) struct buffer list = {0};
    for (size_t i = 0; i < count; i++)
        buffer_printf(&list, "%c%" PRId64, i ? ',' : '{', ids[i]);
    buffer_add_text(&list, count ? "}" : "{}");
    const struct db_param params[] = {{DB_INT8, caller->worker_id, {0}},
                                      {DB_TEXT, 0, buffer_bytes(&list)},
                                      {DB_INT8, caller->lease_ms, {0}}};
    return db_pool_run(caller->pool, &SQL_CLAIM_ATTEMPTS, params, ret_rows, err);
}

bool store_heartbeat(const struct store_caller *caller, const json_t *items, json_t **ret_answer,
                     struct error *err)
{
    AUTO(text) char *text = json_text(items);
    const struct db_param params[] = {{DB_INT8, caller->worker_id, {0}},
                                      {DB_TEXT, 0, bytes_of(text)},
                                      {DB_INT8, caller->lease_ms, {0}},
                                      {DB_INT4, (int64_t)json_array_size(items), {0}}};
    return run_for_object(caller->pool, &SQL_HEARTBEAT, params, ret_answer, err);
}

bool store_sweep(const struct store_caller *caller, size_t most, const json_t *unavailable,
                 json_t **ret_answer, struct error *err)
{
    AUTO(text) char *text = json_text(unavailable);
    const struct db_param params[] = {{DB_INT8, caller->worker_id, {0}},
                                      {DB_INT4, (int64_t)most, {0}},
                                      {DB_TEXT, 0, bytes_of(text)}};
    return run_for_object(caller->pool, &SQL_SWEEP, params, ret_answer, err);
}

bool store_adopt(const struct store_caller *caller, const char *backends, size_t most,
                 struct rows **ret_rows, struct error *err)
{
    const struct db_param params[] = {{DB_INT8, caller->worker_id, {0}},
                                      {DB_TEXT, 0, bytes_of(backends)},
                                      {DB_INT8, caller->lease_ms, {0}},
                                      {DB_INT4, (int64_t)most, {0}}};
    return db_pool_run(caller->pool, &SQL_ADOPT_ATTEMPTS, params, ret_rows, err);
}

bool store_adoption_end(const struct store_caller *caller, const struct attempt *attempt,
                        const char *reason, bool is_final, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    const struct db_param params[] = {{DB_INT8, caller->worker_id, {0}},
                                      {DB_INT8, attempt->id, {0}},
                                      {DB_INT8, attempt->fence, {0}},
                                      {DB_TEXT, 0, bytes_of(reason)},
                                      {DB_BOOL, is_final, {0}}};
    return db_pool_run(caller->pool, &SQL_ADOPTION_END, params, &rows, err);
}

bool store_orphans(struct db_pool *pool, const json_t *found, int64_t grace_ms, json_t **ret_ids,
                   struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(text) char *text = json_text(found);
    const struct db_param params[] = {{DB_TEXT, 0, bytes_of(text)}, {DB_INT8, grace_ms, {0}}};
    if (!db_pool_run(pool, &SQL_ORPHANS, params, &rows, err))
        return false;
    *ret_ids = json_loads(rows_text(rows, 0, 0), 0, NULL);
    return *ret_ids || fail(err, ERR_INTERNAL, "orphans gave no list");
}

bool store_janitor_deleted(const struct store_caller *caller, const char *backend, int64_t deleted,
                           struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    const struct db_param params[] = {{DB_INT8, caller->worker_id, {0}},
                                      {DB_TEXT, 0, bytes_of(backend)},
                                      {DB_INT4, deleted, {0}}};
    return db_pool_run(caller->pool, &SQL_JANITOR_DELETED, params, &rows, err);
}

bool store_file_chunk(struct db_pool *pool, const struct attempt *attempt, int32_t file,
                      int32_t chunk, struct rows **ret_rows, struct error *err)
{
    const struct db_param params[] = {{DB_INT8, attempt->id, {0}},
                                      {DB_INT8, attempt->fence, {0}},
                                      {DB_INT4, file, {0}},
                                      {DB_INT4, chunk, {0}}};
    return db_pool_run(pool, &SQL_ATTEMPT_FILE_CHUNK, params, ret_rows, err);
}

bool store_output_chunk(struct db_pool *pool, const struct attempt *attempt,
                        const struct store_chunk *chunk, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    const struct db_param params[] = {{DB_INT8, attempt->id, {0}},
                                      {DB_INT8, attempt->fence, {0}},
                                      {DB_INT4, chunk->item, {0}},
                                      {DB_INT4, chunk->n, {0}},
                                      {DB_BYTEA, 0, chunk->data}};
    return db_pool_run(pool, &SQL_OUTPUT_CHUNK_PUT, params, &rows, err);
}

bool store_standing(struct db_pool *pool, const struct attempt *attempt,
                    struct store_standing *ret_standing, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    const struct db_param params[] = {{DB_INT8, attempt->id, {0}}, {DB_INT8, attempt->fence, {0}}};
    if (!run_for_object(pool, &SQL_ATTEMPT_STANDING, params, &answer, err))
        return false;
    const char *state = json_text_of(answer, "state");
    *ret_standing = (struct store_standing){
        .worker_id = json_integer_of(answer, "worker_id", 0),
        .lease_left_ms = json_integer_of(answer, "lease_left_ms", 0),
    };
    snprintf(ret_standing->state, sizeof ret_standing->state, "%s", state ? state : "");
    return true;
}
