/* The environment as settings. Input: for each line NAME=value. memory_text is ours here: what
 * settings hold lives as long as a process, and this one loads them many times. */
#include <stdio.h>

#include "common/base/settings.h"
#include "common/io/redis_address.h"
#include "tests/fuzz/fuzz.h"

#define TEXTS_MAX 512

static char *texts[TEXTS_MAX];
static size_t text_count;

char *__wrap_memory_text(const char *text);

char *__wrap_memory_text(const char *text)
{
    CLAIM(text_count < TEXTS_MAX);
    return texts[text_count++] = text ? strdup(text) : NULL;
}

static void free_texts(void)
{
    while (text_count > 0)
        free(texts[--text_count]);
}

static void set_environment(struct fuzz *fuzz)
{
    clearenv();
    while (fuzz->at < fuzz->end) {
        AUTO(text) char *line = fuzz_text(fuzz_line(fuzz));
        char *equals = strchr(line, '=');
        size_t len = equals ? (size_t)(equals - line) : 0;
        /* No files of this machine. */
        if (len == 0 || (len > 5 && memcmp(equals - 5, "_FILE", 5) == 0))
            continue;
        *equals = '\0';
        setenv(line, equals + 1, 1);
    }
}

/* Every number within its bounds, by the table read once more. */
static void check_numbers(const struct settings *settings, enum settings_user user)
{
#define SETTING_TEXT(name, env, otherwise, users, says) CLAIM(!((users)&user) || settings->name);
#define SETTING_SECRET(name, env, users, says) CLAIM(!((users)&user) || settings->name.value);
#define SETTING_NUMBER(name, env, otherwise, min, max, users, says)                                \
    CLAIM(!((users)&user) || (settings->name >= (min) && settings->name <= (max)));
#include "common/base/settings_table.h"
#undef SETTING_TEXT
#undef SETTING_SECRET
#undef SETTING_NUMBER
}

/* As many lines of complaint as there are wrong settings, and none of them shows a secret. */
static void check_complaints(const char *said, const struct error *err)
{
    size_t lines = 0;
    for (const char *at = said; (at = strchr(at, '\n')); at++)
        lines++;
    CLAIM(err->code == ERR_BAD_REQUEST && strtoull(err->text, NULL, 10) <= lines && lines > 0);
    CLAIM(!strstr(said, "s3cret"));
}

static void check_address(const char *url)
{
    struct redis_address address = redis_address_parse(url);
    if (!address.valid)
        return;
    CLAIM(address.port >= 0 && address.port < 65536);
    CLAIM(strlen(address.host) < sizeof address.host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum settings_user users[] = {SETTINGS_API, SETTINGS_WORKER, SETTINGS_ADMIN};
    struct fuzz fuzz = {data, data + size};
    set_environment(&fuzz);
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        AUTO(text) char *said = NULL;
        size_t len;
        struct settings settings = {0}, untouched = {0};
        struct error err = {0};
        FILE *complaints = open_memstream(&said, &len);
        bool fine = settings_load(users[i], complaints, &settings, &err);
        fclose(complaints);
        if (fine)
            check_numbers(&settings, users[i]);
        else
            CLAIM(memcmp(&settings, &untouched, sizeof settings) == 0);
        if (!fine)
            check_complaints(said, &err);
        CLAIM(!fine || len == 0);
        if (fine && (users[i] & (SETTINGS_API | SETTINGS_WORKER)))
            check_address(settings.redis_url.value);
        free_texts();
    }
    return 0;
}
