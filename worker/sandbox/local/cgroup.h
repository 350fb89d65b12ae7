/* Memory and process limits of a group of processes, by cgroup v2 or v1, and its figures. */
#pragma once

#include "worker/sandbox/local/launcher_wire.h"

#define CGROUP_PATH 512
#define CGROUP_NAME 32

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

/* Where groups are made. With v2 all three are one folder. */
struct cgroup_base {
    enum cgroup_kind kind;
    char memory[CGROUP_PATH];
    char pids[CGROUP_PATH];
    char cpu[CGROUP_PATH]; /* "" where v1 has no cpuacct */
};

/* Finds a place below this process's own group (or the top) where groups can
 * be made, makes our folder there and removes those that dead launchers left.
 * `root` as in struct launcher_options. Sets CGROUP_NONE where there is none. */
void cgroup_base_open(const char *root, struct cgroup_base *ret_base);
void cgroup_base_close(const struct cgroup_base *base);
const char *cgroup_kind_name(enum cgroup_kind kind);

/* All of these do nothing, and say so by true, when the kind is CGROUP_NONE. */
bool cgroup_make(const struct cgroup_base *base, const char *name);
bool cgroup_limit(const struct cgroup_base *base, const char *name,
                  const struct launcher_limits *limits);
bool cgroup_enter(const struct cgroup_base *base, const char *name); /* the calling process */
void cgroup_kill(const struct cgroup_base *base, const char *name);
bool cgroup_remove(const struct cgroup_base *base, const char *name); /* false: not yet empty */

/* How often the kernel killed for memory in it. */
int64_t cgroup_memory_kills(const struct cgroup_base *base, const char *name);
/* Fills cpu, memory and pids of the report with what is known. */
void cgroup_measure(const struct cgroup_base *base, const char *name,
                    struct launcher_report *ret_report);
