/* Keeping in the audit trail what verify found: the operator writes it, who verifies only reads. */
#pragma once

#include "admin/audit/verify.h"

struct verified {
    const char *outcome;                /* "whole", "unsealed" or "broken" */
    const char *why;                    /* it is broken; else NULL */
    const struct verify_result *result; /* its newest seal is told unless it is broken */
    size_t heads;                       /* that it was held against */
    int64_t us;                         /* how long that took */
};

/* Whether there is somebody to write it, which is better known before hours of reading.
 * ERR_BAD_REQUEST without DATABASE_URL and a stack. */
bool verified_check(struct error *err) MUST_CHECK;

/* ERR_CONFLICT when the operator's database has no such seal. */
bool verified_put(const struct verified *verified, struct error *err) MUST_CHECK;
