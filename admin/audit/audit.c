/* Looking whether the audit trail is whole, and handing out parts of it. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "admin/audit/audit_place.h"
#include "admin/command.h"
#include "admin/audit/export.h"
#include "admin/audit/verified.h"
#include "common/base/clock.h"

/* How `audit verify` ends. */
enum { WHOLE = 0, BROKEN = 1, UNSEALED = 2, UNREADABLE = 3 };

#define UNSEALED_US INT64_C(10000000)

static const char *head_option, *offline_option, *checked_option, *from_option, *to_option,
    *out_option;
static bool record_option;

static const struct option_entry verify_entries[] = {
    {"--head", "FILE|HEAD", "what left earlier and must still hold (SEAL_HEADS_FILE)", &head_option,
     NULL},
    {"--checked", "FILE", "check no decision's signature twice: FILE keeps up to which seal",
     &checked_option, NULL},
    {"--record", NULL, "keep what was found in the audit trail, as the operator (DATABASE_URL)",
     NULL, &record_option},
    {"--offline", "DIR", "what audit export wrote, without a database", &offline_option, NULL},
};
static const struct option_entry export_entries[] = {
    {"--from", "TIME", "sealed then or later: 2026-11-27, or 2026-11-27T10:00:00Z", &from_option,
     NULL},
    {"--to", "TIME", "sealed before that", &to_option, NULL},
    {"--out", "DIR", "a folder that is not there yet", &out_option, NULL},
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

static void print_signatures(const struct checked *checked, const struct verify_result *result)
{
    char at[25];
    printf("%" PRId64 " signatures of decisions checked now", result->signed_now);
    if (checked->head.n) {
        clock_format(checked->at_ms, at);
        printf(", %" PRId64 " earlier: up to seal %" PRId64 ", on %s", result->signed_earlier,
               checked->head.n, at);
    }
    printf("\n");
}

/* What the next run need not check. */
static bool keep_checked(const struct audit_place *place, const struct verify_result *result,
                         struct error *err)
{
    struct checked checked = {.head = result->newest,
                              .at_ms = result->now_us / 1000,
                              .signatures = result->signed_sealed};
    if (!checked_option || !result->newest.n)
        return true;
    checked_take_keys(&checked, place->decision_keys);
    return checked_write(checked_option, &checked, err);
}

/* What an older version of this program did not bind can not be known to be as it was. */
static void print_unbound(const struct verify_result *result)
{
    if (result->unbound_attempts)
        printf("not bound: %" PRId64
               " runs ended before the audit trail covered what came of them\n",
               result->unbound_attempts);
    if (result->unbound_requests)
        printf("not bound: %" PRId64 " requests came before the audit trail covered their words\n",
               result->unbound_requests);
    if (result->unbound_costs)
        printf("not bound: %" PRId64 " costs came before the audit trail covered them\n",
               result->unbound_costs);
}

static int status_of(const struct error *err)
{
    return err->code == ERR_CONFLICT ? BROKEN : UNREADABLE;
}

static int verify_place(const struct audit_place *place, const struct checked *checked,
                        struct verify_result *ret_result, struct error *err)
{
    const struct verify_options options = {.keys = place->keys,
                                           .decision_keys = place->decision_keys,
                                           .heads = place->heads,
                                           .head_count = place->head_count,
                                           .checked = checked,
                                           .progress = true,
                                           .dropped = stdout};
    int64_t start_us = clock_monotonic_us();
    if (!verify_run(place->db, &options, ret_result, err))
        return status_of(err);
    print_result(place, ret_result, clock_monotonic_us() - start_us);
    print_signatures(checked, ret_result);
    print_unbound(ret_result);
    if (ret_result->unsealed_us > UNSEALED_US) {
        printf("unsealed: a row has waited for %.1f s\n", (double)ret_result->unsealed_us / 1e6);
        return UNSEALED;
    }
    if (!keep_checked(place, ret_result, err))
        return UNREADABLE;
    printf("whole\n");
    return WHOLE;
}

static int verify_offline(struct error *err)
{
    AUTO(public_keys) struct public_keys *keys = NULL;
    struct export_result result;
    if (!audit_place_keys(&keys, err))
        return UNREADABLE;
    if (!export_verify(keys, offline_option, &result, err))
        return status_of(err);
    printf("%" PRId64 " audit rows, %" PRId64 " seals\nwhole\n", result.events, result.seals);
    return WHOLE;
}

/* How it ends then: what could not be kept is an answer as little as what could not be read, but
 * never hides that something is broken. */
static int record(int status, const struct verified *verified, struct error *err)
{
    struct error why = {0};
    if (verified_put(verified, &why)) {
        printf("kept in the audit trail\n");
        return status;
    }
    if (status == BROKEN) {
        fprintf(stderr, "countersign: not kept in the audit trail: %s\n", why.text);
        return status;
    }
    *err = why;
    return UNREADABLE;
}

static int verify_online(const struct checked *checked, struct error *err)
{
    static const char *const outcomes[] = {
        [WHOLE] = "whole", [BROKEN] = "broken", [UNSEALED] = "unsealed"};
    AUTO(audit_place) struct audit_place place = {0};
    struct verify_result result = {0};
    if (record_option && !verified_check(err))
        return UNREADABLE;
    int64_t start_us = clock_monotonic_us();
    int status = audit_place_open(head_option, &place, err)
                     ? verify_place(&place, checked, &result, err)
                     : status_of(err);
    if (!record_option || status == UNREADABLE)
        return status;
    const struct verified verified = {.outcome = outcomes[status],
                                      .why = status == BROKEN ? err->text : NULL,
                                      .result = &result,
                                      .heads = place.head_count,
                                      .us = clock_monotonic_us() - start_us};
    return record(status, &verified, err);
}

/* Its errors are answers: they say more by their status than those of other commands. */
static bool run_verify(struct words *words, int *ret_status, struct error *err)
{
    struct checked checked = {0};
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "audit verify takes no words: %s", words->list[0]);
    if (offline_option && head_option)
        return fail(err, ERR_BAD_REQUEST, "--offline has its heads itself: give no --head");
    if (offline_option && checked_option)
        return fail(err, ERR_BAD_REQUEST, "--offline looks at no decision: give no --checked");
    if (offline_option && record_option)
        return fail(err, ERR_BAD_REQUEST,
                    "--offline has no audit trail to keep it in: "
                    "give no --record");
    if (checked_option && !checked_read(checked_option, &checked, err))
        return false;
    *ret_status = offline_option ? verify_offline(err) : verify_online(&checked, err);
    if (*ret_status == BROKEN)
        printf("broken: %s\n", err->text);
    if (*ret_status == UNREADABLE)
        fprintf(stderr, "countersign: %s\n", err->text);
    return true;
}

