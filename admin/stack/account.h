/* The system account that a child process runs as. */
#pragma once

#include <sys/types.h>

#include "common/base/error.h"

struct account {
    char name[64]; /* "" stays what we are */
    uid_t uid;
    gid_t gid;
};

/* As root: the named account, which must exist. As anybody else: ourselves. */
bool account_for(const char *name, struct account *ret_account, struct error *err) MUST_CHECK;

/* Becomes the account, for good. For a child fresh from fork. */
bool account_become(const struct account *account) MUST_CHECK;

/* Can the account reach this folder? Asked by a child that becomes it. */
bool account_reaches(const struct account *account, const char *folder);
