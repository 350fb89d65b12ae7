/* The control plane of E2B: sandboxes are made, found, measured and removed. */
#pragma once

#include "worker/sandbox/e2b/e2b_internal.h"
#include "worker/sandbox/readiness.h"

/* Makes a sandbox that carries the job's label, after what an earlier claim of the same
 * attempt may have left was removed. An answer that was lost is looked up the same way.
 * Writes job->retry_after_ms. Caller deletes and frees. */
bool e2b_control_create(struct e2b *e2b, const struct sandbox_job *job,
                        struct sandbox **ret_sandbox, struct error *err) MUST_CHECK;

/* Processors and memory of the sandbox: asked now and then, since one image gives one size. */
void e2b_control_measure(struct sandbox *sandbox, const struct sandbox_job *job);

/* Before the start: where much of the sandbox's life went into uploads, it is given all that the
 * run may need from now on. */
bool e2b_control_extend(struct sandbox *sandbox, const struct sandbox_job *job,
                        struct error *err) MUST_CHECK;

/* Tries several times, at most about ten seconds; once and shortly, when `job` (may be NULL) is
 * cancelled: then somebody waits. Gone already is fine. */
bool e2b_control_delete(struct e2b *e2b, const char *id, const struct sandbox_job *job,
                        struct error *err) MUST_CHECK;

/* A readiness_ask_fn: whether the list can be asked for. */
enum readiness_answer e2b_control_preflight(void *context, char ret_why_not[READINESS_WHY]);

/* Whose sandboxes are listed, of the page's instance. `attempt` NULL: all. `job`: as above. */
struct e2b_label {
    const char *attempt;
    const struct sandbox_job *job;
};
/* Gives one page. */
bool e2b_control_list(struct e2b *e2b, const struct e2b_label *label, struct sandbox_page *page,
                      struct error *err) MUST_CHECK;
