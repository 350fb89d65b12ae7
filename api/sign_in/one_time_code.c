#include "api/sign_in/one_time_code.h"

#include <assert.h>
#include <liboath/oath.h>
#include <pthread.h>
#include <string.h>

#define STEPS_BESIDE 1

static_assert(CODE_SECRET_TEXT == CODE_SECRET_SIZE * 8 / 5 + 1, "base32 fits without padding");

/* Five bytes are eight characters, so nothing is left over. */
void one_time_code_secret_text(const uint8_t secret[CODE_SECRET_SIZE],
                               char ret_text[CODE_SECRET_TEXT])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (size_t i = 0; i < CODE_SECRET_TEXT - 1; i++) {
        size_t bit = i * 5, byte = bit / 8;
        unsigned next = byte + 1 < CODE_SECRET_SIZE ? secret[byte + 1] : 0;
        unsigned pair = (unsigned)secret[byte] << 8 | next;
        ret_text[i] = letters[pair >> (11 - bit % 8) & 31];
    }
    ret_text[CODE_SECRET_TEXT - 1] = '\0';
}

static void start_library(void)
{
    int rc = oath_init();
    assert(rc == OATH_OK);
    (void)rc;
}

bool one_time_code_matches(const uint8_t secret[CODE_SECRET_SIZE], const char *code, int64_t now,
                           int64_t *ret_step)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint64_t step;
    /* The library takes longer codes, too. */
    if (strlen(code) != CODE_DIGITS || strspn(code, "0123456789") != CODE_DIGITS)
        return false;
    pthread_once(&once, start_library);
    if (oath_totp_validate3((const char *)secret, CODE_SECRET_SIZE, (time_t)now, CODE_SECONDS, 0,
                            STEPS_BESIDE, NULL, &step, code) < 0)
        return false;
    *ret_step = (int64_t)step;
    return true;
}
