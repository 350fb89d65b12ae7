/* The calls that the load generator makes: submissions with fresh code, approved or not, or the
 * lines of a file. */
#pragma once

#include <stdio.h>

#include "common/base/bytes.h"

struct calls {
    const char *authorization;
    const char *reviewer; /* approves each submission; NULL: nobody does */
    size_t batch;         /* submissions in one call; 0: a file's lines are the calls */
    uint64_t random;
    FILE *file;
    char *line;
    size_t line_size;
    struct buffer body;
};

/* `what` is "submit", "batch" (50 in one call), "lives:AUTHORIZATION" of a reviewer who approves
 * each submission, or a file. False with errno. */
bool calls_open(struct calls *calls, const char *authorization, const char *what);
/* Appends one whole HTTP request; false when there are no more. */
bool calls_next(struct calls *calls, struct buffer *out);
/* Appends what follows the answer to a submission: its approval. False where nothing follows. */
bool calls_follow(struct calls *calls, const char *answer, struct buffer *out);
