#include "worker/sandbox/local/filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/bytes.h"

/* What is in no list answers ENOSYS, so that system calls of newer kernels are
 * refused as well and C libraries fall back to what they used before. */

static const char *const allowed[] = {
    /* files */
    "access",
    "chdir",
    "chmod",
    "close",
    "close_range",
    "copy_file_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fcntl",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fremovexattr",
    "fsetxattr",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "futimesat",
    "getcwd",
    "getdents",
    "getdents64",
    "getxattr",
    "lgetxattr",
    "link",
    "linkat",
    "listxattr",
    "llistxattr",
    "lremovexattr",
    "lseek",
    "lsetxattr",
    "lstat",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "setxattr",
    "stat",
    "statfs",
    "statx",
    "symlink",
    "symlinkat",
    "sync_file_range",
    "truncate",
    "umask",
    "unlink",
    "unlinkat",
    "utime",
    "utimensat",
    "utimes",
    "write",
    "writev",
    /* waiting */
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd",
    "eventfd2",
    "inotify_add_watch",
    "inotify_init",
    "inotify_init1",
    "inotify_rm_watch",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "pselect6",
    "select",
    "signalfd",
    "signalfd4",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    /* memory */
    "brk",
    "madvise",
    "membarrier",
    "memfd_create",
    "mincore",
    "mlock",
    "mlock2",
    "mmap",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munmap",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    /* processes, threads, signals */
    "alarm",
    "arch_prctl",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "fork",
    "futex",
    "futex_waitv",
    "get_robust_list",
    "getitimer",
    "kill",
    "pause",
    "pidfd_open",
    "pidfd_send_signal",
    "prctl",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_tgsigqueueinfo",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_setaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "setitimer",
    "setpgid",
    "setpriority",
    "setsid",
    "sigaltstack",
    "tgkill",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "tkill",
    "vfork",
    "wait4",
    "waitid",
    /* who and when */
    "capget",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "getcpu",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "getsid",
    "gettid",
    "gettimeofday",
    "getuid",
    "nanosleep",
    "prlimit64",
    "setrlimit",
    "sysinfo",
    "time",
    "times",
    "uname",
    /* sockets, once made: only AF_UNIX can be */
    "accept",
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
};

/* These answer EPERM: a clear no, where ENOSYS would make programs look for another way. */
static const char *const refused[] = {
    "acct",
    "add_key",
    "bpf",
    "capset",
    "chown",
    "chroot",
    "delete_module",
    "fanotify_init",
    "fchown",
    "fchownat",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "lchown",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "personality",
    "pidfd_getfd",
    "pivot_root",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "quotactl",
    "reboot",
    "request_key",
    "setdomainname",
    "setgid",
    "setgroups",
    "sethostname",
    "setns",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "settimeofday",
    "setuid",
    "swapoff",
    "swapon",
    "syslog",
    "umount2",
    "unshare",
    "userfaultfd",
    "vmsplice",
};

/* The only requests of ioctl: what isatty and pipes need; never TIOCSTI. */
static const unsigned long requests[] = {TCGETS,  TIOCGWINSZ, TIOCGPGRP, FIONREAD,
                                         FIONBIO, FIOCLEX,    FIONCLEX};

#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET | CLONE_NEWTIME)

static bool add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        /* Below zero: this architecture does not have it. */
        if (number >= 0 && seccomp_rule_add(filter, action, number, 0) != 0)
            return false;
    }
    return true;
}

static bool add_conditions(scmp_filter_ctx filter)
{
    uint32_t no_family = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    const int makers[] = {SCMP_SYS(socket), SCMP_SYS(socketpair)};
    int failed = 0;
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        failed |=
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, makers[i], 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
        failed |= seccomp_rule_add(filter, no_family, makers[i], 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    }
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                   SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, requests[i]));
    /* clone3 passes its flags in memory where no filter sees them: not listed. */
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES, 0));
    return failed == 0;
}

static bool build(scmp_filter_ctx filter)
{
    return seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
           seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
           add_names(filter, SCMP_ACT_ALLOW, allowed, COUNT_OF(allowed)) &&
           add_names(filter, SCMP_ACT_ERRNO(EPERM), refused, COUNT_OF(refused)) &&
           add_conditions(filter);
}

bool filter_compile(int *ret_fd, struct error *err)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0)
        return fail(err, ERR_INTERNAL, "memfd: %s", strerror(errno));
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    bool built = filter && build(filter) && seccomp_export_bpf(filter, fd) == 0;
    if (filter)
        seccomp_release(filter);
    if (!built || lseek(fd, 0, SEEK_SET) < 0) {
        close(fd);
        return fail(err, ERR_INTERNAL, "the system call filter can not be built");
    }
    *ret_fd = fd;
    return true;
}
