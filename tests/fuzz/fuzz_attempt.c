/* What a worker makes of the row that it claimed, and whether it is what was approved. Input:
 * language (a line), code (a line), manifest. */
#include <endian.h>

#include "common/io/db_internal.h"
#include "tests/fuzz/fuzz.h"
#include "worker/attempt.h"
#include "worker/sandbox/frame.h"

#define COLUMNS 8

struct row {
    char *language;
    struct bytes code, manifest;
    uint8_t sha256[SHA256_SIZE];
};

static void put(PGresult *result, int column, struct bytes value)
{
    CLAIM(PQsetvalue(result, 0, column, (char *)value.data, (int)value.len));
}

/* In binary form, in the order of claim_attempts. */
static struct rows *rows_of(const struct row *row)
{
    static char name[] = "column";
    PGresAttDesc columns[COLUMNS] = {{0}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    for (int i = 0; i < COLUMNS; i++) {
        columns[i].name = name;
        columns[i].format = 1;
    }
    CLAIM(PQsetResultAttrs(result, COLUMNS, columns));
    for (int i = 0; i < 4; i++) {
        uint64_t number = htobe64((uint64_t)i + 1);
        put(result, i, (struct bytes){&number, sizeof number});
    }
    put(result, 4, bytes_of(row->language));
    put(result, 5, row->code);
    put(result, 6, row->manifest);
    put(result, 7, (struct bytes){row->sha256, SHA256_SIZE});
    return rows_new(result);
}

static struct attempt *attempt_of(const struct row *row)
{
    AUTO(rows) struct rows *rows = rows_of(row);
    struct error why = {0};
    struct attempt *attempt = attempt_from_row(rows, 0, &why);
    CLAIM(attempt->malformed == (why.code != ERR_NONE) && attempt->id == 1);
    return attempt;
}

static void check_fields(const struct attempt *attempt)
{
    const struct sandbox_job job = attempt_job(attempt);
    const struct bundle_limits *limits = &job.limits;
    CLAIM(job.file_count <= ATTEMPT_FILES_MAX && job.image && attempt->bundle.network);
    CLAIM(limits->wall_ms >= 0 && limits->memory_bytes >= 0 && limits->pids >= 0);
    CLAIM(limits->output_bytes >= 0 && limits->files >= 0 && limits->file_bytes >= 0);
    CLAIM(limits->cpu_ms >= 0 && limits->tmp_bytes >= 0);
    CLAIM(attempt->bundle.is_first == !attempt->bundle.terms.isolation);
    for (size_t i = 0; i < job.file_count; i++) {
        const char *name = job.files[i].name;
        const json_t *files = json_object_get(attempt->manifest, "files");
        const char *wanted = json_string_value(json_object_get(json_array_get(files, i), "name"));
        CLAIM(wanted && strcmp(name, wanted) == 0);
        CLAIM(attempt_name_is_plain(name) && job.files[i].fd == -1);
        CLAIM(strcmp(name, attempt->bundle.files[i].name) == 0 && attempt->file_numbers[i] >= 0);
    }
}

/* Only the bytes that were approved: one more byte of code is another bundle. */
static void check_approval(struct row *row, const struct attempt *attempt)
{
    struct error err = {0};
    AUTO(buffer) struct buffer longer = {0};
    CLAIM(!attempt_is_what_was_approved(attempt, &err) && err.code == ERR_STALE);
    attempt_digest(attempt, row->sha256);
    struct attempt *approved = attempt_of(row);
    CLAIM(attempt_is_what_was_approved(approved, &err));
    attempt_free(approved);
    buffer_add(&longer, row->code.data, row->code.len);
    buffer_add_text(&longer, "#");
    row->code = buffer_bytes(&longer);
    struct attempt *edited = attempt_of(row);
    CLAIM(!attempt_is_what_was_approved(edited, &err) && err.code == ERR_STALE);
    attempt_free(edited);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    AUTO(text) char *language = fuzz_text(fuzz_line(&fuzz));
    struct row row = {.language = language, .code = fuzz_line(&fuzz)};
    row.manifest = fuzz_rest(&fuzz);
    struct attempt *attempt = attempt_of(&row);
    if (!attempt->malformed) {
        check_fields(attempt);
        check_approval(&row, attempt);
    }
    attempt_free(attempt);
    return 0;
}
