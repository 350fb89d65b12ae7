#include "worker/sandbox/local/bubblewrap.h"

#include <assert.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"

#define PROGRAM "/usr/bin/bwrap"
#define OPEN_FILES 256

/* Read-only parts of this machine that the sandbox shows; a missing one is left out. */
static const char *const shown[] = {
    "/etc/alternatives", /* Debian's BLAS is reached through it */
    "/etc/ld.so.cache",  "/etc/fonts", "/etc/matplotlibrc", "/etc/localtime", "/etc/mime.types",
};

/* Files of /proc that tell about this machine and that no job needs. */
static const char *const hidden[] = {"/proc/cmdline",   "/proc/cpuinfo",  "/proc/keys",
                                     "/proc/key-users", "/proc/kallsyms", "/proc/version"};

static const char *const profile[] = {
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
    "--unshare-cgroup",
    "--disable-userns",
    "--uid",
    "65534",
    "--gid",
    "65534",
    "--hostname",
    "sandbox",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--clearenv",
    "--setenv",
    "PATH",
    "/usr/bin:/bin",
    "--setenv",
    "HOME",
    BUBBLEWRAP_WORK,
    "--setenv",
    "TMPDIR",
    "/tmp",
    "--setenv",
    "LANG",
    "C.UTF-8",
    "--setenv",
    "TZ",
    "UTC",
    "--setenv",
    "MPLBACKEND",
    "Agg",
    "--setenv",
    "MPLCONFIGDIR",
    "/tmp",
    "--setenv",
    "XDG_CACHE_HOME",
    "/tmp",
    /* One thread: a job's processes are counted, and warm sandboxes stay small. */
    "--setenv",
    "OPENBLAS_NUM_THREADS",
    "1",
    "--setenv",
    "OMP_NUM_THREADS",
    "1",
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/bin",
    "/bin",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
};

/* Both /dev and / are writable tmpfs in bubblewrap unless they are made read-only again. */
static const char *const profile_end[] = {
    "--symlink",
    "work/.tmp",
    "/tmp",
    "--remount-ro",
    "/dev",
    "--chdir",
    BUBBLEWRAP_WORK,
    "--ro-bind-data",
    "4",
    "/run/bootstrap.py",
    "--ro-bind-data",
    "5",
    "/run/show.py",
    "--ro-bind-data",
    "6",
    "/run/sql.py",
    "--remount-ro",
    "/",
    "--seccomp",
    "7",
    "--",
};

struct adder {
    const char **args;
    size_t count;
};

static void add(struct adder *adder, const char *arg)
{
    assert(adder->count < BUBBLEWRAP_ARGS - 1);
    adder->args[adder->count++] = arg;
}

static void add_three(struct adder *adder, const char *option, const char *from, const char *to)
{
    add(adder, option);
    add(adder, from);
    add(adder, to);
}

/* An interpreter of one's own (a virtual environment) comes with its folder. */
static void prefix_of(const char *python, char ret_prefix[256])
{
    ret_prefix[0] = '\0';
    if (strncmp(python, "/usr/", 5) == 0)
        return;
    snprintf(ret_prefix, 256, "%s", python);
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(ret_prefix, '/');
        if (slash)
            *slash = '\0';
    }
}

void bubblewrap_list(const struct bubblewrap_options *options, struct bubblewrap_list *ret_list)
{
    struct adder adder = {ret_list->args, 0};
    snprintf(ret_list->size, sizeof ret_list->size, "%" PRId64, options->tmp_bytes);
    prefix_of(options->python, ret_list->prefix);
    add(&adder, PROGRAM);
    for (size_t i = 0; i < COUNT_OF(profile); i++)
        add(&adder, profile[i]);
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        if (access(shown[i], F_OK) == 0)
            add_three(&adder, "--ro-bind", shown[i], shown[i]);
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        if (access(hidden[i], F_OK) == 0)
            add_three(&adder, "--ro-bind", "/dev/null", hidden[i]);
    if (ret_list->prefix[0])
        add_three(&adder, "--ro-bind", ret_list->prefix, ret_list->prefix);
    const char *folders[] = {BUBBLEWRAP_WORK, "/dev/shm"};
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        add(&adder, "--size");
        add(&adder, ret_list->size);
        add(&adder, "--tmpfs");
        add(&adder, folders[i]);
    }
    for (size_t i = 0; i < COUNT_OF(profile_end); i++)
        add(&adder, profile_end[i]);
    add(&adder, options->python);
    add(&adder, "-I");
    add(&adder, "-S"); /* the bootstrap sets the paths up itself: 20 ms less */
    add(&adder, "/run/bootstrap.py");
    add(&adder, options->warm ? "warm" : "cold");
    adder.args[adder.count] = NULL;
}

static bool limit(int resource, int64_t value)
{
    struct rlimit old;
    if (getrlimit((__rlimit_resource_t)resource, &old) < 0)
        return false;
    rlim_t most = (rlim_t)value < old.rlim_max ? (rlim_t)value : old.rlim_max;
    struct rlimit limits = {most, most};
    return setrlimit((__rlimit_resource_t)resource, &limits) == 0;
}

/* For good, and checked: a mapping to user id 0 of the host is an escape. */
static const char *become(uint32_t uid)
{
    uid_t real, effective, saved;
    if (uid != 0 &&
        (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
        return "the sandbox's own user id can not be taken on";
    if (getresuid(&real, &effective, &saved) < 0 || real == 0 || effective == 0 || saved == 0)
        return "a sandbox may not be started as root";
    return NULL;
}

const char *bubblewrap_exec(const struct bubblewrap_list *list, uint32_t uid, int64_t tmp_bytes,
                            int parent)
{
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, OPEN_FILES) ||
        !limit(RLIMIT_FSIZE, tmp_bytes) || !limit(RLIMIT_MEMLOCK, 1 << 16) ||
        !limit(RLIMIT_MSGQUEUE, 0))
        return "limits can not be set";
    const char *wrong = become(uid);
    if (wrong)
        return wrong;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return "no_new_privs can not be set";
    /* After the change of user, which would clear it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        return "the launcher has ended";
    umask(077);
    if (chdir("/") < 0)
        return "the top folder can not be entered";
    char *const environment[] = {NULL};
    /* execve takes a list of non-const texts and changes none. */
    execve(PROGRAM, (char *const *)(uintptr_t)list->args, environment);
    return "bubblewrap can not be executed; is it installed?";
}
