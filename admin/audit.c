/* Looking whether the audit trail is whole. */
#include <inttypes.h>
#include <stdio.h>

#include "admin/audit_place.h"
#include "admin/command.h"
#include "common/base/clock.h"

/* How `audit verify` ends. */
enum { WHOLE = 0, BROKEN = 1, UNSEALED = 2, UNREADABLE = 3 };

#define UNSEALED_US INT64_C(10000000)

static const char *head_option;

static const struct option_entry verify_entries[] = {
    {"--head", "FILE|HEAD", "what left earlier and must still hold (SEAL_HEADS_FILE)", &head_option,
     NULL},
};

static void print_result(const struct audit_place *place, const struct verify_result *result,
                         int64_t us)
{
    char line[SEAL_LINE_SIZE];
    double seconds = (double)(us ? us : 1) / 1e6;
    printf("%" PRId64 " audit rows, %" PRId64 " rows in all, %.3f s, %.0f rows per second\n",
           result->events, result->rows, seconds, (double)result->rows / seconds);
    printf("%" PRId64 " seals in %" PRId64 " epochs, held against %zu heads\n", result->seals,
           result->epochs, place->head_count);
    if (place->other_lines)
        printf("%zu lines of the heads are none\n", place->other_lines);
    if (result->newest.n) {
        seal_line(&result->newest, line);
        printf("newest head: %s\n", line);
    }
}

static int verify_place(const struct audit_place *place, struct error *err)
{
    const struct verify_options options = {place->keys, place->heads, place->head_count, true};
    struct verify_result result;
    int64_t start_us = clock_monotonic_us();
    if (!verify_run(place->db, &options, &result, err))
        return err->code == ERR_CONFLICT ? BROKEN : UNREADABLE;
    print_result(place, &result, clock_monotonic_us() - start_us);
    if (result.unsealed_us > UNSEALED_US) {
        printf("unsealed: a row has waited for %.1f s\n", (double)result.unsealed_us / 1e6);
        return UNSEALED;
    }
    printf("whole\n");
    return WHOLE;
}

/* Its errors are answers: they say more by their status than those of other commands. */
static bool run_verify(struct words *words, int *ret_status, struct error *err)
{
    AUTO(audit_place) struct audit_place place = {0};
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "audit verify takes no words: %s", words->list[0]);
    if (audit_place_open(head_option, &place, err))
        *ret_status = verify_place(&place, err);
    else
        *ret_status = err->code == ERR_CONFLICT ? BROKEN : UNREADABLE;
    if (*ret_status == BROKEN)
        printf("broken: %s\n", err->text);
    if (*ret_status == UNREADABLE)
        fprintf(stderr, "countersign: %s\n", err->text);
    return true;
}

const struct command commands_audit[] = {
    {"audit verify",
     "",
     "whether the audit trail is whole: exit 0, 1 broken, 2 unsealed, 3 can not be read",
     run_verify,
     {verify_entries, COUNT_OF(verify_entries)}},
    {0},
};
