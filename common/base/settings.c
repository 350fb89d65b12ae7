#include "common/base/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"

#define SECRET_MAX 4096

enum kind { KIND_TEXT, KIND_SECRET, KIND_NUMBER };

struct setting {
    enum kind kind;
    const char *env;
    const char *otherwise; /* of a text */
    int64_t number, min, max;
    int users;
    const char *says;
    size_t offset;
};

static const struct setting settings_table[] = {
#define SETTING_TEXT(name, env, otherwise, users, says)                                            \
    {KIND_TEXT, env, otherwise, 0, 0, 0, users, says, offsetof(struct settings, name)},
#define SETTING_SECRET(name, env, users, says)                                                     \
    {KIND_SECRET, env, "", 0, 0, 0, users, says, offsetof(struct settings, name)},
#define SETTING_NUMBER(name, env, otherwise, min, max, users, says)                                \
    {KIND_NUMBER, env, NULL, otherwise, min, max, users, says, offsetof(struct settings, name)},
#include "common/base/settings_table.h"
#undef SETTING_TEXT
#undef SETTING_SECRET
#undef SETTING_NUMBER
};

/* Names under which others know a setting; its own name goes first. */
static const struct {
    const char *env, *alias;
} aliases[] = {
    {"BREAKER_FAILURES", "CIRCUIT_BREAKER_FAILURE_THRESHOLD"},
    {"BREAKER_RECOVERY_MS", "CIRCUIT_BREAKER_RECOVERY_TIMEOUT_MS"},
};

static const char *text_of(const struct setting *setting)
{
    const char *text = getenv(setting->env);
    for (size_t i = 0; !text && i < COUNT_OF(aliases); i++)
        if (strcmp(aliases[i].env, setting->env) == 0)
            text = getenv(aliases[i].alias);
    return text;
}

static bool load_number(const struct setting *setting, const char *text, FILE *complaints,
                        int64_t *ret_number)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (!*text || *end || errno || number < setting->min || number > setting->max) {
        fprintf(complaints, "%s must be a number from %" PRId64 " to %" PRId64 "\n", setting->env,
                setting->min, setting->max);
        return false;
    }
    *ret_number = number;
    return true;
}

/* The first line of the file, without its line end; caller frees. */
static char *read_secret_file(const char *path)
{
    char line[SECRET_MAX];
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *got = fgets(line, sizeof line, file);
    fclose(file);
    if (!got)
        return NULL;
    line[strcspn(line, "\r\n")] = '\0';
    return memory_text(line);
}

/* The texts live as long as the process; the list of them tells who looks for leaks that they are
 * none. */
static const char *keep_text(const char *text)
{
    static struct kept {
        struct kept *next;
        char text[];
    } * all;
    size_t size = strlen(text) + 1;
    struct kept *kept = memory_new(1, sizeof *kept + size);
    kept->next = all;
    all = kept;
    return memcpy(kept->text, text, size);
}

static bool load_secret(const struct setting *setting, FILE *complaints, struct secret *ret_secret)
{
    char name[80];
    snprintf(name, sizeof name, "%s_FILE", setting->env);
    const char *direct = getenv(setting->env);
    const char *path = getenv(name);
    ret_secret->value = keep_text(direct ? direct : "");
    if (direct && path) {
        fprintf(complaints, "%s and %s are both set; set one\n", setting->env, name);
        return false;
    }
    if (!path)
        return true;
    AUTO(text) char *value = read_secret_file(path);
    if (!value) {
        fprintf(complaints, "%s: %s can not be read\n", name, path);
        return false;
    }
    ret_secret->value = keep_text(value);
    return true;
}

static bool load_one(const struct setting *setting, FILE *complaints, void *place)
{
    const char *text = text_of(setting);
    if (setting->kind == KIND_SECRET)
        return load_secret(setting, complaints, place);
    if (setting->kind == KIND_TEXT) {
        *(const char **)place = keep_text(text ? text : setting->otherwise);
        return true;
    }
    *(int64_t *)place = setting->number;
    return !text || !*text || load_number(setting, text, complaints, place);
}

bool settings_load(enum settings_user user, FILE *complaints, struct settings *ret_settings,
                   struct error *err)
{
    size_t wrong = 0;
    struct settings settings = {0};
    for (size_t i = 0; i < COUNT_OF(settings_table); i++) {
        const struct setting *setting = &settings_table[i];
        if ((setting->users & user) &&
            !load_one(setting, complaints, (char *)&settings + setting->offset))
            wrong++;
    }
    if (wrong)
        return fail(err, ERR_BAD_REQUEST, "%zu settings are wrong", wrong);
    *ret_settings = settings;
    return true;
}

static void print_default(const struct setting *setting, FILE *out)
{
    if (setting->kind == KIND_NUMBER)
        fprintf(out, "%" PRId64, setting->number);
    else
        fprintf(out, "%s", setting->otherwise);
}

void settings_print_help(enum settings_user user, FILE *out)
{
    fprintf(out, "Settings, read from the environment (secrets also from NAME_FILE):\n");
    for (size_t i = 0; i < COUNT_OF(settings_table); i++) {
        const struct setting *setting = &settings_table[i];
        if (!(setting->users & user))
            continue;
        fprintf(out, "  %s=", setting->env);
        print_default(setting, out);
        fprintf(out, "\n      %s", setting->says);
        if (setting->kind == KIND_NUMBER)
            fprintf(out, " (%" PRId64 " to %" PRId64 ")", setting->min, setting->max);
        fprintf(out, "\n");
    }
}

void settings_print_example(FILE *out)
{
    fprintf(out, "# Every setting with its default. Made by `countersign settings`.\n");
    for (size_t i = 0; i < COUNT_OF(settings_table); i++) {
        fprintf(out, "\n# %s\n#%s=", settings_table[i].says, settings_table[i].env);
        print_default(&settings_table[i], out);
        fprintf(out, "\n");
    }
}
