/* Preloaded into the processes of a test stack: what the kernel can do to them. The clock is off by
 * so much, files take nothing more, or can not be made durable.
 *
 * COUNTERSIGN_PRELOAD names a file of three int64 for each of the programs below, which whoever
 * drives the test writes and which takes effect at once: milliseconds by which the wall clock is
 * off; not 0 when writes to files fail with ENOSPC; not 0 when making them durable fails with EIO.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char *const programs[] = {"countersign-api", "countersign-worker", "postgres"};
enum { CLOCK_MS, IS_FULL, IS_BROKEN, FIELDS };
#define PROGRAMS (sizeof programs / sizeof programs[0])

static const volatile int64_t *control; /* of this program; NULL: none */

__attribute__((constructor)) static void preload_open(void)
{
    const char *path = getenv("COUNTERSIGN_PRELOAD");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    const int64_t *all = mmap(NULL, PROGRAMS * FIELDS * sizeof *all, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    for (size_t i = 0; all != MAP_FAILED && i < PROGRAMS; i++)
        if (strcmp(program_invocation_short_name, programs[i]) == 0)
            control = all + i * FIELDS;
}

static int64_t asked(int field)
{
    return control ? control[field] : 0;
}

/* ---- the clock ------------------------------------------------------------------------------ */

int clock_gettime(clockid_t id, struct timespec *ret_time)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(id, ret_time);
    int64_t off_ms = asked(CLOCK_MS);
    if (status != 0 || off_ms == 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return status;
    int64_t ms = (int64_t)ret_time->tv_sec * 1000 + off_ms;
    int64_t ns = ret_time->tv_nsec + ms % 1000 * 1000000;
    ret_time->tv_sec = ms / 1000 + ns / 1000000000;
    ret_time->tv_nsec = ns % 1000000000;
    return 0;
}

time_t time(time_t *ret_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *ret_time, void *zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret_time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Sockets and pipes always take what they can. */
static int is_refused(int fd)
{
    struct stat stat;
    if (!asked(IS_FULL) || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
        return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *data, size_t len)
{
    return is_refused(fd) ? -1 : syscall(SYS_write, fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return is_refused(fd) ? -1 : syscall(SYS_pwrite64, fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    return pwrite(fd, data, len, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return is_refused(fd) ? -1 : syscall(SYS_pwritev, fd, parts, count, at, 0);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return pwritev(fd, parts, count, at);
}

static int sync_file(long call, int fd)
{
    if (asked(IS_BROKEN)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

int fsync(int fd)
{
    return sync_file(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_file(SYS_fdatasync, fd);
}
