#include "worker/sandbox/local/cgroup_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool path_of(const char *folder, const char *name, const char *file,
                    char ret_path[CGROUP_FILE_PATH])
{
    const char *slash = *name ? "/" : "";
    int len = snprintf(ret_path, CGROUP_FILE_PATH, "%s%s%s/%s", folder, slash, name, file);
    return len > 0 && len < CGROUP_FILE_PATH;
}

bool cgroup_file_write(const char *folder, const char *name, const char *file, const char *text)
{
    char path[CGROUP_FILE_PATH];
    if (!path_of(folder, name, file, path))
        return false;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t len = strlen(text);
    bool done = write(fd, text, len) == (ssize_t)len;
    close(fd);
    return done;
}

bool cgroup_file_write_number(const char *folder, const char *name, const char *file, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return cgroup_file_write(folder, name, file, text);
}

void cgroup_file_read(const char *folder, const char *name, const char *file, char *ret_text,
                      size_t size)
{
    ret_text[0] = '\0';
    char path[CGROUP_FILE_PATH];
    if (!path_of(folder, name, file, path))
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, ret_text, size - 1);
    ret_text[got > 0 ? got : 0] = '\0';
    close(fd);
}

int64_t cgroup_file_number(const char *folder, const char *name, const char *file, const char *key)
{
    char text[4096];
    cgroup_file_read(folder, name, file, text, sizeof text);
    size_t len = strlen(key);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (len == 0)
            return strtoll(line, NULL, 10);
        if (strncmp(line, key, len) == 0 && line[len] == ' ')
            return strtoll(line + len, NULL, 10);
    }
    return 0;
}

bool cgroup_file_exists(const char *folder, const char *name, const char *file)
{
    char path[CGROUP_FILE_PATH];
    return path_of(folder, name, file, path) && access(path, F_OK) == 0;
}
