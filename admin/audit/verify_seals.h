/* Rows in the order of transactions, held against the seals over them: an epoch begins, its rows
 * come, it ends. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

struct verify;

struct sealed_row {
    int64_t xid, id, ts_us;
    const uint8_t *leaf;
};
bool verify_epoch_begin(struct verify *verify, int64_t epoch, struct error *err);
bool verify_epoch_row(struct verify *verify, const struct sealed_row *row, struct error *err);
bool verify_epoch_end(struct verify *verify, bool last, struct error *err);
int64_t verify_row_seal(const struct verify *verify); /* over the last row; VERIFY_NO_SEAL: none */
