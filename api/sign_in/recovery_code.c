#include "api/sign_in/recovery_code.h"

#include <assert.h>

#include "api/sign_in/one_time_code.h"

#define GROUP 4
#define LETTERS 24

static_assert(RECOVERY_TEXT == LETTERS + LETTERS / GROUP, "hyphens and NUL fit");
static_assert(LETTERS < CODE_SECRET_TEXT, "there are letters enough");

void recovery_code_new(char ret_text[RECOVERY_TEXT])
{
    uint8_t random[CODE_SECRET_SIZE];
    char letters[CODE_SECRET_TEXT];
    crypto_random(random, sizeof random);
    one_time_code_secret_text(random, letters);
    for (size_t i = 0; i < LETTERS; i++) {
        ret_text[i + i / GROUP] = letters[i];
        ret_text[i + i / GROUP + 1] = '-';
    }
    ret_text[RECOVERY_TEXT - 1] = '\0';
}

void recovery_code_digest(const char *code, char ret_hex[SHA256_HEX])
{
    struct sha256 sha;
    uint8_t digest[SHA256_SIZE];
    sha256_start(&sha);
    for (; *code; code++) {
        char letter = *code >= 'a' && *code <= 'z' ? (char)(*code - 'a' + 'A') : *code;
        if (letter != '-' && letter != ' ')
            sha256_add(&sha, (struct bytes){&letter, 1});
    }
    sha256_end(&sha, digest);
    hex_encode(digest, sizeof digest, ret_hex);
}