static bool read_time(const char *name, const char *text, int64_t *ret_us, struct error *err)
{
    struct tm parts = {0};
    const char *end = text ? strptime(text, "%Y-%m-%d", &parts) : NULL;
    if (end && *end)
        end = strptime(end, "T%H:%M:%SZ", &parts);
    if (!end || *end)
        return fail(err, ERR_BAD_REQUEST,
                    "%s must be a day or a time in UTC: 2026-11-27, or "
                    "2026-11-27T10:00:00Z",
                    name);
    *ret_us = (int64_t)timegm(&parts) * 1000000;
    return true;
}

static bool run_export(struct words *words, int *ret_status, struct error *err)
{
    struct export_range range = {.n = {1, INT64_MAX}};
    struct export_result result;
    AUTO(audit_place) struct audit_place place = {0};
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "audit export takes no words: %s", words->list[0]);
    if (!out_option)
        return fail(err, ERR_BAD_REQUEST, "--out must name the folder to make");
    if (!read_time("--from", from_option, &range.us[0], err) ||
        !read_time("--to", to_option, &range.us[1], err) || !audit_place_open(NULL, &place, err) ||
        !export_write(&place, &range, out_option, &result, err))
        return false;
    printf("%" PRId64 " audit rows under %" PRId64 " seals are in %s\n", result.events,
           result.seals, out_option);
    *ret_status = 0;
    return true;
}

const struct command commands_audit[] = {
    {"audit verify",
     "",
     "whether the audit trail is whole: exit 0, 1 broken, 2 unsealed > 10 s, 3 not read, 64 usage",
     run_verify,
     {verify_entries, COUNT_OF(verify_entries)}},
    {"audit export",
     "",
     "a range of the audit trail as files that verify offline",
     run_export,
     {export_entries, COUNT_OF(export_entries)}},
    {0},
};
