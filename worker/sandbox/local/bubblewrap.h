/* The frozen command line of bubblewrap, and the change of user before it. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"

#define BUBBLEWRAP_ARGS 192
/* Where the list expects them: after 0 to 3, the parts of the bootstrap, then the filter. */
#define BUBBLEWRAP_FD_PARTS 4
#define BUBBLEWRAP_PARTS 3
#define BUBBLEWRAP_FD_FILTER 7
#define BUBBLEWRAP_FDS 8
#define BUBBLEWRAP_WORK "/work"

struct bubblewrap_options {
    const char *python;
    int64_t tmp_bytes;
    bool warm;
};

/* The texts that the list needs to outlive the call. */
struct bubblewrap_list {
    const char *args[BUBBLEWRAP_ARGS];
    char size[24];
    char prefix[256]; /* of an interpreter that is not below /usr, or "" */
};

/* The only place where the sandbox's profile is written down. */
void bubblewrap_list(const struct bubblewrap_options *options, struct bubblewrap_list *ret_list);

/* In the forked child: descriptors 0 to 7 are in place. Sets limits, becomes
 * `uid` for good when it is not 0 (started as root), and executes. Returns only
 * to say what failed. */
const char *bubblewrap_exec(const struct bubblewrap_list *list, uint32_t uid, int64_t tmp_bytes,
                            int parent);
