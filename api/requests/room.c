#include "api/requests/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/base/log.h"

/* One disk after the other, of DISK_PATHS and of the file of heads; ends by an empty path. */
struct walk {
    const struct settings *settings;
    const char *rest;
    char path[4096];
    bool heads; /* the file of heads was given */
};

static void walk_start(const struct settings *settings, struct walk *ret_walk)
{
    *ret_walk = (struct walk){.settings = settings, .rest = settings->disk_paths};
}

static bool walk_next(struct walk *walk)
{
    walk->rest += strspn(walk->rest, ", ");
    size_t len = strcspn(walk->rest, ",");
    if (len == 0 && walk->heads)
        return false;
    if (len == 0) { /* the api itself makes that file, in a folder that is there */
        walk->heads = true;
        snprintf(walk->path, sizeof walk->path, "%s", walk->settings->seal_heads_file);
        char *slash = strrchr(walk->path, '/');
        if (slash)
            slash[slash == walk->path] = '\0';
        return slash != NULL;
    }
    snprintf(walk->path, sizeof walk->path, "%.*s", (int)len, walk->rest);
    walk->rest += len;
    return true;
}

/* As df counts: of what is there for everybody. Negative: it can not be asked. */
static double percent_free(const char *path)
{
    struct statvfs disk;
    if (statvfs(path, &disk) != 0)
        return -1;
    double all = (double)disk.f_blocks - (double)disk.f_bfree + (double)disk.f_bavail;
    return all > 0 ? 100 * (double)disk.f_bavail / all : 100;
}

bool room_open(const struct settings *settings, struct error *err)
{
    struct walk walk;
    for (walk_start(settings, &walk); walk_next(&walk) && !walk.heads;)
        if (percent_free(walk.path) < 0)
            return fail(err, ERR_BAD_REQUEST, "DISK_PATHS: %s: %s", walk.path, strerror(errno));
    return true;
}

bool room_check(const struct settings *settings, struct error *err)
{
    struct walk walk;
    for (walk_start(settings, &walk); walk_next(&walk);) {
        double percent = percent_free(walk.path);
        if (percent < 0 || percent >= (double)settings->disk_floor_percent)
            continue;
        LOG(LOG_WARN, "disk.full", LOG_TEXT("path", walk.path),
            LOG_NUMBER("percent_free", (int64_t)percent));
        return fail(err, ERR_NO_ROOM,
                    "The disk is nearly full: nothing new is taken until there "
                    "is room again. What was taken goes on");
    }
    return true;
}

void room_write(const struct settings *settings, struct buffer *out)
{
    struct walk walk;
    buffer_add_text(out, "# TYPE countersign_disk_free_percent gauge\n");
    for (walk_start(settings, &walk); walk_next(&walk);) {
        double percent = percent_free(walk.path);
        if (percent >= 0)
            buffer_printf(out, "countersign_disk_free_percent{path=\"%s\"} %.1f\n", walk.path,
                          percent);
    }
}
