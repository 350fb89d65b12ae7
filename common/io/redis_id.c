#include <stdlib.h>
#include <string.h>

#include "common/io/redis.h"

#define DIGITS "0123456789"
#define DIGITS_MAX 19

bool redis_id_is_valid(const char *id)
{
    size_t ms = strspn(id, DIGITS);
    size_t seq = id[ms] == '-' ? strspn(id + ms + 1, DIGITS) : 0;
    return ms > 0 && ms <= DIGITS_MAX && seq > 0 && seq <= DIGITS_MAX && id[ms + 1 + seq] == '\0';
}

bool redis_id_is_later(const char *id, const char *than)
{
    char *id_rest, *than_rest;
    unsigned long long id_ms = strtoull(id, &id_rest, 10);
    unsigned long long than_ms = strtoull(than, &than_rest, 10);
    if (id_ms != than_ms)
        return id_ms > than_ms;
    unsigned long long id_seq = *id_rest == '-' ? strtoull(id_rest + 1, NULL, 10) : 0;
    unsigned long long than_seq = *than_rest == '-' ? strtoull(than_rest + 1, NULL, 10) : 0;
    return id_seq > than_seq;
}
