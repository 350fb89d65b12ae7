#include "admin/audit/verify_checked.h"

#include <string.h>

#include "admin/audit/verify_internal.h"

static bool broken(const struct seal *head, const char *what, struct error *err)
{
    return fail(err, ERR_CONFLICT, "--checked: seal %lld of epoch %lld, which the file names, %s",
                (long long)head->n, (long long)head->epoch, what);
}

/* NULL when no earlier run is known. */
static const struct seal *head_of(const struct verify *verify)
{
    const struct checked *checked = verify->options->checked;
    return checked && checked->head.n ? &checked->head : NULL;
}

bool verify_checked_begin(const struct verify *verify, struct error *err)
{
    const struct seal *head = head_of(verify);
    if (!head)
        return true;
    if (strcmp(head->instance, verify->instance) != 0)
        return broken(head, "is of another database", err);
    return seal_signature_holds(head, verify->options->keys) ||
           broken(head, "is signed by no key that may seal", err);
}

bool verify_checked_seal(const struct verify *verify, const struct seal *seal, struct error *err)
{
    const struct seal *head = head_of(verify);
    return !head || head->n != seal->n || memcmp(head->hash, seal->hash, SHA256_SIZE) == 0 ||
           broken(head, "is not the one that is here", err);
}

bool verify_checked_seals_end(const struct verify *verify, struct error *err)
{
    const struct seal *head = head_of(verify);
    return !head || head->n <= verify->result.newest.n ||
           broken(head, "is missing: this is an older or a shortened history", err);
}

bool verify_checked_decision(struct verify *verify, const struct mark *mark, const char *key_id)
{
    struct verify_result *result = &verify->result;
    const struct seal *head = head_of(verify);
    int64_t seal = verify_drops_bound(verify, mark->seq);
    bool under = head && seal <= head->n;
    bool earlier = under && key_id && checked_has_key(verify->options->checked, key_id);
    result->signed_sealed += seal != VERIFY_NO_SEAL;
    verify->under_checked += under;
    result->signed_now += !earlier;
    result->signed_earlier += earlier;
    return earlier;
}

bool verify_checked_end(const struct verify *verify, struct error *err)
{
    const struct seal *head = head_of(verify);
    return !head || verify->under_checked <= verify->options->checked->signatures ||
           broken(head, "covers more decisions than it says were checked", err);
}
