/* One HTTP answer as it arrives: complete, and which status. */
#pragma once

#include "common/base/bytes.h"

struct answer {
    struct buffer text;
    size_t total; /* head and body; 0 while the head is not complete */
};

/* True once the answer is complete. Answers have a Content-Length. */
bool answer_add(struct answer *answer, const char *data, size_t len);
int answer_status(const struct answer *answer);
const char *answer_text(const struct answer *answer);
void answer_clear(struct answer *answer); /* for the next one */
