#include "tests/unit/support/outside.h"

#include "tests/unit/cmocka_all.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENERS 12

static int listeners[LISTENERS];
static size_t listener_count;

static int listen_at(const void *address, socklen_t size)
{
    int fd = socket(((const struct sockaddr *)address)->sa_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (bind(fd, address, size) == 0 && listen(fd, 64) == 0))
        return fd;
    close(fd);
    return -1;
}

static void add_listener(int fd)
{
    if (fd >= 0)
        listeners[listener_count++] = fd;
}

unsigned outside_listen(void)
{
    static const uint16_t known[] = {0, 21, 23, 80, 443, 4444, 6379, 8000};
    struct sockaddr_un hidden = {.sun_family = AF_UNIX, .sun_path = "\0" OUTSIDE_CANARY};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(known[i]),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        add_listener(listen_at(&address, sizeof address));
    }
    struct sockaddr_in got;
    socklen_t size = sizeof got;
    assert_int_equal(getsockname(listeners[0], (struct sockaddr *)&got, &size), 0);
    add_listener(listen_at(
        &hidden, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(OUTSIDE_CANARY))));
    return ntohs(got.sin_port);
}

size_t outside_heard(void)
{
    size_t count = 0;
    for (size_t i = 0; i < listener_count; i++)
        for (int fd; (fd = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC)) >= 0; count++)
            close(fd);
    return count;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, 0666);
}

static int drop(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
    (void)stat, (void)kind, (void)at;
    return remove(path);
}

static void make_folder(const char *path)
{
    assert_true(mkdir(path, 0777) == 0 && chmod(path, 0777) == 0);
}

void outside_clear(void)
{
    for (size_t i = 0; i < listener_count; i++)
        close(listeners[i]);
    listener_count = 0;
    nftw(OUTSIDE_PLACE, drop, 16, FTW_DEPTH | FTW_PHYS);
}

void outside_make(const char *attack)
{
    nftw(OUTSIDE_PLACE, drop, 16, FTW_DEPTH | FTW_PHYS);
    make_folder(OUTSIDE_PLACE);
    make_folder(OUTSIDE_PLACE "/open");
    make_folder(OUTSIDE_PLACE "/open/folder");
    make_folder(OUTSIDE_PLACE "/home");
    make_folder(OUTSIDE_PLACE "/home/.ssh");
    write_file(OUTSIDE_PLACE "/open/secret", OUTSIDE_CANARY "-file\n");
    write_file(OUTSIDE_PLACE "/open/folder/kept", OUTSIDE_CANARY "-kept\n");
    write_file(OUTSIDE_PLACE "/home/.ssh/id_rsa", OUTSIDE_CANARY "-key\n");
    write_file(OUTSIDE_PLACE "/attack", attack);
}

static struct buffer *seen; /* where what is there is written */

static int note(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
    (void)at;
    buffer_printf(seen, "%s %d %o %u %u %lld %lld.%09ld\n", path, kind, stat->st_mode, stat->st_uid,
                  stat->st_gid, (long long)stat->st_size, (long long)stat->st_mtim.tv_sec,
                  stat->st_mtim.tv_nsec);
    return 0;
}

void outside_look(struct buffer *ret_seen)
{
    seen = ret_seen;
    assert_int_equal(nftw(OUTSIDE_PLACE, note, 16, FTW_PHYS), 0);
    assert_int_equal(nftw("/etc", note, 16, FTW_PHYS), 0);
    buffer_add(ret_seen, "", 1);
}

size_t outside_stayed(bool end)
{
    static char text[4096];
    size_t count = 0;
    glob_t found;
    assert_int_equal(glob("/proc/[0-9]*/cmdline", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
        close(fd);
        if (got <= 0 || strncmp(text, "sleep", 6) != 0 ||
            !memmem(text, (size_t)got, OUTSIDE_STAYS, strlen(OUTSIDE_STAYS)))
            continue;
        count++;
        if (end)
            kill((pid_t)strtol(found.gl_pathv[i] + strlen("/proc/"), NULL, 10), SIGKILL);
    }
    globfree(&found);
    return count;
}
