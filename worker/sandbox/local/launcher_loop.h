/* The launcher process itself. */
#pragma once

#include "worker/sandbox/local/launcher.h"

/* First message to the worker: the launcher is ready, or why not. */
struct launcher_hello {
    bool ready;
    char cgroup[8];
    char text[160];
};

/* Serves `socket` until its other end is closed, then leaves nothing behind. */
_Noreturn void launcher_loop(const struct launcher_options *options, int socket, int parent);
