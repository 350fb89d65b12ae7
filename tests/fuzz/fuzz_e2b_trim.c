/* Lines of E2B that no reader of JSON takes, made readable. Input: a line. */
#include "common/base/json.h"
#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/e2b/e2b_trim.h"

static json_t *load(struct bytes text)
{
    return json_loadb(text.data ? text.data : "", text.len, JSON_ALLOW_NUL, NULL);
}

/* Every value is still there, and every list and object in it is empty. */
static void check_trimmed(const json_t *before, const json_t *after)
{
    const char *key;
    json_t *value;
    CLAIM(json_is_object(after) && json_object_size(before) == json_object_size(after));
    json_object_foreach ((json_t *)before, key, value) {
        const json_t *left = json_object_get(after, key);
        CLAIM(left && json_typeof(left) == json_typeof(value));
        if (json_is_array(value) || json_is_object(value))
            CLAIM(json_array_size(left) + json_object_size(left) == 0);
        else
            CLAIM(json_equal(left, value));
    }
}

static void check_trim(struct bytes line, const json_t *root)
{
    AUTO(buffer) struct buffer trimmed = {0};
    AUTO(buffer) struct buffer again = {0};
    e2b_trim(line, &trimmed);
    e2b_trim(buffer_bytes(&trimmed), &again);
    CLAIM(trimmed.len <= line.len && e2b_values(buffer_bytes(&trimmed)) <= e2b_values(line));
    CLAIM(bytes_equal(buffer_bytes(&trimmed), buffer_bytes(&again)));
    AUTO(json) json_t *after = load(buffer_bytes(&trimmed));
    if (json_is_object(root))
        check_trimmed(root, after);
}

/* What can be read stays as it is; mending twice is mending once. */
static void check_mend(struct bytes line, const json_t *root)
{
    AUTO(buffer) struct buffer mended = {0};
    AUTO(buffer) struct buffer again = {0};
    e2b_mend(line, &mended);
    e2b_mend(buffer_bytes(&mended), &again);
    CLAIM(bytes_equal(buffer_bytes(&mended), buffer_bytes(&again)));
    CLAIM(!root || bytes_equal(buffer_bytes(&mended), line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0; /* there are no empty lines */
    AUTO(text) char *text = fuzz_copy((struct bytes){data, size});
    struct bytes line = {text, size};
    AUTO(json) json_t *root = load(line);
    check_trim(line, root);
    check_mend(line, root);
    return 0;
}
