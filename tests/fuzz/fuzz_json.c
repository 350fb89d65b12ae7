/* JSON bodies: how they are read, checked against a table of fields, and refused. Input: a body. */
#include "api/http/reply.h"
#include "common/base/json.h"
#include "tests/fuzz/fuzz.h"

static const struct json_field fields[] = {
    {"text", JSON_KIND_TEXT, true, 1, 20},     {"number", JSON_KIND_INTEGER, false, -5, 1000},
    {"flag", JSON_KIND_BOOLEAN, false, 0, 0},  {"list", JSON_KIND_ARRAY, false, 1, 3},
    {"object", JSON_KIND_OBJECT, false, 0, 0},
};

static size_t depth_of(const json_t *value)
{
    size_t most = 0, i;
    const char *key;
    json_t *child;
    json_array_foreach ((json_t *)value, i, child) {
        size_t depth = depth_of(child);
        most = depth > most ? depth : most;
    }
    json_object_foreach ((json_t *)value, key, child) {
        size_t depth = depth_of(child);
        most = depth > most ? depth : most;
    }
    return most + (json_is_array(value) || json_is_object(value));
}

/* A second opinion, field by field from the object's side. */
static bool is_fine(const json_t *root)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)root, key, value) {
        bool fine = false;
        if (strcmp(key, "text") == 0)
            fine = json_is_string(value) && json_string_length(value) - 1 < 20;
        else if (strcmp(key, "number") == 0)
            fine = json_is_integer(value) && json_integer_value(value) >= -5 &&
                   json_integer_value(value) <= 1000;
        else if (strcmp(key, "list") == 0)
            fine = json_is_array(value) && json_array_size(value) - 1 < 3;
        else
            fine = (strcmp(key, "flag") == 0 && json_is_boolean(value)) ||
                   (strcmp(key, "object") == 0 && json_is_object(value));
        if (!fine)
            return false;
    }
    return json_object_get(root, "text") != NULL;
}

/* Whatever was wrong with it: who sent it gets JSON with a code, a text and perhaps a field. */
static void check_refusal(const struct error *err)
{
    struct reply reply = {0};
    reply_error(&reply, err);
    AUTO(json) json_t *body = json_loadb(reply.body.data, reply.body.len, 0, NULL);
    const json_t *error = json_object_get(body, "error");
    CLAIM(reply.status == 400 && json_text_of(error, "code"));
    CLAIM(json_text_of(error, "message") && json_text_of(error, "message")[0]);
    CLAIM(!err->field[0] || json_text_of(error, "field"));
    reply_clear(&reply);
}

static void check_read(const json_t *root)
{
    struct error err = {0};
    AUTO(json) json_t *again = NULL;
    AUTO(text) char *text = json_text(root);
    CLAIM(json_is_object(root) && depth_of(root) <= JSON_DEPTH_LIMIT);
    CLAIM(json_read_object(bytes_of(text), &again, &err) && json_equal(root, again));
    bool fine = json_check(root, "", fields, COUNT_OF(fields), &err);
    CLAIM(fine == is_fine(root));
    if (fine)
        return;
    CLAIM(err.code == ERR_INVALID_FIELD || err.code == ERR_MISSING_FIELD ||
          err.code == ERR_UNKNOWN_FIELD);
    check_refusal(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text) char *text = fuzz_copy((struct bytes){data, size});
    AUTO(json) json_t *root = NULL;
    struct error err = {0};
    if (json_read_object((struct bytes){text, size}, &root, &err)) {
        check_read(root);
    } else {
        CLAIM(!root && err.code == ERR_INVALID_JSON);
        check_refusal(&err);
    }
    return 0;
}
