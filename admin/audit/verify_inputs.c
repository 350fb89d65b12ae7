#include "admin/audit/verify_inputs.h"

#include <stdio.h>
#include <string.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

bool verify_inputs_new(struct inputs *inputs, struct error *err)
{
    return hasher_new(&inputs->input.hasher, err);
}

void verify_inputs_free(struct inputs *inputs)
{
    hasher_free(inputs->input.hasher);
}

static bool broken(const struct input *input, const char *why, struct error *err)
{
    return fail(err, ERR_CONFLICT, "input %s: %s", input->hex, why);
}

static bool end(struct input *input, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    if (!input->open)
        return true;
    input->open = false;
    hasher_end(input->hasher, digest);
    return (memcmp(digest, input->sha256, sizeof digest) == 0 &&
            input->bytes == input->said_bytes) ||
           broken(input, "has other bytes than its digest says", err);
}

static void begin(struct input *input, const struct rows *rows, size_t row)
{
    enum { HEX = 1, DIGEST, BYTES };
    struct bytes sha256 = rows_bytes(rows, row, DIGEST);
    input->open = true;
    input->count = 0;
    input->bytes = 0;
    input->said_bytes = rows_is_null(rows, row, BYTES) ? -1 : rows_integer(rows, row, BYTES);
    memcpy(input->sha256, sha256.data, sizeof input->sha256);
    snprintf(input->hex, sizeof input->hex, "%s", rows_text(rows, row, HEX));
    hasher_start(input->hasher);
}

static bool take_chunk(struct verify *verify, const struct rows *rows, size_t row,
                       struct error *err)
{
    enum { N, DIGEST = 2, DATA = 4 };
    struct input *input = &verify->inputs.input;
    struct bytes data = rows_bytes(rows, row, DATA);
    struct bytes sha256 = rows_bytes(rows, row, DIGEST);
    if (sha256.len != SHA256_SIZE)
        return fail(err, ERR_CONFLICT, "an input has no digest");
    if (!input->open || memcmp(input->sha256, sha256.data, sha256.len) != 0) {
        if (!end(input, err))
            return false;
        begin(input, rows, row);
    }
    if (rows_integer(rows, row, N) != input->count++)
        return broken(input, "lacks bytes", err);
    input->bytes += (int64_t)data.len;
    hasher_add(input->hasher, data);
    return true;
}

/* Digests are no numbers that a table could go on behind: it keeps the last one itself. */
static bool read_chunks(struct verify *verify, const int64_t after[TABLE_KEYS], int32_t most,
                        struct rows **ret_rows, struct error *err)
{
    enum { N, HEX };
    struct inputs *inputs = &verify->inputs;
    (void)after;
    if (!sql_verify_inputs(verify->db, inputs->after, inputs->after_n, most, ret_rows, err))
        return false;
    size_t got = rows_count(*ret_rows);
    if (got > 0) {
        snprintf(inputs->after, sizeof inputs->after, "%s", rows_text(*ret_rows, got - 1, HEX));
        inputs->after_n = (int32_t)rows_integer(*ret_rows, got - 1, N);
    }
    return true;
}

static bool stray(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    (void)verify;
    return fail(err, ERR_CONFLICT, "%s: %s", rows_text(rows, row, 1), rows_text(rows, row, 2));
}

bool verify_inputs(struct verify *verify, struct error *err)
{
    static const struct table chunks = {
        .most = VERIFY_PAGE, .uneven = true, .read_by_all = read_chunks, .take = take_chunk};
    static const struct table strays = {.most = 1,
                                        .first = {INT64_MIN},
                                        .known = true,
                                        .read = sql_verify_stray_inputs,
                                        .take = stray};
    return verify_pages(verify, &chunks, 1, err) && end(&verify->inputs.input, err) &&
           verify_pages(verify, &strays, 1, err);
}
