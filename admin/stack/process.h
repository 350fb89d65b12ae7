/* Starts a child process: its account, its output, and its death with ours. */
#pragma once

#include "admin/stack/account.h"

struct process {
    const char *program; /* path */
    char *const *words;  /* argv, with argv[0] */
    char *const *environment;
    struct account account;
    int death_signal;   /* what it gets when we die */
    int output_fd;      /* stdout and stderr; -1 shares ours, and the terminal */
    const char *folder; /* where it starts; NULL stays */
};

/* Returns once the program runs, or with the reason why it can not. The
 * program is opened before the account changes, so a checkout under root's
 * home works. */
bool process_start(const struct process *process, pid_t *ret_pid, struct error *err) MUST_CHECK;
