#include "policy/confine.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/bytes.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED
#endif

#define MEMORY_MAX (1536ULL << 20) /* with the stack of 256 MiB */
#define CPU_SECONDS 3600           /* of all requests together; one has a deadline outside */

static const char *const allowed[] = {
    "read",
    "write",
    "readv",
    "writev",
    "exit",
    "exit_group",
    "brk",
    "mmap",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "futex",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "clock_gettime",
    "getrandom",
    "sched_yield",
    "close",
    "fstat",
    "newfstatat",
    "lseek",
    "gettid",
    "getpid",
    "tgkill",
    "set_robust_list",
    "rseq",
    "restart_syscall",
    "gettimeofday",
    "sched_getaffinity",
    "clock_nanosleep",
    "poll",
    "sysinfo",
#ifdef SANITIZED /* its runtime opens files to report, and traces to look for leaks */
    "nanosleep",
    "openat",
    "open",
    "ioctl",
    "readlink",
    "readlinkat",
    "getdents",
    "getdents64",
    "pread64",
    "process_vm_readv",
    "fcntl",
    "unlink",
    "dup",
    "clone",
    "ptrace",
    "wait4",
    "prctl",
    "getppid",
    "kill",
    "tkill",
    "prlimit64",
    "getrlimit",
#endif
#ifdef COUNTED /* the counts of lines go to files, each locked meanwhile */
    "openat",
    "fcntl",
#endif
};

static bool set_limit(int resource, rlim_t value, struct error *err)
{
    struct rlimit limit = {value, value};
    if (setrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return fail(err, ERR_INTERNAL, "setrlimit: %s", strerror(errno));
    return true;
}

static bool load_filter(struct error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    /* Of all threads: the first one waits for this one to end, and then it goes on. */
    int failed = filter ? -seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : ENOMEM;
    for (size_t i = 0; i < COUNT_OF(allowed) && !failed; i++) {
        int number = seccomp_syscall_resolve_name(allowed[i]);
        if (number != __NR_SCMP_ERROR)
            failed = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    }
    if (!failed)
        failed = -seccomp_load(filter);
    seccomp_release(filter);
    return failed ? fail(err, ERR_INTERNAL, "seccomp: %s", strerror(failed)) : true;
}

void confine_memory(void)
{
    /* One heap that only grows: others ask files of the system how to shrink. */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

bool confine_self(struct error *err)
{
    close_range(3, ~0U, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail(err, ERR_INTERNAL, "prctl: %s", strerror(errno));
    if (!set_limit(RLIMIT_CORE, 0, err) || !set_limit(RLIMIT_CPU, CPU_SECONDS, err))
        return false;
#ifndef SANITIZED /* its shadow needs all of the address space */
    if (!set_limit(RLIMIT_AS, MEMORY_MAX, err))
        return false;
#endif
    return load_filter(err);
}
