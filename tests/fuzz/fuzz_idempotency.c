/* The Idempotency-Key header. Input: its value. */
#include "api/api.h"
#include "api/requests/idempotency.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text) char *header = fuzz_text((struct bytes){data, size});
    char key[IDEMPOTENCY_KEY_SIZE], again[IDEMPOTENCY_KEY_SIZE];
    struct error err = {0};
    AUTO(buffer) struct buffer quoted = {0};
    if (!idempotency_key_read(header, key, &err)) {
        CLAIM(err.code == ERR_BAD_REQUEST && strcmp(err.field, "Idempotency-Key") == 0);
        return 0;
    }
    CLAIM(key[0] && strlen(key) < sizeof key && strlen(key) <= strlen(header));
    buffer_add_text(&quoted, "\"");
    for (const char *at = key; *at; at++) {
        CLAIM(*at >= 0x20 && *at <= 0x7e);
        if (*at == '"' || *at == '\\')
            buffer_add_text(&quoted, "\\");
        buffer_add(&quoted, at, 1);
    }
    buffer_add_text(&quoted, "\"");
    CLAIM(idempotency_key_read(quoted.data, again, &err) && strcmp(key, again) == 0);
    CLAIM(header[0] == '"' || strcmp(key, header) == 0);
    return 0;
}
