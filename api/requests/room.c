#include "api/requests/room.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

/* One path after the other: those of DISK_PATHS, and the file of heads. */
struct walk {
    const char *rest, *last;
    char path[4096];
};

static struct walk walk_start(const struct settings *settings)
{
    return (struct walk){.rest = settings->disk_paths, .last = settings->seal_heads_file};
}

static bool walk_next(struct walk *walk)
{
    walk->rest += strspn(walk->rest, ", ");
    if (!*walk->rest && walk->last) {
        walk->rest = walk->last;
        walk->last = NULL;
    }
    size_t len = walk->last ? strcspn(walk->rest, ",") : strlen(walk->rest);
    snprintf(walk->path, sizeof walk->path, "%.*s", (int)len, walk->rest);
    walk->rest += len;
    return len > 0;
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

/* The file of heads is no condition: the api itself makes it. */
bool room_open(const struct settings *settings, struct error *err)
{
    struct walk walk = walk_start(settings);
    while (walk_next(&walk) && walk.last)
        if (percent_free(walk.path) < 0)
            return fail(err, ERR_BAD_REQUEST, "DISK_PATHS: %s: %s", walk.path, strerror(errno));
    return true;
}

bool room_check(const struct settings *settings, struct error *err)
{
    struct walk walk = walk_start(settings);
    while (walk_next(&walk)) {
        double percent = percent_free(walk.path);
        if (percent >= 0 && percent < (double)settings->disk_floor_percent)
            return fail(err, ERR_NO_ROOM,
                        "The disk is nearly full: nothing new is taken until there is room again. "
                        "What was taken goes on");
    }
    return true;
}

void room_write(const struct settings *settings, struct buffer *out)
{
    struct walk walk = walk_start(settings);
    buffer_add_text(out, "# TYPE countersign_disk_free_percent gauge\n");
    while (walk_next(&walk)) {
        double percent = percent_free(walk.path);
        if (percent >= 0)
            buffer_printf(out, "countersign_disk_free_percent{path=\"%s\"} %.1f\n", walk.path,
                          percent);
    }
}
