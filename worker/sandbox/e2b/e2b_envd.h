/* Files in a sandbox of E2B, through the daemon that runs in it. */
#pragma once

#include "worker/sandbox/e2b/e2b_internal.h"

/* One file, replaced when it is there; `path` is absolute. */
bool e2b_envd_put(struct sandbox *sandbox, const char *path, const struct http_part *file,
                  const atomic_bool *cancelled, struct error *err) MUST_CHECK;
/* Several in one call; each part's filename is its path. */
bool e2b_envd_put_all(struct sandbox *sandbox, const struct http_part *files, size_t count,
                      const atomic_bool *cancelled, struct error *err) MUST_CHECK;

/* Plain files of a folder, those below it not: {name: [size, modified]}; caller decrefs.
 * `ret_others` counts what is none and does not begin with a dot. */
bool e2b_envd_list(struct sandbox *sandbox, const char *folder, const atomic_bool *cancelled,
                   json_t **ret_files, size_t ret_others[2], struct error *err) MUST_CHECK;

/* Where a file goes: the receiver says false to end it. More than `most` bytes is an error. */
struct e2b_download {
    uint64_t most;
    bool (*take)(void *context, struct bytes piece);
    void *context;
};
/* ERR_NOT_FOUND when there is none, ERR_TOO_LARGE when it is larger. */
bool e2b_envd_get(struct sandbox *sandbox, const char *path, const struct e2b_download *download,
                  struct error *err) MUST_CHECK;
