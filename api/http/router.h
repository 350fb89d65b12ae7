/* The table of routes and how a path finds its row. */
#pragma once

#include "api/http/exchange.h"

struct call;

enum access {
    ACCESS_ANYONE,    /* also without a login */
    ACCESS_SIGNED_IN, /* a session or a token */
    ACCESS_SESSION,   /* a session only: tokens never do this */
    ACCESS_EARLY,     /* as ACCESS_SIGNED_IN, also while a second factor is missing */
    ACCESS_EARLY_SESSION,
};

enum role {
    ROLE_ANALYST = 1,
    ROLE_REVIEWER = 2,
    ROLE_ADMIN = 4,
    ROLE_AGENT = 8,
};

/* What a token must have been given to use a route; sessions have all of it. */
enum scope {
    SCOPE_NONE = 0,
    SCOPE_READ = 1,
    SCOPE_SUBMIT = 2,
    SCOPE_DECIDE = 4,
    SCOPE_ADMIN = 8,
};

enum body_kind {
    BODY_NONE,
    BODY_JSON,
    BODY_UPLOAD, /* streamed to a handler in chunks */
};

/* Fills call->reply, or returns false with what went wrong. */
typedef bool route_fn(struct call *call, struct error *err);

struct route {
    enum method method;
    const char *path; /* {id}: a positive number; at its end {scope}: one word, *: anything */
    enum access access;
    unsigned roles; /* any of these; 0 = every role */
    enum scope scope;
    enum body_kind body;
    int64_t body_limit; /* bytes; 0: the setting's */
    const char *query;  /* the query parameters it knows, separated by blanks; "*": any */
    route_fn *handle;
};

extern const struct route route_table[];
extern const size_t route_count;

/* Finds the row of method and path, with the numbers of the path in ret_ids.
 * ERR_NOT_FOUND, or ERR_METHOD when the path knows other methods. HEAD finds
 * the row of GET. */
bool router_find(enum method method, const char *path, const struct route **ret_route,
                 int64_t ret_ids[ROUTE_IDS_MAX], struct error *err) MUST_CHECK;

/* "GET, HEAD, POST": what the path knows; empty when the path is not known. */
void router_allow(const char *path, struct buffer *out);
