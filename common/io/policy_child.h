/* Asks `countersign-policy` for a verdict on code, in a process of its own that may die of it. */
#pragma once

#include "common/base/json.h"

/* Which reader of code this is: one more whenever policy/ finds more than it did, here and in
 * cs.policy_engine() alike, so that a release with it judges anew what waits. */
#define POLICY_ENGINE 2
#define POLICY_CODE_MAX (4U << 20)
#define POLICY_RULES_MAX (4U << 20)
#define POLICY_CHILDREN 2
#define POLICY_DEADLINE_MS 5000 /* the machine may be busy; judging takes milliseconds */

struct policy;

struct policy_options {
    const char *program; /* NULL: countersign-policy beside this process's own program */
    int64_t deadline_ms; /* of one answer; 0: POLICY_DEADLINE_MS */
};

/* Starts nothing yet: a child is started when it is asked for. Caller frees. */
struct policy *policy_new(const struct policy_options *options);
void policy_auto(struct policy **policy); /* waits for its children's end */

/* What cs.policy_rules() gave, as JSON. Every child gets it before its next question. Refuses
 * what is no object with a version; the error names the field. */
bool policy_set_rules(struct policy *policy, struct bytes rules, struct error *err) MUST_CHECK;
int64_t policy_version(struct policy *policy); /* of the rules; 0 before there are any */

/* May be called by any thread; waits for one of the children. A child that crashes, is late or
 * answers nonsense is killed, and gives a verdict all the same: level high, engine failed or
 * timeout, and the finding engine.failed. So it is false only before there are rules
 * (ERR_UNAVAILABLE) and for code of more than POLICY_CODE_MAX bytes (ERR_TOO_LARGE). */
bool policy_judge(struct policy *policy, const char *language, struct bytes code,
                  json_t **ret_verdict, struct error *err) MUST_CHECK;
