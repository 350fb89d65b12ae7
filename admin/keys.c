/* Signing keys: making one, seeing which there are, and retiring one. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/command.h"
#include "admin/folders.h"
#include "common/base/clock.h"
#include "common/base/settings.h"
#include "common/base/signing.h"

static const char *out_option, *list_option;

static const struct option_entry create_entries[] = {
    {"--out", "FILE", "the secret key; must not be there yet", &out_option, NULL},
    {"--list", "FILE", "list of public keys that gets the new one, too", &list_option, NULL},
};
static const struct option_entry list_entries[] = {
    {"--list", "FILE", "list of public keys (DECISION_KEYS_FILE and SEAL_KEYS_FILE)", &list_option,
     NULL},
};

static bool add_line(const char *path, const char *line, struct error *err)
{
    AUTO(text) char *old = NULL;
    AUTO(buffer) struct buffer text = {0};
    if (path_exists(path) && !file_read(path, &old, err))
        return false;
    bool ended = !old || !*old || old[strlen(old) - 1] == '\n';
    buffer_printf(&text, "%s%s%s\n", old ? old : "", ended ? "" : "\n", line);
    return file_write(path, buffer_bytes(&text), 0644, err);
}

static const struct purpose {
    const char *name;
    bool is_public; /* it has a half that others check by */
} purposes[] = {
    {"decision", true},
    {"seal", true},
    {"factor", false},
};

static const struct purpose *find_purpose(const struct words *words)
{
    for (size_t i = 0; words->count == 1 && i < COUNT_OF(purposes); i++)
        if (strcmp(purposes[i].name, words->list[0]) == 0)
            return &purposes[i];
    return NULL;
}

static bool run_create(struct words *words, int *ret_status, struct error *err)
{
    AUTO(signing_key) struct signing_key *key = NULL;
    char line[PUBLIC_KEY_LINE_SIZE];
    const struct purpose *purpose = find_purpose(words);
    if (!purpose)
        return fail(err, ERR_BAD_REQUEST, "say what the key is for: decision, seal or factor");
    if (!purpose->is_public && list_option)
        return fail(err, ERR_BAD_REQUEST, "a key for %s has no public half to list", purpose->name);
    if (!out_option)
        return fail(err, ERR_BAD_REQUEST, "--out must name the file that gets the secret key");
    if (!signing_key_create(out_option, purpose->name, &key, err))
        return false;
    *ret_status = 0;
    if (!purpose->is_public)
        return true;
    signing_key_public_line(key, line);
    printf("%s\n", line);
    return !list_option || add_line(list_option, line, err);
}

static bool run_public(struct words *words, int *ret_status, struct error *err)
{
    char line[PUBLIC_KEY_LINE_SIZE];
    struct error other;
    AUTO(signing_key) struct signing_key *key = NULL;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "name one file with a secret key");
    if (!signing_key_read(words->list[0], "decision", &key, &other) &&
        !signing_key_read(words->list[0], "seal", &key, err))
        return false;
    signing_key_public_line(key, line);
    printf("%s\n", line);
    *ret_status = 0;
    return true;
}

/* The lists that --list or the settings name; NULL where there is none. */
static bool lists(const char *ret_paths[2], struct error *err)
{
    struct settings settings;
    ret_paths[0] = list_option;
    ret_paths[1] = NULL;
    if (list_option)
        return true;
    if (!settings_load(SETTINGS_ADMIN, stderr, &settings, err))
        return false;
    int count = 0;
    ret_paths[0] = NULL;
    if (settings.decision_keys_file[0])
        ret_paths[count++] = settings.decision_keys_file;
    if (settings.seal_keys_file[0])
        ret_paths[count++] = settings.seal_keys_file;
    return count || fail(err, ERR_BAD_REQUEST,
                         "name a list of public keys by --list, DECISION_KEYS_FILE or "
                         "SEAL_KEYS_FILE");
}

static bool print_list(const char *path, struct error *err)
{
    AUTO(public_keys) struct public_keys *keys = NULL;
    if (!public_keys_read(path, NULL, &keys, err))
        return false;
    for (size_t i = 0; i < public_keys_count(keys); i++) {
        const struct public_key *key = public_keys_at(keys, i);
        char when[25] = "in use";
        if (key->retired_ms)
            clock_format(key->retired_ms, when);
        printf("%-16s  %-8s  %s%s\n", key->id, key->purpose, key->retired_ms ? "retired " : "",
               when);
    }
    return true;
}

static bool run_list(struct words *words, int *ret_status, struct error *err)
{
    const char *paths[2];
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "key list takes no words: %s", words->list[0]);
    *ret_status = 0;
    return lists(paths, err) && print_list(paths[0], err) &&
           (!paths[1] || print_list(paths[1], err));
}

/* Adds the mark to the line of that key. */
static bool retire_in(const char *path, const char *id, struct error *err)
{
    AUTO(text) char *old = NULL;
    AUTO(buffer) struct buffer text = {0};
    char word[KEY_ID_SIZE + 2], when[25];
    struct stat info;
    if (!file_read(path, &old, err) || stat(path, &info) != 0)
        return false;
    snprintf(word, sizeof word, " %s ", id);
    const char *line = strstr(old, word);
    size_t end = (size_t)(line - old) + strcspn(line, "\r\n");
    clock_format(clock_wall_ms(), when);
    buffer_add(&text, old, end);
    buffer_printf(&text, " retired %.19sZ%s", when, old + end);
    return file_write(path, buffer_bytes(&text), info.st_mode & 0777, err);
}

static bool run_retire(struct words *words, int *ret_status, struct error *err)
{
    const char *paths[2];
    const char *id = words->count == 1 ? words->list[0] : "";
    if (!*id)
        return fail(err, ERR_BAD_REQUEST, "name one key by its id; `countersign key list` has it");
    if (!lists(paths, err))
        return false;
    *ret_status = 0;
    for (size_t i = 0; i < 2 && paths[i]; i++) {
        AUTO(public_keys) struct public_keys *keys = NULL;
        if (!public_keys_read(paths[i], NULL, &keys, err))
            return false;
        const struct public_key *key = public_keys_find(keys, id);
        if (key && key->retired_ms)
            return fail(err, ERR_CONFLICT, "the key %s is retired already", id);
        if (key)
            return retire_in(paths[i], id, err);
    }
    return fail(err, ERR_NOT_FOUND, "there is no public key %s", id);
}

const struct command commands_keys[] = {
    {"key create",
     "decision|seal|factor",
     "make a key that signs, and print its public half; or one that seals second factors",
     run_create,
     {create_entries, COUNT_OF(create_entries)}},
    {"key public", "FILE", "the public half of a secret key", run_public, {0}},
    {"key list",
     "",
     "every public key, and since when it is retired",
     run_list,
     {list_entries, COUNT_OF(list_entries)}},
    {"key retire",
     "ID",
     "let nothing count that this key signs from now on",
     run_retire,
     {list_entries, COUNT_OF(list_entries)}},
    {0},
};
