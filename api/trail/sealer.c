#include "api/trail/sealer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/trail/heads.h"
#include "api/trail/herald.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/paced.h"
#include "common/domain/merkle.h"
#include "statements.h"

#define PAUSE_MS 1000
#define ROWS_AT_ONCE 1000
#define SEALS_AT_ONCE 1000

struct sealer {
    const struct settings *settings;
    struct signing_key *key;
    struct db *db;
    struct herald *herald; /* NULL without a webhook */
    struct paced *thread;
    bool heads_are_ours; /* the file ends with the newest seal */
    bool failing;        /* said so already */
};

/* The database must go on from what left it: otherwise an older copy was restored, or its history
 * was written anew, and another seal would cover that up. */
static bool holds(const struct rows *rows, const struct seal *last, struct error *err)
{
    struct seal seal;
    if (rows_count(rows) && seal_from_row(rows, 0, &seal) && seal.n == last->n &&
        memcmp(seal.hash, last->hash, sizeof seal.hash) == 0)
        return true;
    return fail(err, ERR_CONFLICT,
                "the database does not have seal %lld as SEAL_HEADS_FILE has it: see "
                "`countersign audit verify`; nothing is sealed",
                (long long)last->n);
}

/* Heads of seals that were stored before a crash, or by another api process. */
static bool catch_up(struct sealer *sealer, struct error *err)
{
    const char *path = sealer->settings->seal_heads_file;
    struct seal last;
    size_t got = SEALS_AT_ONCE;
    if (!*path || sealer->heads_are_ours)
        return true;
    if (!heads_last(path, &last, err))
        return false;
    while (got == SEALS_AT_ONCE) {
        AUTO(rows) struct rows *rows = NULL;
        size_t known = last.n > 0;
        if (!sql_seals_from(sealer->db, last.n, SEALS_AT_ONCE, &rows, err) ||
            (known && !holds(rows, &last, err)))
            return false;
        got = rows_count(rows);
        for (size_t i = known; i < got; i++)
            if (!seal_from_row(rows, i, &last) || !heads_append(path, &last, err))
                return fail(err, ERR_CONFLICT, "seal %lld can not be told", (long long)last.n);
    }
    sealer->heads_are_ours = true;
    return true;
}

static void take_root(struct bytes hashes, uint8_t ret_root[SHA256_SIZE])
{
    struct merkle merkle = {0};
    for (size_t at = 0; at + SHA256_SIZE <= hashes.len; at += SHA256_SIZE)
        merkle_add(&merkle, (const uint8_t *)hashes.data + at);
    merkle_root(&merkle, ret_root);
}

/* A row of seal_take: the columns of seals_from up to sealed_us, then the hashes. */
static bool seal_of(const struct sealer *sealer, const struct rows *rows, struct seal *ret_seal)
{
    struct bytes hashes = rows_bytes(rows, 0, 10);
    struct bytes prev = rows_bytes(rows, 0, 8);
    struct seal seal = {.n = rows_integer(rows, 0, 1),
                        .epoch = rows_integer(rows, 0, 2),
                        .epoch_from = rows_integer(rows, 0, 3),
                        .xid_from = rows_integer(rows, 0, 4),
                        .xid_to = rows_integer(rows, 0, 5),
                        .events = rows_integer(rows, 0, 6),
                        .last_id = rows_integer(rows, 0, 7),
                        .sealed_us = rows_integer(rows, 0, 9)};
    struct bytes instance = rows_bytes(rows, 0, 0);
    if (prev.len != SHA256_SIZE || hashes.len != (size_t)seal.events * SHA256_SIZE ||
        instance.len >= sizeof seal.instance)
        return false;
    memcpy(seal.instance, instance.data, instance.len);
    memcpy(seal.prev_hash, prev.data, prev.len);
    take_root(hashes, seal.root);
    seal_sign(&seal, sealer->key);
    *ret_seal = seal;
    return true;
}

