/* Addresses of the real PostgreSQL and Redis that `make test-unit` starts. */
#pragma once

#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

static inline const char *service_address(const char *name)
{
    const char *address = getenv(name);
    if (!address)
        fail_msg("%s is not set: run this test by `make test-unit`", name);
    return address;
}

#define TEST_DATABASE service_address("COUNTERSIGN_DB_SUPERUSER")
#define TEST_REDIS service_address("COUNTERSIGN_REDIS_URL")
