/* What an earlier `audit verify` left: up to which seal the signature of each decision was checked.
 * Whoever can write that file can spare decisions their check, so it is as good as its folder. */
#pragma once

#include "common/base/signing.h"
#include "common/domain/seal.h"

#define CHECKED_FORM "countersign-checked-v1"
#define CHECKED_KEYS_MAX 100

struct checked {
    struct seal head;   /* n is 0 when there was no file */
    int64_t at_ms;      /* when, of the database's clock */
    int64_t signatures; /* of so many decisions, all that are under that head */
    size_t key_count;   /* of decisions, that counted then */
    char keys[CHECKED_KEYS_MAX][KEY_ID_SIZE];
};

/* ERR_BAD_REQUEST names the file and what is wrong with it. One that is not there is none. */
bool checked_read(const char *path, struct checked *ret_checked, struct error *err) MUST_CHECK;
/* In one step, mode 0600, on disk when this returns. */
bool checked_write(const char *path, const struct checked *checked, struct error *err) MUST_CHECK;

bool checked_has_key(const struct checked *checked, const char *key_id);
void checked_take_keys(struct checked *checked, const struct public_keys *keys);
