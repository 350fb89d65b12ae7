/* JSON text in and out, with the limits and refusals that every reader of ours applies. */
#pragma once

#include <jansson.h>

#include "common/base/bytes.h"
#include "common/base/error.h"

#define JSON_DEPTH_LIMIT 32

void json_auto(json_t **json); /* AUTO(json) json_t *root = NULL; */

/* A JSON object, and nothing after it. Refuses duplicate keys, NUL, bad UTF-8,
 * a byte order mark and more than JSON_DEPTH_LIMIT levels. Caller decrefs. */
bool json_read_object(struct bytes text, json_t **ret_root, struct error *err) MUST_CHECK;

/* Brackets inside strings do not count. jansson's own limit is 2,048 levels, which
 * needs more stack than a thread of ours has. */
bool json_depth_within(struct bytes json, size_t most);

/* One field that a body may have. */
enum json_kind {
    JSON_KIND_TEXT,
    JSON_KIND_INTEGER,
    JSON_KIND_BOOLEAN,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT
};

struct json_field {
    const char *name;
    enum json_kind kind;
    bool required;
    int64_t min; /* of an integer's value, a text's bytes, an array's items */
    int64_t max;
};

/* Checks an object against its table: unknown field, missing field, wrong
 * type, out of bounds; the error names the field, below `path` ("" at the top). */
bool json_check(const json_t *object, const char *path, const struct json_field *fields,
                size_t count, struct error *err) MUST_CHECK;

/* Compact text; caller frees. Never NULL. */
char *json_text(const json_t *json);

const char *json_text_of(const json_t *object, const char *key); /* NULL when absent or not text */
int64_t json_integer_of(const json_t *object, const char *key, int64_t otherwise);
bool json_flag(const json_t *object, const char *key);
