/* Brings a database to the schema this binary carries. */
#pragma once

#include <stdio.h>

#include "common/base/error.h"
#include "common/base/settings.h"

struct role_password {
    const char *role; /* "countersign_api" */
    struct secret password;
};

struct migration {
    const char *url; /* of a superuser, or a login with CREATEROLE */
    const struct role_password *passwords;
    size_t password_count; /* those with an empty password are left alone */
    FILE *out;             /* one line for each migration applied; NULL for none */
    bool check;            /* prepare every statement of every program afterwards */
};

/* Safe to run again, and by several at once: an advisory lock lets one pass at
 * a time. Each migration is a transaction of its own. */
bool migrate(const struct migration *migration, struct error *err) MUST_CHECK;
