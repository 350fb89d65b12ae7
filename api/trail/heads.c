#include "api/trail/heads.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL (8 * SEAL_LINE_SIZE)

static bool fail_file(const char *path, struct error *err)
{
    return fail(err, ERR_UNAVAILABLE, "SEAL_HEADS_FILE %s: %s", path, strerror(errno));
}

/* The end of the file as text; -1 after an error. */
static ssize_t read_tail(int fd, char ret_text[TAIL + 1])
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return -1;
    ssize_t len = pread(fd, ret_text, TAIL, info.st_size > TAIL ? info.st_size - TAIL : 0);
    if (len >= 0)
        ret_text[len] = '\0';
    return len;
}

/* The last of the lines that is a head: one that a crash cut off is none. */
static void find_last(char *text, struct seal *ret_seal)
{
    char *rest = text;
    char *line;
    while ((line = strsep(&rest, "\n")))
        (void)seal_from_line(line, ret_seal);
}

bool heads_last(const char *path, struct seal *ret_seal, struct error *err)
{
    char text[TAIL + 1];
    *ret_seal = (struct seal){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || fail_file(path, err);
    ssize_t len = read_tail(fd, text);
    close(fd);
    if (len < 0)
        return fail_file(path, err);
    find_last(text, ret_seal);
    return true;
}

static bool append(int fd, const struct seal *seal)
{
    char line[SEAL_LINE_SIZE], tail[TAIL + 1];
    AUTO(buffer) struct buffer text = {0};
    ssize_t len = read_tail(fd, tail);
    seal_line(seal, line);
    buffer_printf(&text, "%s%s\n", len > 0 && tail[len - 1] != '\n' ? "\n" : "", line);
    return len >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len && fsync(fd) == 0;
}

bool heads_append(const char *path, const struct seal *seal, struct error *err)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    bool good = fd >= 0 && append(fd, seal);
    if (!good)
        fail_file(path, err);
    if (fd >= 0)
        close(fd);
    return good;
}
