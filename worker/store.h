/* The worker's single statements. Transitions of attempts are in transition.h. */
#pragma once

#include "common/io/db.h"
#include "worker/attempt.h"

#define CLAIM_MAX 50

/* Whether the same call may well succeed a little later. */
bool store_error_passes(const struct error *err);

/* A commit that was answered must survive a crash: code leaves because of one. */
bool store_check_durable(struct db_pool *pool, struct error *err) MUST_CHECK;

struct store_hello {
    int64_t worker_id;
    char instance[64]; /* of our database; part of every label at a service */
};
/* `item`: {name, version, slots, backends}. */
bool store_hello(struct db_pool *pool, const json_t *item, struct store_hello *ret_hello,
                 struct error *err) MUST_CHECK;
/* `backends`: what backends_report gives, as text. */
bool store_report(struct db_pool *pool, int64_t worker_id, const char *backends,
                  struct error *err) MUST_CHECK;
bool store_bye(struct db_pool *pool, int64_t worker_id, struct error *err) MUST_CHECK;

/* What this worker may say of itself when it asks. */
struct store_caller {
    struct db_pool *pool;
    int64_t worker_id;
    int64_t lease_ms;
};
/* Rows for attempt_from_row; ids that are not ready are just not among them. */
bool store_claim(const struct store_caller *caller, const int64_t *ids, size_t count,
                 struct rows **ret_rows, struct error *err) MUST_CHECK;
/* `items`: [{id, fence}]; the answer is {attempts: [{id, ok, cancel}], paused}. */
bool store_heartbeat(const struct store_caller *caller, const json_t *items, json_t **ret_answer,
                     struct error *err) MUST_CHECK;
/* `unavailable`: {backend: why}; the answer is {ready: [{id, backend}], next_due_ms, lost, expired,
 * events: [], adoptable, cancel} */
bool store_sweep(const struct store_caller *caller, size_t most, const json_t *unavailable,
                 json_t **ret_answer, struct error *err) MUST_CHECK;

/* Rows for attempt_from_adoption; `backends` as '{daytona}'. */
bool store_adopt(const struct store_caller *caller, const char *backends, size_t most,
                 struct rows **ret_rows, struct error *err) MUST_CHECK;
/* Not final: the service does not answer now. */
bool store_adoption_end(const struct store_caller *caller, const struct attempt *attempt,
                        const char *reason, bool is_final, struct error *err) MUST_CHECK;

/* Of [{attempt, fence, remote_id, age_ms}] the remote_ids that nobody owns, those apart
 * whose attempt ended less than `grace_ms` ago. */
bool store_orphans(struct db_pool *pool, const json_t *found, int64_t grace_ms, json_t **ret_ids,
                   struct error *err) MUST_CHECK;
bool store_janitor_deleted(const struct store_caller *caller, const char *backend, int64_t deleted,
                           struct error *err) MUST_CHECK;

bool store_file_chunk(struct db_pool *pool, const struct attempt *attempt, int32_t file,
                      int32_t chunk, struct rows **ret_rows, struct error *err) MUST_CHECK;

struct store_chunk {
    int32_t item;
    int32_t n;
    struct bytes data;
};
/* Insert-only: the same chunk again is fine. */
bool store_output_chunk(struct db_pool *pool, const struct attempt *attempt,
                        const struct store_chunk *chunk, struct error *err) MUST_CHECK;

struct store_standing {
    char state[24]; /* "" when the attempt has another fence by now */
    int64_t worker_id;
    int64_t lease_left_ms;
};
bool store_standing(struct db_pool *pool, const struct attempt *attempt,
                    struct store_standing *ret_standing, struct error *err) MUST_CHECK;
