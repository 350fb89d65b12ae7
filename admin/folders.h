/* Files and folders of the operator's command: made whole or not at all. */
#pragma once

#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/error.h"

/* "folder/name"; caller frees. */
char *path_join(const char *folder, const char *name);

/* Makes the folder and its parents; `mode` is for the last one only, and is
 * set on one that was there already. */
bool folder_make(const char *path, mode_t mode, struct error *err) MUST_CHECK;

/* Removes a file or a whole tree; nothing there is no error. Follows no links. */
bool folder_remove(const char *path, struct error *err) MUST_CHECK;

bool path_exists(const char *path);

/* Replaces the file in one step. */
bool file_write(const char *path, struct bytes text, mode_t mode, struct error *err) MUST_CHECK;

/* Whether a file, or the names in a folder, are on disk. */
bool path_sync(const char *path, struct error *err) MUST_CHECK;

/* The whole file, 1 MiB at most; caller frees. */
bool file_read(const char *path, char **ret_text, struct error *err) MUST_CHECK;
