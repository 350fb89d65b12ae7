/* One request as it came to the played service: what it asks, its headers that count, its body. */
#pragma once

#include "common/base/bytes.h"

#define CALL_HEAD_MAX 8192
#define CALL_BODY_MAX (16 << 20)

/* Which of the service's two addresses it came to. */
enum call_role { CALL_API, CALL_INSIDE };

enum call_header {
    CALL_AUTHORIZATION,
    CALL_KEY,
    CALL_ACCESS_TOKEN,
    CALL_TRAFFIC_TOKEN,
    CALL_SANDBOX_ID,
    CALL_SANDBOX_PORT,
    CALL_SDK_VERSION,
    CALL_CONTENT_TYPE,
    CALL_CONTENT_LENGTH,
    CALL_TRANSFER_ENCODING,
    CALL_CONNECTION,
    CALL_EXPECT,
    CALL_HEADERS
};

/* The texts lie in the head that was parsed. */
struct call {
    enum call_role role;
    const char *method;
    const char *path;
    const char *query; /* "" when there is none */
    const char *headers[CALL_HEADERS];
    bool closes; /* no other request comes after it */
    bool chunked;
    size_t length; /* of the body, where it is not in chunks */
    struct bytes body;
};

/* Splits `head`, which ends in an empty line and is written to. The role and the body are the
 * caller's. False when it is no HTTP/1.1 or its body has no clear end. */
bool call_parse(char *head, size_t len, struct call *ret_call);

bool call_is(const struct call *call, const char *method, const char *path);
/* The decoded value of that name, the first that is there or the one after `*io_at` (NULL: from
 * the start). Caller frees. NULL when there is none or it can not be decoded. */
char *call_query(const struct call *call, const char *name, const char **io_at);
/* A number of the query between the two; `otherwise` when absent, -1 when it is something else. */
int64_t call_query_number(const struct call *call, const char *name, int64_t otherwise,
                          int64_t most);

/* %41 becomes A and + a blank, in place. False at a broken escape or a NUL. */
bool call_decode(char *text);
