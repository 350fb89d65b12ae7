/* One error on the caller's stack, and the table of codes: name, HTTP status and log level. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* X(enum suffix, stable name, HTTP status, logged as) */
#define ERROR_TABLE(X)                                                                             \
    X(NONE, "none", 200, "debug")                                                                  \
    X(BAD_REQUEST, "bad_request", 400, "info")                                                     \
    X(INVALID_JSON, "invalid_json", 400, "info")                                                   \
    X(INVALID_FIELD, "invalid_field", 400, "info")                                                 \
    X(MISSING_FIELD, "missing_field", 400, "info")                                                 \
    X(UNKNOWN_FIELD, "unknown_field", 400, "info")                                                 \
    X(UNAUTHENTICATED, "unauthenticated", 401, "info")                                             \
    X(WRONG_PASSWORD, "wrong_credentials", 401, "info")                                            \
    X(FACTOR_REQUIRED, "second_factor_required", 401, "info")                                      \
    X(WRONG_CODE, "wrong_code", 401, "info")                                                       \
    X(FORBIDDEN, "forbidden", 403, "info")                                                         \
    X(WRONG_ROLE, "wrong_role", 403, "info")                                                       \
    X(OWN_REQUEST, "own_request", 403, "info")                                                     \
    X(CSRF, "csrf", 403, "info")                                                                   \
    X(BAD_ORIGIN, "bad_origin", 403, "info")                                                       \
    X(REAUTHENTICATE, "reauthentication_required", 403, "info")                                    \
    X(FACTOR_MISSING, "second_factor_missing", 403, "info")                                        \
    X(NOT_FOUND, "not_found", 404, "info")                                                         \
    X(METHOD, "method_not_allowed", 405, "info")                                                   \
    X(LENGTH_REQUIRED, "length_required", 411, "info")                                             \
    X(CONFLICT, "conflict", 409, "info")                                                           \
    X(STALE, "stale", 409, "info")                                                                 \
    X(ALREADY_DECIDED, "already_decided", 409, "info")                                             \
    X(WRONG_STATE, "wrong_state", 409, "info")                                                     \
    X(TOO_SOON, "too_soon", 409, "info")                                                           \
    X(IN_FLIGHT, "idempotency_in_flight", 409, "info")                                             \
    X(TOO_LARGE, "too_large", 413, "info")                                                         \
    X(URI_TOO_LONG, "uri_too_long", 414, "info")                                                   \
    X(MEDIA_TYPE, "unsupported_media_type", 415, "info")                                           \
    X(EXPECTATION, "expectation_failed", 417, "info")                                              \
    X(KEY_REUSED, "idempotency_key_reused", 422, "info")                                           \
    X(NOT_ACCEPTABLE, "not_acceptable", 422, "info")                                               \
    X(POLICY_BLOCKED, "policy_blocked", 422, "info")                                               \
    X(THROTTLED, "throttled", 429, "info")                                                         \
    X(BUDGET, "budget_exceeded", 429, "info")                                                      \
    X(HEADERS_TOO_LARGE, "headers_too_large", 431, "info")                                         \
    X(INTERNAL, "internal", 500, "error")                                                          \
    X(NOT_IMPLEMENTED, "not_implemented", 501, "info")                                             \
    X(BUSY, "busy", 503, "warn")                                                                   \
    X(UNAVAILABLE, "unavailable", 503, "warn")                                                     \
    X(BREAKER_OPEN, "breaker_open", 503, "info")                                                   \
    X(NO_ROOM, "no_room", 503, "warn")                                                             \
    X(LOST, "outcome_unknown", 503, "warn")                                                        \
    X(TIMEOUT, "timeout", 504, "warn")

enum error_code {
#define X(suffix, name, status, level) ERR_##suffix,
    ERROR_TABLE(X)
#undef X
        ERR_COUNT
};

struct error {
    enum error_code code;
    char text[240];
    char field[64];    /* path of the field that is to blame, or "" */
    int retry_after_s; /* when it may be tried again; 0: as the code says */
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Always false, so that `return fail(err, …);` is one line. */
bool fail(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool fail_field(struct error *err, enum error_code code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *error_name(enum error_code code);
int error_status(enum error_code code);
const char *error_level(enum error_code code);
/* ERR_INTERNAL for a name that is not in the table. */
enum error_code error_from_name(const char *name);
