/* Refuses requests whose framing could mean two things to two readers, before
 * anything else looks at them. The one place for it. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"

struct header {
    const char *name;
    const char *value;
    size_t name_len; /* as received: differs from strlen when a NUL is inside */
    size_t value_len;
};

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_COUNT
};
extern const char *const method_names[METHOD_COUNT];

/* What the request line and the headers said. All borrowed. */
struct head {
    const char *method;
    const char *version;
    const struct header *headers;
    size_t header_count;
};

struct framing {
    enum method method;
    bool chunked;
    bool expects_continue;
    int64_t content_length; /* 0 when none was sent */
};

/* Any refusal must close the connection: where the next request would start
 * is not known. */

/* For a head whose texts stand where they came in, up to `head_end`, each line
 * end made NULs, as the library leaves them: whether each header follows the
 * CR LF of the line before, and an empty line the last. The library takes bare
 * LFs, cuts at NULs, drops lines without a name, and adds a folded line to the
 * name before it, so that "Content-: 9" and " Length" become a Content-Length:
 * all of that leaves the texts apart. */
bool framing_check_lines(const struct head *head, const char *head_end,
                         struct error *err) MUST_CHECK;
bool framing_check(const struct head *head, struct framing *ret_framing,
                   struct error *err) MUST_CHECK;

/* The only header of that name, or NULL: letters' case does not count. */
const char *framing_header(const struct head *head, const char *name);
size_t framing_header_count(const struct head *head, const char *name);
