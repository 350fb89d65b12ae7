/* A bare loop of the very command line that the product runs a local sandbox with: no database, no
 * launcher, no cgroup, nobody who reads what comes out.
 *
 *   bare AT_ONCE COUNT <CODE
 *
 * Prints {"per_second"}. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "worker/sandbox/frame.h"
#include "worker/sandbox/local/bubblewrap.h"
#include "worker/sandbox/local/filter.h"
#include "worker/sandbox/programs.h"

#define PYTHON "/usr/bin/python3"
#define TMP_BYTES (INT64_C(64) << 20)
#define FIRST_UID 70000 /* as root each place has a user of its own, as in the product */
#define CODE_MAX 65536
#define PLACES_MAX 64

struct bare {
    struct bubblewrap_list list;
    int files[BUBBLEWRAP_FDS]; /* what the sandbox gets; each reopened from its beginning */
    pid_t places[PLACES_MAX];
};

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int memory_file(struct bytes bytes)
{
    int fd = memfd_create("bare", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes.data, bytes.len) != (ssize_t)bytes.len)
        stop("memfd");
    return fd;
}

/* The frame that the worker would send for this code. */
static int frame_file(struct bytes code)
{
    const struct sandbox_job job = {.attempt_id = 1,
                                    .fence = 1,
                                    .request_id = 1,
                                    .language = "python",
                                    .code = code,
                                    .limits = {.wall_ms = 30000,
                                               .memory_bytes = INT64_C(1) << 30,
                                               .pids = 64,
                                               .output_bytes = 1 << 20,
                                               .files = 8,
                                               .file_bytes = 8 << 20}};
    struct error err = {0};
    struct frame frame;
    struct buffer whole = {0};
    if (!frame_start(&frame, &job, &err))
        stop(err.text);
    for (struct bytes next; (next = frame_next(&frame)).len > 0;) {
        buffer_add(&whole, next.data, next.len);
        frame_wrote(&frame, next.len);
    }
    int fd = memory_file(buffer_bytes(&whole));
    frame_auto(&frame);
    buffer_auto(&whole);
    return fd;
}

static void prepare(struct bare *bare, struct bytes code)
{
    const struct bubblewrap_options options = {.python = PYTHON, .tmp_bytes = TMP_BYTES};
    struct error err = {0};
    bubblewrap_list(&options, &bare->list);
    bare->files[0] = frame_file(code);
    for (int i = 1; i < BUBBLEWRAP_FD_PARTS; i++)
        if ((bare->files[i] = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
            stop("/dev/null");
    for (int i = 0; i < BUBBLEWRAP_PARTS; i++)
        bare->files[BUBBLEWRAP_FD_PARTS + i] = memory_file(program_part(i));
    if (!filter_compile(&bare->files[BUBBLEWRAP_FD_FILTER], &err))
        stop(err.text);
}

static _Noreturn void run_child(const struct bare *bare, uint32_t place, int parent)
{
    int high[BUBBLEWRAP_FDS];
    for (int i = 0; i < BUBBLEWRAP_FDS; i++) {
        char path[40];
        snprintf(path, sizeof path, "/proc/self/fd/%d", bare->files[i]);
        int fd = open(path, i == 0 || i >= BUBBLEWRAP_FD_PARTS ? O_RDONLY : O_WRONLY);
        high[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 64);
    }
    for (int i = 0; i < BUBBLEWRAP_FDS; i++)
        if (dup2(high[i], i) < 0)
            _exit(125);
    close_range(BUBBLEWRAP_FDS, ~0U, 0);
    uint32_t uid = geteuid() == 0 ? FIRST_UID + place : 0;
    dprintf(STDERR_FILENO, "%s\n", bubblewrap_exec(&bare->list, uid, TMP_BYTES, parent));
    _exit(126);
}

static void start(struct bare *bare, uint32_t place)
{
    int parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        stop("fork");
    if (pid == 0)
        run_child(bare, place, parent);
    bare->places[place] = pid;
}

/* Waits for one to end; returns its place. */
static uint32_t await_one(const struct bare *bare)
{
    int status;
    pid_t pid = wait(&status);
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        stop("a sandbox did not end well");
    uint32_t place = 0;
    while (bare->places[place] != pid)
        place++;
    return place;
}

int main(int argc, char **argv)
{
    static struct bare bare;
    static char code[CODE_MAX];
    if (argc != 3) {
        fprintf(stderr, "use: bare AT_ONCE COUNT <CODE\n");
        return 2;
    }
    long at_once = strtol(argv[1], NULL, 10), count = strtol(argv[2], NULL, 10), begun = 0;
    if (at_once < 1 || at_once > PLACES_MAX || count < at_once)
        stop("AT_ONCE");
    size_t len = fread(code, 1, sizeof code, stdin);
    prepare(&bare, (struct bytes){code, len});
    int64_t began_us = clock_monotonic_us();
    for (; begun < at_once; begun++)
        start(&bare, (uint32_t)begun);
    for (long done = 0; done < count; done++) {
        uint32_t place = await_one(&bare);
        if (begun < count) {
            start(&bare, place);
            begun++;
        }
    }
    printf("{\"per_second\":%.2f}\n",
           (double)count * 1e6 / (double)(clock_monotonic_us() - began_us));
    return 0;
}
