#include "admin/stack/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child has nowhere to say why it failed but this pipe. */
static _Noreturn void give_up(int report_fd)
{
    int why = errno;
    if (write(report_fd, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

static void take_output(const struct process *process, int report_fd)
{
    if (process->output_fd < 0)
        return;
    /* A session of its own: Ctrl-C reaches the supervisor alone, who stops
     * everything in order. */
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (setsid() < 0 || null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
        dup2(process->output_fd, STDOUT_FILENO) < 0 || dup2(process->output_fd, STDERR_FILENO) < 0)
        give_up(report_fd);
}

static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP)
            signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_program(const struct process *process, pid_t parent, int report_fd)
{
    reset_signals();
    take_output(process, report_fd);
    if (process->folder && chdir(process->folder) != 0)
        give_up(report_fd);
    int program_fd = open(process->program, O_RDONLY | O_CLOEXEC);
    /* The kernel forgets the death signal when the account changes: set it after. */
    if (program_fd < 0 || !account_become(&process->account) ||
        prctl(PR_SET_PDEATHSIG, process->death_signal) != 0)
        give_up(report_fd);
    if (getppid() != parent)
        _exit(127);
    execve(process->program, process->words, process->environment);
    if (errno == EACCES)
        execveat(program_fd, "", process->words, process->environment, AT_EMPTY_PATH);
    give_up(report_fd);
}

bool process_start(const struct process *process, pid_t *ret_pid, struct error *err)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return fail(err, ERR_INTERNAL, "pipe: %s", strerror(errno));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become_program(process, parent, report[1]);
    close(report[1]);
    int why = 0;
    ssize_t got = pid < 0 ? -1 : read(report[0], &why, sizeof why);
    close(report[0]);
    if (pid < 0)
        return fail(err, ERR_INTERNAL, "fork: %s", strerror(errno));
    if (got == (ssize_t)sizeof why) {
        waitpid(pid, NULL, 0);
        return fail(err, ERR_INTERNAL, "can not start %s: %s", process->program, strerror(why));
    }
    *ret_pid = pid;
    return true;
}