/* What seal_put takes; caller frees. */
static char *seal_item(const struct seal *seal)
{
    char root[SHA256_HEX], prev[SHA256_HEX], hash[SHA256_HEX], signature[2 * SIGNATURE_SIZE + 1];
    hex_encode(seal->root, sizeof seal->root, root);
    hex_encode(seal->prev_hash, sizeof seal->prev_hash, prev);
    hex_encode(seal->hash, sizeof seal->hash, hash);
    hex_encode(seal->signature, sizeof seal->signature, signature);
    AUTO(json)
    json_t *item =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "n", seal->n,
                  "epoch", seal->epoch, "epoch_from", seal->epoch_from, "xid_from", seal->xid_from,
                  "xid_to", seal->xid_to, "events", seal->events, "last_id", seal->last_id,
                  "sealed_us", seal->sealed_us, "root", root, "prev_hash", prev, "hash", hash,
                  "key_id", seal->key_id, "signature", signature);
    return json_text(item);
}

/* One seal, if there is anything to seal; `ret_events` is what it covers. */
static bool seal_next(struct sealer *sealer, struct seal *ret_seal, struct error *err)
{
    AUTO(rows) struct rows *taken = NULL;
    AUTO(rows) struct rows *put = NULL;
    ret_seal->events = 0;
    if (!sql_seal_take(sealer->db, ROWS_AT_ONCE, &taken, err))
        return false;
    if (!rows_count(taken))
        return true;
    if (!seal_of(sealer, taken, ret_seal))
        return fail(err, ERR_INTERNAL, "what is to be sealed can not be read");
    AUTO(text) char *item = seal_item(ret_seal);
    sealer->heads_are_ours = false; /* until its head is there, too */
    return sql_seal_put(sealer->db, item, &put, err) && catch_up(sealer, err);
}

static bool seal_all(struct sealer *sealer, struct error *err)
{
    AUTO(rows) struct rows *lock = NULL;
    struct seal seal = {.events = ROWS_AT_ONCE};
    if (!sql_seal_lock(sealer->db, &lock, err))
        return false;
    if (!rows_integer(lock, 0, 0)) {
        sealer->heads_are_ours = false;
        return true;
    }
    if (!catch_up(sealer, err))
        return false;
    while (seal.events >= ROWS_AT_ONCE)
        if (!seal_next(sealer, &seal, err))
            return false;
    return true;
}

static int64_t seal(void *context)
{
    struct sealer *sealer = context;
    struct error err = {0};
    bool good = seal_all(sealer, &err);
    if (!good && !sealer->failing)
        log_error("seal.failed", &err);
    if (good && sealer->failing)
        LOG(LOG_INFO, "seal.again");
    sealer->failing = !good;
    return PAUSE_MS;
}

bool sealer_new(const struct settings *settings, struct sealer **ret_sealer, struct error *err)
{
    AUTO(signing_key) struct signing_key *key = NULL;
    AUTO(db) struct db *db = NULL;
    *ret_sealer = NULL;
    if (!settings->seal_key_file[0] || !settings->sealer_database_url.value[0]) {
        LOG(LOG_WARN, "seal.off");
        return true;
    }
    if (!signing_key_read(settings->seal_key_file, "seal", &key, err) ||
        !db_open(settings->sealer_database_url.value, "countersign-sealer", &db, err))
        return false;
    struct herald *herald = NULL;
    if (!herald_new(settings, &herald, err))
        return false;
    struct sealer *sealer = memory_new(1, sizeof *sealer);
    sealer->herald = herald;
    sealer->settings = settings;
    sealer->key = TAKE(key);
    sealer->db = TAKE(db);
    sealer->thread = paced_start(seal, sealer);
    *ret_sealer = sealer;
    return true;
}

void sealer_free(struct sealer *sealer)
{
    if (!sealer)
        return;
    paced_end(sealer->thread);
    herald_free(sealer->herald);
    db_close(sealer->db);
    signing_key_free(sealer->key);
    free(sealer);
}
