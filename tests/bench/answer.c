#include "tests/bench/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LENGTH "Content-Length:"

static size_t content_length(const char *head, size_t len)
{
    for (const char *line = head; line && line < head + len; line = strstr(line, "\r\n")) {
        line += line == head ? 0 : 2;
        if (strncasecmp(line, LENGTH, sizeof LENGTH - 1) == 0)
            return strtoul(line + sizeof LENGTH - 1, NULL, 10);
    }
    return 0;
}

bool answer_add(struct answer *answer, const char *data, size_t len)
{
    buffer_add(&answer->text, data, len);
    if (answer->total == 0) {
        const char *end = strstr(answer->text.data, "\r\n\r\n");
        if (!end)
            return false;
        size_t head = (size_t)(end - answer->text.data);
        answer->total = head + 4 + content_length(answer->text.data, head);
    }
    return answer->text.len >= answer->total;
}

int answer_status(const struct answer *answer)
{
    const char *space = strchr(answer->text.data, ' ');
    return space ? (int)strtol(space, NULL, 10) : 0;
}

const char *answer_text(const struct answer *answer)
{
    return answer->text.data;
}

void answer_clear(struct answer *answer)
{
    buffer_clear(&answer->text);
    answer->total = 0;
}
