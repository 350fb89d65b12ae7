#include "api/requests/judging.h"

#include <stdlib.h>

#include "api/database.h"
#include "api/requests/writes.h"
#include "common/base/log.h"
#include "common/base/paced.h"
#include "common/domain/deception.h"
#include "common/domain/verdict.h"
#include "common/io/policy_child.h"
#include "statements.h"

#define LOOK_MS 2000
#define AT_ONCE 20

struct judging {
    struct api *api;
    struct policy *policy;
    struct db *db; /* of the thread */
    struct paced *thread;
    bool failing; /* said so already */
};

bool judging_verdict(struct judging *judging, const char *language, struct bytes code,
                     char **ret_verdict, struct error *err)
{
    AUTO(json) json_t *verdict = NULL;
    AUTO(json) json_t *deceptions = deception_json(code, language);
    if (!policy_judge(judging->policy, language, code, &verdict, err))
        return false;
    verdict_add_findings(verdict, deceptions);
    *ret_verdict = json_text(verdict);
    return true;
}

bool judging_add(struct judging *judging, const char *language, struct bytes code, json_t *item,
                 struct error *err)
{
    AUTO(text) char *verdict = NULL;
    if (!judging_verdict(judging, language, code, &verdict, err))
        return false;
    json_object_set_new(item, "verdict", json_string(verdict));
    return true;
}

/* The rules again when there are newer ones. */
static bool follow_rules(struct judging *judging, struct error *err)
{
    AUTO(rows) struct rows *newest = NULL;
    AUTO(rows) struct rows *rules = NULL;
    if (!sql_policy_version_for(judging->db, POLICY_ENGINE, &newest, err))
        return false;
    if (rows_integer(newest, 0, 0) == policy_version(judging->policy))
        return true;
    if (!sql_policy_rules_for(judging->db, POLICY_ENGINE, &rules, err) ||
        !policy_set_rules(judging->policy, rows_bytes(rules, 0, 0), err))
        return false;
    LOG(LOG_INFO, "policy.rules", LOG_NUMBER("version", policy_version(judging->policy)));
    return true;
}

static bool items_of(struct judging *judging, const struct rows *rows, json_t *items,
                     struct error *err)
{
    for (size_t i = 0; i < rows_count(rows); i++) {
        json_t *item = json_pack("{s:I, s:I, s:I}", "id", rows_integer(rows, i, 0), "revision",
                                 rows_integer(rows, i, 1), "pending_seconds",
                                 (json_int_t)judging->api->settings.pending_seconds);
        json_array_append_new(items, item);
        if (!judging_add(judging, rows_text(rows, i, 2), rows_bytes(rows, i, 3), item, err))
            return false;
    }
    return true;
}

/* Tells who listens; true when at least one was judged. */
static bool tell_judged(struct judging *judging, const struct rows *rows)
{
    bool any = false;
    for (size_t i = 0; i < rows_count(rows); i++) {
        AUTO(json) json_t *result = json_loads(rows_text(rows, i, 1), 0, NULL);
        any = any || json_flag(result, "judged");
        writes_announce(judging->api, result);
    }
    return any;
}

/* What waits or is approved, until nothing of it was judged by older rules. */
static bool judge_again(struct judging *judging, struct error *err)
{
    for (bool more = true; more;) {
        AUTO(rows) struct rows *rows = NULL;
        AUTO(rows) struct rows *results = NULL;
        AUTO(json) json_t *items = json_array();
        if (!follow_rules(judging, err) ||
            !sql_requests_to_judge(judging->db, AT_ONCE, &rows, err) ||
            !items_of(judging, rows, items, err))
            return false;
        if (json_array_size(items) == 0)
            return true;
        AUTO(text) char *text = json_text(items);
        if (!sql_judge_requests(judging->db, text, &results, err))
            return false;
        more = tell_judged(judging, results);
    }
    return true;
}

/* One look, and how long until the next. */
static int64_t look(void *context)
{
    struct judging *judging = context;
    struct error err = {0};
    bool fine = database_ready(judging->api, &judging->db, &err) && judge_again(judging, &err);
    if (!fine && !judging->failing)
        log_error("policy.judging", &err);
    if (!fine)
        database_failed(judging->api, &err);
    judging->failing = !fine;
    return LOOK_MS;
}

bool judging_new(struct api *api, struct judging **ret_judging, struct error *err)
{
    struct judging *judging = memory_new(1, sizeof *judging);
    judging->api = api;
    judging->policy = policy_new(&(struct policy_options){0});
    if (!database_ready(api, &judging->db, err) || !follow_rules(judging, err)) {
        db_close(judging->db);
        policy_auto(&judging->policy);
        free(judging);
        return false;
    }
    judging->thread = paced_start(look, judging);
    *ret_judging = judging;
    return true;
}

void judging_free(struct judging *judging)
{
    if (!judging)
        return;
    paced_end(judging->thread);
    policy_auto(&judging->policy);
    db_close(judging->db);
    free(judging);
}
