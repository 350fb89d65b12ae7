#include "admin/stack/child.h"

#include <signal.h>
#include <stdio.h>

#include "common/base/bytes.h"

void child_name(struct child *child, const char *name, enum child_rank rank)
{
    *child = (struct child){.rank = rank,
                            .death_signal = SIGKILL,
                            .stop_signal = SIGTERM,
                            .stop_ms = 10000,
                            .restarts = true};
    snprintf(child->name, sizeof child->name, "%s", name);
}

void child_program(struct child *child, const char *program, const char *const *words)
{
    size_t count = 0;
    while (words[count])
        count++;
    child->program = memory_text(program);
    child->words = memory_new(count + 1, sizeof *child->words);
    for (size_t i = 0; i < count; i++)
        child->words[i] = memory_text(words[i]);
}
