/* The launcher: the small process that starts, limits, watches and buries local sandboxes. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "worker/sandbox/local/launcher_wire.h"

struct launcher_options {
    const char *python;      /* interpreter of local runs, an absolute path */
    int64_t slot_uid;        /* first of the user ids used when started as root; never 0 */
    int64_t sandbox_max;     /* sandboxes alive at once, dying ones included */
    int64_t tmp_bytes;       /* work folder of a warm sandbox, and of one that says no size */
    const char *cgroup_root; /* NULL: find out. "": use none. Else a folder for tests */
};

struct launcher; /* the worker's end of it */

/* Forks the launcher. Call it first thing in main, while the process has one
 * thread and has opened nothing; as root before privileges are dropped. The
 * texts in `options` are copied. Ends when launcher_stop is called or when the
 * caller dies in any way; every sandbox dies with it. */
bool launcher_start(const struct launcher_options *options, struct launcher **ret_launcher,
                    struct error *err) MUST_CHECK;

/* Kills what still runs, waits until nothing of it is left, frees. NULL is fine. */
void launcher_stop(struct launcher *launcher);

/* Hands a sandbox's own control socket and its descriptors 0 to 3 to the
 * launcher, which starts it. All five stay the caller's. Any thread. */
bool launcher_send(struct launcher *launcher, const struct launcher_request *request,
                   const int fds[LAUNCHER_FDS], struct error *err) MUST_CHECK;

/* What the launcher can limit with: "v2", "v1" or "none" (weaker). */
const char *launcher_cgroup(const struct launcher *launcher);
int launcher_pid(const struct launcher *launcher);
int64_t launcher_tmp_bytes(const struct launcher *launcher);
