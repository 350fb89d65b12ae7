#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *json_memory(size_t size)
{
    void *memory = malloc(size);
    if (!memory)
        memory_none();
    return memory;
}

/* Otherwise a list or an object that there is no memory for would merely be left short. */
__attribute__((constructor)) static void watch_json_memory(void)
{
    json_set_alloc_funcs(json_memory, free);
}

void json_auto(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

bool json_depth_within(struct bytes json, size_t most)
{
    const char *text = json.data;
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < json.len; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!in_string && (text[i] == '}' || text[i] == ']') && depth > 0)
            depth--;
        if (depth > most)
            return false;
    }
    return true;
}

bool json_read_object(struct bytes text, json_t **ret_root, struct error *err)
{
    if (text.len == 0)
        return fail(err, ERR_INVALID_JSON, "the body is empty; a JSON object is needed");
    if (!json_depth_within(text, JSON_DEPTH_LIMIT))
        return fail(err, ERR_INVALID_JSON, "nested deeper than %d levels", JSON_DEPTH_LIMIT);
    json_error_t where;
    AUTO(json) json_t *root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return fail(err, ERR_INVALID_JSON, "line %d, column %d: %s", where.line, where.column,
                    where.text);
    if (!json_is_object(root))
        return fail(err, ERR_INVALID_JSON, "a JSON object is needed at the top");
    *ret_root = TAKE(root);
    return true;
}

static bool kind_matches(const json_t *value, enum json_kind kind)
{
    switch (kind) {
    case JSON_KIND_TEXT:
        return json_is_string(value);
    case JSON_KIND_INTEGER:
        return json_is_integer(value);
    case JSON_KIND_BOOLEAN:
        return json_is_boolean(value);
    case JSON_KIND_ARRAY:
        return json_is_array(value);
    case JSON_KIND_OBJECT:
        return json_is_object(value);
    }
    return false;
}

/* What `min` and `max` of a field speak of. */
static int64_t measure(const json_t *value)
{
    if (json_is_string(value))
        return (int64_t)json_string_length(value);
    if (json_is_array(value))
        return (int64_t)json_array_size(value);
    return json_is_integer(value) ? json_integer_value(value) : 0;
}

static bool check_field(const json_t *value, const char *name, const struct json_field *field,
                        struct error *err)
{
    static const char *const kinds[] = {"text", "an integer", "true or false", "a list",
                                        "an object"};
    static const char *const units[] = {" bytes", "", "", " items", ""};
    if (!value && field->required)
        return fail_field(err, ERR_MISSING_FIELD, name, "%s is missing", name);
    if (!value)
        return true;
    if (!kind_matches(value, field->kind))
        return fail_field(err, ERR_INVALID_FIELD, name, "%s must be %s", name, kinds[field->kind]);
    if (field->kind == JSON_KIND_BOOLEAN || field->kind == JSON_KIND_OBJECT)
        return true;
    int64_t size = measure(value);
    if (size < field->min || size > field->max)
        return fail_field(err, ERR_INVALID_FIELD, name, "%s must be %" PRId64 " to %" PRId64 "%s",
                          name, field->min, field->max, units[field->kind]);
    return true;
}

static void path_join(const char *path, const char *name, char *ret_text, size_t size)
{
    snprintf(ret_text, size, "%s%s%s", path, *path ? "." : "", name);
}

bool json_check(const json_t *object, const char *path, const struct json_field *fields,
                size_t count, struct error *err)
{
    char name[64];
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(fields[i].name, key) != 0)
            i++;
        path_join(path, key, name, sizeof name);
        if (i == count)
            return fail_field(err, ERR_UNKNOWN_FIELD, name, "%s is not a field here", name);
    }
    for (size_t i = 0; i < count; i++) {
        path_join(path, fields[i].name, name, sizeof name);
        if (!check_field(json_object_get(object, fields[i].name), name, &fields[i], err))
            return false;
    }
    return true;
}

char *json_text(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        memory_none();
    return text;
}

const char *json_text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t json_integer_of(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool json_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}
