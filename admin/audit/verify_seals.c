/* Rows against the seals that cover them, seals against each other, and against heads that left. */
#include <string.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

#define SEALS_PAGE 1000

static bool broken(const struct seal *seal, const char *what, struct error *err)
{
    return fail(err, ERR_CONFLICT, "seal %lld %s", (long long)seal->n, what);
}

static bool same_hash(const uint8_t a[SHA256_SIZE], const uint8_t b[SHA256_SIZE])
{
    return memcmp(a, b, SHA256_SIZE) == 0;
}

/* Those of this number, of which there may be several. */
static bool check_heads(struct verify *verify, const struct seal *seal, struct error *err)
{
    const struct verify_options *options = verify->options;
    for (; verify->head_at < options->head_count; verify->head_at++) {
        const struct seal *head = &options->heads[verify->head_at];
        if (head->n > seal->n)
            break;
        if (head->n < seal->n || !same_hash(head->hash, seal->hash))
            return broken(head, "is not the one whose head left", err);
    }
    return true;
}

static const char *fault_of(const struct verify *verify, const struct seal *seal)
{
    const struct seal *before = &verify->before;
    bool follows = seal->epoch == (before->n ? before->epoch : 1);
    int64_t from = follows ? before->xid_to : 0;
    int64_t first_id = follows ? before->epoch_from : verify->last_id + 1;
    if (seal->n != before->n + 1)
        return "does not follow: one before it is missing";
    if (!seal_hash_holds(seal))
        return "was changed";
    if (strcmp(seal->instance, verify->instance) != 0)
        return "is of another database";
    if (!seal_signature_holds(seal, verify->options->keys))
        return "is signed by no key that may seal";
    if (!same_hash(seal->prev_hash, before->hash))
        return "does not follow the seal before it";
    if ((!follows && seal->epoch != before->epoch + 1) || seal->xid_from != from ||
        seal->epoch_from != first_id || seal->xid_to <= seal->xid_from || seal->events < 1)
        return "does not begin where the seal before it ends";
    return NULL;
}

static bool fetch(struct verify *verify, struct error *err)
{
    rows_free(TAKE(verify->seals));
    verify->seal_at = 0;
    pthread_mutex_lock(&verify->db_lock);
    bool good = sql_verify_seals(verify->db, verify->before.n + 1, SEALS_PAGE, &verify->seals, err);
    pthread_mutex_unlock(&verify->db_lock);
    return good;
}

/* The next seal, if there is one. */
static bool load(struct verify *verify, struct error *err)
{
    verify->loaded = false;
    if (verify->before.n >=
        verify_drops_until(verify)) /* else those that stay are taken together */
        verify->merkle.count = 0;
    verify->top_id = 0;
    bool at_end = !verify->seals || verify->seal_at == rows_count(verify->seals);
    if (at_end && !fetch(verify, err))
        return false;
    if (verify->seal_at == rows_count(verify->seals))
        return true;
    bool whole = seal_from_row(verify->seals, verify->seal_at++, &verify->seal);
    const char *fault = whole ? fault_of(verify, &verify->seal) : "was changed";
    verify->loaded = true;
    if (fault)
        return broken(&verify->seal, fault, err);
    return check_heads(verify, &verify->seal, err) &&
           verify_checked_seal(verify, &verify->seal, err);
}

/* All rows under the seal, when none was dropped. */
static bool check_rows(struct verify *verify, struct error *err)
{
    const struct seal *seal = &verify->seal;
    uint8_t root[SHA256_SIZE];
    if ((int64_t)verify->merkle.count != seal->events)
        return fail(err, ERR_CONFLICT, "seal %lld covers %lld rows, but there are %llu",
                    (long long)seal->n, (long long)seal->events,
                    (unsigned long long)verify->merkle.count);
    merkle_root(&verify->merkle, root);
    if (!same_hash(root, seal->root))
        return broken(seal, "covers other rows", err);
    return verify->top_id == seal->last_id || broken(seal, "names another last row", err);
}

static bool close_seal(struct verify *verify, struct error *err)
{
    const struct seal *seal = &verify->seal;
    bool dropped = seal->n <= verify_drops_until(verify);
    if (!(dropped ? verify_drops_seal(verify, err) : check_rows(verify, err)))
        return false;
    verify->last_id = seal->last_id > verify->last_id ? seal->last_id : verify->last_id;
    verify->result.newest = *seal;
    verify->result.seals++;
    verify->before = *seal;
    return load(verify, err);
}

static bool is_open(const struct verify *verify)
{
    return verify->loaded && verify->seal.epoch == verify->epoch;
}

bool verify_epoch_begin(struct verify *verify, int64_t epoch, struct error *err)
{
    verify->epoch = epoch;
    verify->result.epochs++;
    return verify->seals || load(verify, err);
}

int64_t verify_row_seal(const struct verify *verify)
{
    return is_open(verify) ? verify->seal.n : VERIFY_NO_SEAL;
}

bool verify_epoch_row(struct verify *verify, const struct sealed_row *row, struct error *err)
{
    while (is_open(verify) && row->xid >= verify->seal.xid_to)
        if (!close_seal(verify, err))
            return false;
    if (is_open(verify)) {
        merkle_add(&verify->merkle, row->leaf);
        verify->top_id = row->id > verify->top_id ? row->id : verify->top_id;
        return true;
    }
    int64_t age = verify->result.now_us - row->ts_us;
    if (age > verify->result.unsealed_us)
        verify->result.unsealed_us = age;
    return true;
}

bool verify_epoch_end(struct verify *verify, bool last, struct error *err)
{
    while (is_open(verify))
        if (!close_seal(verify, err))
            return false;
    if (!last && verify->result.unsealed_us)
        return broken(&verify->before, "is the last of its epoch, but leaves rows out", err);
    if (last && verify->loaded)
        return broken(&verify->seal, "is of an epoch that is not there", err);
    if (last && verify->head_at < verify->options->head_count)
        return broken(&verify->options->heads[verify->head_at],
                      "is missing, but its head left: this is an older or a shortened history",
                      err);
    return !last || verify_checked_seals_end(verify, err);
}
