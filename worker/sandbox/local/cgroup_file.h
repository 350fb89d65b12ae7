/* Reading and writing the small files of a cgroup folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CGROUP_FILE_PATH 640

bool cgroup_file_write(const char *folder, const char *name, const char *file, const char *text);
bool cgroup_file_write_number(const char *folder, const char *name, const char *file,
                              int64_t value);
/* Empty text when it can not be read. */
void cgroup_file_read(const char *folder, const char *name, const char *file, char *ret_text,
                      size_t size);
/* The number behind `key` in a flat keyed file, or the whole file's with ""; 0 when absent. */
int64_t cgroup_file_number(const char *folder, const char *name, const char *file, const char *key);
bool cgroup_file_exists(const char *folder, const char *name, const char *file);
