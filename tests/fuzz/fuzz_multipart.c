/* The reader of uploads. Input: a Content-Type on a line, how to cut the rest into pieces (one
 * byte), the body. */
#include "api/http/multipart.h"
#include "tests/fuzz/fuzz.h"

struct outcome {
    bool fine;
    struct buffer bytes;
    char name[MULTIPART_NAME_SIZE];
};

static bool keep(void *context, struct bytes data, struct error *err)
{
    struct outcome *outcome = context;
    (void)err;
    CLAIM(data.len > 0);
    buffer_add(&outcome->bytes, data.data, data.len);
    return true;
}

/* `cut` 0: all at once. False when the type itself is refused. */
static bool read_body(const char *type, struct bytes body, uint8_t cut, struct outcome *outcome)
{
    struct multipart *multipart = NULL;
    struct error err = {0};
    if (!multipart_new(type, &multipart, &err)) {
        CLAIM(!multipart && err.code == ERR_BAD_REQUEST);
        return false;
    }
    outcome->fine = true;
    for (size_t at = 0; at < body.len && outcome->fine;) {
        size_t len = cut ? fuzz_piece(&cut, body.len - at) : body.len;
        AUTO(text) char *piece = fuzz_copy((struct bytes){(const char *)body.data + at, len});
        outcome->fine = multipart_feed(multipart, (struct bytes){piece, len}, keep, outcome, &err);
        at += len;
    }
    outcome->fine = outcome->fine && multipart_finish(multipart, &err);
    CLAIM(outcome->fine || error_status(err.code) == 400);
    memcpy(outcome->name, multipart_file_name(multipart), sizeof outcome->name);
    multipart_free(multipart);
    return true;
}

/* The file stands in the body as it is, and written by us it is read the same. */
static void check_accepted(struct bytes body, const struct outcome *outcome)
{
    static const char type[] = "multipart/form-data; boundary=\"edge of it\"";
    AUTO(buffer) struct buffer ours = {0};
    struct outcome again = {0};
    struct bytes file = buffer_bytes(&outcome->bytes);
    CLAIM(file.len == 0 || memmem(body.data, body.len, file.data, file.len));
    if (file.len && memmem(file.data, file.len, "--edge of it", 12))
        return;
    buffer_add_text(&ours, "--edge of it\r\ncontent-disposition: form-data; filename=\"");
    for (const char *at = outcome->name; *at; at++) {
        if (*at == '"' || *at == '\\')
            buffer_add_text(&ours, "\\");
        buffer_add(&ours, at, 1);
    }
    buffer_add_text(&ours, "\"; name=\"file\"\r\n\r\n");
    buffer_add(&ours, file.data, file.len);
    buffer_add_text(&ours, "\r\n--edge of it--\r\n");
    CLAIM(read_body(type, buffer_bytes(&ours), 0, &again) && again.fine);
    CLAIM(bytes_equal(file, buffer_bytes(&again.bytes)));
    CLAIM(strcmp(again.name, outcome->name) == 0);
    buffer_auto(&again.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    AUTO(text) char *type = fuzz_text(fuzz_line(&fuzz));
    uint8_t cut = fuzz_byte(&fuzz);
    struct bytes body = fuzz_rest(&fuzz);
    struct outcome whole = {0}, cut_up = {0};
    if (!read_body(type, body, 0, &whole))
        return 0;
    CLAIM(read_body(type, body, cut ? cut : 1, &cut_up));
    CLAIM(whole.fine == cut_up.fine);
    if (whole.fine) {
        CLAIM(bytes_equal(buffer_bytes(&whole.bytes), buffer_bytes(&cut_up.bytes)));
        CLAIM(strcmp(whole.name, cut_up.name) == 0);
        check_accepted(body, &whole);
    }
    buffer_auto(&whole.bytes);
    buffer_auto(&cut_up.bytes);
    return 0;
}
