/* What the api signs when somebody proposes to drop a part of the audit trail, or agrees to it. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/crypto.h"

#define RETENTION_FORMAT "countersign-retention-v1"
#define RETENTION_PROPOSE "propose"
#define RETENTION_AGREE "agree"

struct retention_statement {
    const char *instance; /* of the database, so that it says nothing about another one */
    int64_t retention_id;
    int64_t seal;             /* all up to this one is to be dropped */
    const uint8_t *seal_hash; /* SHA256_SIZE bytes */
    int64_t person_id;
    int64_t at_ms;    /* since 1970, by the clock of the database */
    const char *role; /* RETENTION_PROPOSE or RETENTION_AGREE */
};

/* The fields in the order of the struct after RETENTION_FORMAT, as common/domain/fields.h has
 * them. The hash is 32 raw bytes. */
void retention_encode(const struct retention_statement *statement, struct buffer *ret_bytes);
