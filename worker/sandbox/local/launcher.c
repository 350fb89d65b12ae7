#include "worker/sandbox/local/launcher.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/sandbox/local/launcher_loop.h"
#include "worker/sandbox/local/launcher_wire.h"

struct launcher {
    int socket;
    pid_t pid;
    char cgroup[8];
    int64_t tmp_bytes;
};

/* In the child: nothing of the worker's stays open but stderr and the socket. */
static _Noreturn void become_launcher(const struct launcher_options *options, int socket,
                                      int parent)
{
    struct launcher_options own = *options;
    own.python = memory_text(options->python);
    own.cgroup_root = memory_text(options->cgroup_root);
    if (dup2(socket, 3) < 0 || close_range(4, ~0U, 0) < 0 || chdir("/") < 0)
        _exit(1);
    close(STDIN_FILENO);
    launcher_loop(&own, 3, parent);
}

static bool options_valid(const struct launcher_options *options, struct error *err)
{
    if (options->python[0] != '/')
        return fail(err, ERR_INVALID_FIELD, "the interpreter's path is not absolute");
    if (options->slot_uid < 1 || options->sandbox_max < 1 || options->sandbox_max > 4096 ||
        options->tmp_bytes < 1)
        return fail(err, ERR_INVALID_FIELD, "the launcher's options are out of bounds");
    return true;
}

bool launcher_start(const struct launcher_options *options, struct launcher **ret_launcher,
                    struct error *err)
{
    int ends[2];
    if (!options_valid(options, err))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail(err, ERR_INTERNAL, "socketpair: %s", strerror(errno));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        become_launcher(options, ends[1], parent);
    }
    close(ends[1]);
    struct launcher_hello hello = {0};
    if (pid < 0 || recv(ends[0], &hello, sizeof hello, 0) != (ssize_t)sizeof hello ||
        !hello.ready) {
        close(ends[0]);
        if (pid > 0)
            waitpid(pid, NULL, 0);
        return fail(err, ERR_INTERNAL, "the launcher did not start: %s", hello.text);
    }
    struct launcher *launcher = memory_new(1, sizeof *launcher);
    launcher->socket = ends[0];
    launcher->pid = pid;
    launcher->tmp_bytes = options->tmp_bytes;
    snprintf(launcher->cgroup, sizeof launcher->cgroup, "%s", hello.cgroup);
    *ret_launcher = launcher;
    return true;
}

void launcher_stop(struct launcher *launcher)
{
    if (!launcher)
        return;
    /* A process forked meanwhile may hold the socket too: closing is not enough. */
    shutdown(launcher->socket, SHUT_RDWR);
    close(launcher->socket);
    while (waitpid(launcher->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(launcher);
}

bool launcher_send(struct launcher *launcher, const struct launcher_request *request,
                   const int fds[LAUNCHER_FDS], struct error *err)
{
    struct iovec part = {(void *)(uintptr_t)request, sizeof *request};
    union {
        char space[CMSG_SPACE(LAUNCHER_FDS * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(LAUNCHER_FDS * sizeof(int));
    memcpy(CMSG_DATA(head), fds, LAUNCHER_FDS * sizeof(int));
    if (sendmsg(launcher->socket, &message, MSG_NOSIGNAL) != (ssize_t)sizeof *request)
        return fail(err, ERR_UNAVAILABLE, "the launcher is gone: %s", strerror(errno));
    return true;
}

const char *launcher_cgroup(const struct launcher *launcher)
{
    return launcher->cgroup;
}

int launcher_pid(const struct launcher *launcher)
{
    return launcher->pid;
}

int64_t launcher_tmp_bytes(const struct launcher *launcher)
{
    return launcher->tmp_bytes;
}
