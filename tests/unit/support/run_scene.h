/* What a slot does with one attempt, in which order: everybody whom run_attempt calls answers as a
 * scene says, and leaves a word in its trace. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Answers, one letter for each call; the last one stays.
 *   y yes   n no (stale)   u away for now   l the answer is lost   b busy   x refused for good
 *   create, too: t throttled   q no such image   k our key is refused   c cancelled meanwhile
 *   lease: y n   stop: 0 c(ancel) d(rain) l(ost)
 *   outcome: S F T C U, N did not start, K killed by a signal, R of no reason, V service's fault */
struct run_scene {
    const char *name;
    const char *fetch, *approved, *signatures, *enter, *create, *start, *holds, *finish, *release,
        *refuse;
    const char *lease, *stop, *outcome, *output;
    const char *trace;
    const char *isolation;  /* what was approved; NULL: what the sandbox has */
    int64_t cpu_ms;         /* likewise; what is not local can not limit it */
    int64_t retry_after_ms; /* what the service asks for, and 1 more: 0 is nothing */
    bool first_form, malformed, adopted, nowhere, service, probe, drains, leaves;
};

/* For tests that wrap what wraps_run in the Makefile names. Fails with the name of the first scene
 * whose trace is another. */
void run_scenes_play(const struct run_scene *scenes, size_t count);
