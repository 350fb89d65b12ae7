/* Loaded before a program under valgrind, for what valgrind does not let a program do. */
#define _GNU_SOURCE
#include <seccomp.h>
#include <stddef.h>
#include <sys/resource.h>

/* libseccomp would ask the kernel by a system call that is not known there. 6: Linux 5.19. */
__attribute__((constructor)) static void say_what_filters_can_do(void)
{
    (void)seccomp_api_set(6);
}

/* Valgrind keeps some descriptors for itself: the hard limit can not be lowered. */
int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limits)
{
    struct rlimit64 wanted = *limits, old;
    if (resource == RLIMIT_NOFILE && prlimit64(0, resource, NULL, &old) == 0)
        wanted.rlim_max = old.rlim_max;
    return prlimit64(0, resource, &wanted, NULL);
}
