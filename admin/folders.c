#include "admin/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT (1 << 20)

char *path_join(const char *folder, const char *name)
{
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s", folder, name);
    return path.data;
}

static bool make_one(const char *path, mode_t mode, struct error *err)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return fail(err, ERR_INTERNAL, "can not make the folder %s: %s", path, strerror(errno));
    return true;
}

bool folder_make(const char *path, mode_t mode, struct error *err)
{
    AUTO(text) char *part = memory_text(path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!path_exists(part) && !make_one(part, 0755, err))
            return false;
        *slash = '/';
    }
    if (!make_one(path, mode, err))
        return false;
    if (chmod(path, mode) != 0) /* whatever the umask says */
        return fail(err, ERR_INTERNAL, "can not set the mode of %s: %s", path, strerror(errno));
    return true;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

bool folder_remove(const char *path, struct error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return true;
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return fail(err, ERR_INTERNAL, "can not remove %s: %s", path, strerror(errno));
    return true;
}

bool path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static bool write_all(int fd, struct bytes text)
{
    const char *at = text.data;
    for (size_t left = text.len; left > 0;) {
        ssize_t sent = write(fd, at, left);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        at += sent;
        left -= (size_t)sent;
    }
    return fsync(fd) == 0;
}

bool file_write(const char *path, struct bytes text, mode_t mode, struct error *err)
{
    AUTO(buffer) struct buffer fresh = {0};
    buffer_printf(&fresh, "%s.new", path);
    (void)unlink(fresh.data); /* of an earlier try that was killed */
    int fd = open(fresh.data, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    bool good = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, text);
    if (fd >= 0)
        close(fd);
    if (!good || rename(fresh.data, path) != 0)
        return fail(err, ERR_INTERNAL, "can not write %s: %s", path, strerror(errno));
    return true;
}

bool path_sync(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    return good || fail(err, ERR_INTERNAL, "can not bring %s to disk: %s", path, strerror(why));
}

bool file_read(const char *path, char **ret_text, struct error *err)
{
    AUTO(buffer) struct buffer text = {0};
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(err, ERR_NOT_FOUND, "can not read %s: %s", path, strerror(errno));
    char part[4096];
    size_t got;
    while ((got = fread(part, 1, sizeof part, file)) > 0 && text.len <= FILE_LIMIT)
        buffer_add(&text, part, got);
    bool broken = ferror(file) || text.len > FILE_LIMIT;
    fclose(file);
    if (broken)
        return fail(err, ERR_INTERNAL, "can not read %s, or it is longer than %d bytes", path,
                    FILE_LIMIT);
    buffer_add(&text, "", 0);
    *ret_text = TAKE(text.data);
    return true;
}
