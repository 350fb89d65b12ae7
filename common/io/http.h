/* Calls over HTTP/1.1 from any thread: bounded in time and bytes, and exact about what was sent. */
#pragma once

#include <stdatomic.h>

#include "common/base/bytes.h"
#include "common/base/error.h"

/* Keeps connections by host. Redirects are answers like any other; no proxy, no
 * netrc, no cookie; certificates are always verified. Memory of a call that
 * waits: about 25 KiB, and 86 KiB more with TLS. */
struct http;
struct http_options {
    const char *ca_file; /* "" or NULL: the system's authorities. Copied. */
    bool plain;          /* http:// is allowed, else only https:// */
    size_t idle_max;     /* connections kept while nobody calls; 0: 32 */
};
struct http *http_new(const struct http_options *options);
void http_free(struct http *http); /* no call may be under way; NULL is fine */

struct http_header {
    const char *name, *value; /* value NULL: left out */
};
struct http_part {
    const char *name, *filename; /* filename NULL: none */
    struct bytes data;
    int fd; /* -1: `data` counts; else `size` bytes of this file, read by position */
    uint64_t size;
};

#define HTTP_HEADERS_MAX 12
/* All of it is borrowed for the call. The body is one of: bytes, a file, parts, nothing. */
struct http_request {
    const char *method, *url;
    struct http_header headers[HTTP_HEADERS_MAX]; /* until a name is NULL */
    struct bytes body;
    const char *content_type; /* of bytes and files */
    const struct http_part *file, *parts;
    size_t part_count;
    const char *wanted;  /* name of a header of the answer to hand back */
    int64_t deadline_ms; /* monotonic; for the whole call */
    size_t body_max;     /* of the answer, unpacked; 0: 64 KiB, and no limit to what `take` gets */
    /* Takes a body of status 2xx piece by piece; false ends the call. `sent`: once,
     * when all of the request has left. Both from the thread that called. */
    bool (*take)(void *context, struct bytes piece);
    void (*sent)(void *context);
    void *context;
    const atomic_bool *cancelled; /* may be NULL; see http_cancel */
    bool repeatable;  /* sent again when a kept connection was dead; GET, PUT, DELETE always are */
    bool close;       /* keep no connection */
    bool public_only; /* whoever named the address may not send us to machines near this one */
};

enum http_end {
    HTTP_ANSWERED,  /* any status */
    HTTP_NOT_SENT,  /* not one byte of the request left: refused, no such host, certificate, … */
    HTTP_CUT,       /* broken afterwards */
    HTTP_TIMED_OUT, /* the deadline */
    HTTP_TOO_LARGE,
    HTTP_CANCELLED,
    HTTP_STOPPED, /* `take` said no */
};
struct http_answer {
    enum http_end end;
    bool sent;              /* a byte of the request may have left */
    int status;             /* 0: none came */
    struct buffer body;     /* what was collected */
    int64_t retry_after_ms; /* longest of Retry-After and Retry-After-…; capped; -1: none */
    char wanted[256];       /* value of that header; "" */
    char text[160];         /* what went wrong, for people; no header, no query */
};

/* False when nothing was answered in full. Writes the answer in any case. */
bool http_call(struct http *http, const struct http_request *request,
               struct http_answer *ret_answer) MUST_CHECK;
void http_answer_auto(struct http_answer *answer);

/* Sets the flag and ends the calls that look at it, at once; never waits. A flag
 * that is merely set is seen within half a second. */
void http_cancel(struct http *http, atomic_bool *cancelled);
