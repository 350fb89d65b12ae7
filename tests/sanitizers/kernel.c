/* Loaded before a program under valgrind, for what valgrind does not let a program do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define KEYS_MAX 32

/* libseccomp would ask the kernel by a system call that is not known there. 6: Linux 5.19. */
__attribute__((constructor)) static void say_what_filters_can_do(void)
{
    (void)seccomp_api_set(6);
    (void)unsetenv("LD_PRELOAD"); /* what it starts is not under valgrind, and may ask the kernel */
}

/* Valgrind keeps some descriptors for itself: the hard limit can not be lowered. */
int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limits)
{
    struct rlimit64 wanted = *limits, old;
    if (resource == RLIMIT_NOFILE && prlimit64(0, resource, NULL, &old) == 0)
        wanted.rlim_max = old.rlim_max;
    return prlimit64(0, resource, &wanted, NULL);
}

/* To prove a password to PostgreSQL is seconds of work there, and ours wait for three. */
struct pg_conn *PQconnectdbParams(const char *const *keys, const char *const *values, int expand);
struct pg_conn *PQconnectdbParams(const char *const *keys, const char *const *values, int expand)
{
    struct pg_conn *(*real)(const char *const *, const char *const *, int) =
        (__typeof__(real))dlsym(RTLD_NEXT, "PQconnectdbParams");
    const char *patient[KEYS_MAX] = {NULL};
    for (size_t i = 0; keys[i] && i < KEYS_MAX - 1; i++)
        patient[i] = strcmp(keys[i], "connect_timeout") == 0 ? "60" : values[i];
    return real(keys, patient, expand);
}
