/* The columns of a DataFrame as E2B gives them, made into a table of ours; and base64. Input: how
 * large it may be (one byte), JSON. */
#include "common/base/crypto.h"
#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/e2b/e2b_items.h"
#include "worker/sandbox/e2b/e2b_table.h"
#include "worker/sandbox/item.h"

static void check_table(const json_t *data, int64_t most)
{
    AUTO(buffer) struct buffer out = {0};
    if (!e2b_table(data, most, &out)) {
        CLAIM(!out.data);
        return;
    }
    AUTO(json) json_t *table = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *columns = json_object_get(table, "columns");
    const json_t *rows = json_object_get(table, "rows");
    CLAIM((int64_t)out.len <= most && item_table_valid(buffer_bytes(&out)));
    CLAIM(json_array_size(columns) == json_object_size(data));
    CLAIM((int64_t)json_array_size(rows) <= json_integer_of(table, "total_rows", -1));
}

static void check_base64(struct bytes bytes)
{
    AUTO(buffer) struct buffer data = {0};
    AUTO(buffer) struct buffer again = {0};
    AUTO(text) char *text = base64_text(bytes);
    CLAIM(e2b_base64(bytes_of(text), &again));
    CLAIM(bytes_equal(buffer_bytes(&again), bytes));
    if (e2b_base64(bytes, &data)) {
        CLAIM(data.len <= bytes.len / 4 * 3 + 2);
        for (size_t i = 0; i < bytes.len; i++)
            CLAIM(((const char *)bytes.data)[i] > ' ' ||
                  strchr(" \r\n\t", ((const char *)bytes.data)[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    int64_t most = 16 * (int64_t)fuzz_byte(&fuzz);
    struct bytes rest = fuzz_rest(&fuzz);
    AUTO(text) char *text = fuzz_copy(rest);
    struct bytes bytes = {text, rest.len};
    AUTO(json) json_t *root = rest.len ? json_loadb(text, rest.len, JSON_ALLOW_NUL, NULL) : NULL;
    if (root)
        check_table(root, most);
    check_base64(bytes);
    return 0;
}
