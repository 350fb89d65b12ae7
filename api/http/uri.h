/* The request target: split, decoded and refused where it could mean two things. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"

#define URI_QUERY_MAX 16

struct uri_query {
    const char *name;
    const char *value;
};

/* One allocation holds all the text; {0} is a valid empty value. */
struct uri {
    char *memory;
    const char *path; /* decoded, valid UTF-8, without dot segments or empty ones */
    struct uri_query query[URI_QUERY_MAX];
    size_t query_count;
};

/* `raw` is the target as it stood in the request line. Refuses with
 * ERR_BAD_REQUEST; names the query parameter where one is to blame. */
bool uri_parse(const char *raw, struct uri *ret_uri, struct error *err) MUST_CHECK;
void uri_auto(struct uri *uri);

const char *uri_query_text(const struct uri *uri, const char *name); /* NULL when absent */

/* ERR_UNKNOWN_FIELD for a parameter that is not among `names`, which are
 * separated by blanks; NULL allows none, "*" any. */
bool uri_check_query(const struct uri *uri, const char *names, struct error *err) MUST_CHECK;

/* Leaves the number alone when absent; ERR_INVALID_FIELD when it is no whole number
 * within bounds[0] to bounds[1]. */
bool uri_query_integer(const struct uri *uri, const char *name, const int64_t bounds[2],
                       int64_t *io_number, struct error *err) MUST_CHECK;

/* Strict UTF-8: no overlong forms, surrogates or values above U+10FFFF. */
bool utf8_is_valid(struct bytes text);
