/* Calls that fail when they are told to: linked into the programs for `make torture`, in front of
 * the C library, libpq and hiredis, for our own code and for what the libraries call. The plan is a
 * file shared with who runs the tests: the call that is number `nth` of its family fails, once. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum family { FAMILY_MEMORY = 1, FAMILY_WRITE, FAMILY_SEND, FAMILY_DATABASE, FAMILY_REDIS };

/* As tests/torture/plan.mjs lays it out. */
struct plan {
    atomic_int_fast64_t family, nth; /* nth 0: none fails, and none is counted */
    atomic_int_fast64_t seen, fired;
    atomic_int_fast64_t output; /* what failed was a write of what the program prints */
    atomic_int_fast64_t ending; /* the program gave up */
};

static struct plan *plan;

/* The C library's own calls of write can not be put behind ours, those of such a stream can. */
static ssize_t print(void *cookie, const char *data, size_t len)
{
    (void)cookie;
    ssize_t gone = write(STDOUT_FILENO, data, len);
    return gone < 0 ? 0 : gone;
}

static void open_output(void)
{
    FILE *output = fopencookie(NULL, "w", (cookie_io_functions_t){.write = print});
    if (output)
        stdout = output;
}

__attribute__((constructor)) static void open_plan(void)
{
    const char *path = getenv("COUNTERSIGN_TORTURE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *shared = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        return;
    plan = shared;
    open_output();
}

static _Thread_local bool spared;

static bool fails(enum family family)
{
    if (!plan || spared || atomic_load(&plan->family) != (int)family ||
        atomic_load(&plan->nth) == 0)
        return false;
    if (atomic_fetch_add(&plan->seen, 1) + 1 != atomic_load(&plan->nth))
        return false;
    atomic_fetch_add(&plan->fired, 1);
    return true;
}

/* The sanitizer's own, so that it still watches what is allocated. */
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *memory, size_t size);

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails(FAMILY_MEMORY) ? no_memory() : __interceptor_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(FAMILY_MEMORY) ? no_memory() : __interceptor_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails(FAMILY_MEMORY) ? no_memory() : __interceptor_realloc(memory, size);
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

/* Asked by the sanitizer: OpenSSL forgets some of its own where it finds no memory. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto.so\n";
}

/* Calls the next function of that name behind ours. */
#define NEXT(name) ((__typeof__(&name))next(&next_##name, #name))
#define HAS_NEXT(name) static _Atomic(void *) next_##name

static void *next(_Atomic(void *) *kept, const char *name)
{
    void *found = atomic_load(kept);
    if (!found)
        atomic_store(kept, found = dlsym(RTLD_NEXT, name));
    return found;
}

HAS_NEXT(abort);
_Noreturn void abort(void)
{
    if (plan)
        atomic_store(&plan->ending, 1);
    NEXT(abort)();
    __builtin_unreachable();
}

static ssize_t broken(int code)
{
    errno = code;
    return -1;
}

/* A counter that wakes a thread is no file that could be full or gone. */
static bool write_fails(int fd)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || (about.st_mode & S_IFMT) == 0 || !fails(FAMILY_WRITE))
        return false;
    if (fd == STDOUT_FILENO)
        atomic_store(&plan->output, 1);
    return true;
}

/* A connection that refuses to send is gone for reading as well: libpq counts on that. */
static bool send_fails(int fd)
{
    return fails(FAMILY_SEND) && (shutdown(fd, SHUT_RDWR), true);
}

/* One that gives the number of bytes that went. */
#define FAILING(failing, code, name, params, args)                                                 \
    HAS_NEXT(name);                                                                                \
    ssize_t name params                                                                            \
    {                                                                                              \
        return (failing) ? broken(code) : NEXT(name) args;                                         \
    }

FAILING(write_fails(fd), EIO, write, (int fd, const void *data, size_t len), (fd, data, len))
FAILING(write_fails(fd), EIO, writev, (int fd, const struct iovec *parts, int n), (fd, parts, n))
FAILING(send_fails(fd), ECONNRESET, send, (int fd, const void *data, size_t len, int flags),
        (fd, data, len, flags))
FAILING(send_fails(fd), ECONNRESET, sendmsg, (int fd, const struct msghdr *message, int flags),
        (fd, message, flags))

/* The connection breaks at this call, on both sides. */
static void cut(PGconn *conn)
{
    if (fails(FAMILY_DATABASE) && conn)
        shutdown(PQsocket(conn), SHUT_RDWR);
}

HAS_NEXT(PQconnectdbParams);
PGconn *PQconnectdbParams(const char *const *keys, const char *const *values, int expand)
{
    return fails(FAMILY_DATABASE) ? NULL : NEXT(PQconnectdbParams)(keys, values, expand);
}

#define CUT(result, name, params, args)                                                            \
    HAS_NEXT(name);                                                                                \
    result name params                                                                             \
    {                                                                                              \
        cut(conn);                                                                                 \
        return NEXT(name) args;                                                                    \
    }

CUT(PGresult *, PQexec, (PGconn * conn, const char *sql), (conn, sql))
CUT(PGresult *, PQgetResult, (PGconn * conn), (conn))
CUT(int, PQflush, (PGconn * conn), (conn))
CUT(int, PQconsumeInput, (PGconn * conn), (conn))

/* This one says itself that nothing was sent. */
HAS_NEXT(PQsendPrepare);
int PQsendPrepare(PGconn *conn, const char *name, const char *sql, int count, const Oid *types)
{
    return fails(FAMILY_DATABASE) ? 0 : NEXT(PQsendPrepare)(conn, name, sql, count, types);
}

static bool redis_breaks(redisContext *context)
{
    if (!fails(FAMILY_REDIS))
        return false;
    if (context)
        context->err = REDIS_ERR_IO;
    return true;
}

HAS_NEXT(redisConnectUnixWithTimeout);
redisContext *redisConnectUnixWithTimeout(const char *path, const struct timeval timeout)
{
    return redis_breaks(NULL) ? NULL : NEXT(redisConnectUnixWithTimeout)(path, timeout);
}

HAS_NEXT(redisCommandArgv);
void *redisCommandArgv(redisContext *context, int count, const char **args, const size_t *lengths)
{
    return redis_breaks(context) ? NULL : NEXT(redisCommandArgv)(context, count, args, lengths);
}

HAS_NEXT(redisAppendCommandArgv);
int redisAppendCommandArgv(redisContext *context, int count, const char **args,
                           const size_t *lengths)
{
    return redis_breaks(context) ? REDIS_ERR
                                 : NEXT(redisAppendCommandArgv)(context, count, args, lengths);
}

/* hiredis 0.14 reads through a buffer that it got no memory for, and takes no allocator of ours. */
HAS_NEXT(redisBufferWrite);
int redisBufferWrite(redisContext *context, int *ret_done)
{
    spared = true;
    int status = NEXT(redisBufferWrite)(context, ret_done);
    spared = false;
    return status;
}

HAS_NEXT(redisGetReply);
int redisGetReply(redisContext *context, void **reply)
{
    return redis_breaks(context) ? REDIS_ERR : NEXT(redisGetReply)(context, reply);
}
