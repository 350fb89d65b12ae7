#include "admin/audit/audit_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/embedded.h"
#include "admin/folders.h"
#include "admin/stack/stack_state.h"
#include "common/base/json.h"
#include "common/base/settings.h"

#define READ_MS (INT64_C(6) * 3600 * 1000) /* some questions are asked of whole tables */

/* The setting, else what the running stack says; NULL where neither does. */
static const char *choose(const char *set, const json_t *state, const char *group, const char *key)
{
    return *set ? set : json_text_of(json_object_get(state, group), key);
}

static bool add_head(struct audit_place *place, const struct seal *head)
{
    size_t count = place->head_count;
    if ((count & (count - 1)) == 0) {
        place->heads = realloc(place->heads, (count ? 2 * count : 1) * sizeof *place->heads);
        if (!place->heads)
            memory_none();
    }
    place->heads[place->head_count++] = *head;
    return true;
}

static bool take_line(struct audit_place *place, const char *line, struct error *err)
{
    struct seal head;
    if (!seal_from_line(line, &head)) {
        place->other_lines += line[0] != '\0';
        return true;
    }
    if (!seal_signature_holds(&head, place->keys))
        return fail(err, ERR_CONFLICT, "the head of seal %lld is signed by no key that may seal",
                    (long long)head.n);
    return add_head(place, &head);
}

static int by_number(const void *a, const void *b)
{
    const struct seal *one = a, *two = b;
    return (one->n > two->n) - (one->n < two->n);
}

static bool read_heads(struct audit_place *place, const char *path, struct error *err)
{
    char line[SEAL_LINE_SIZE + 1];
    bool good = true;
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(err, ERR_BAD_REQUEST, "the heads in %s can not be read", path);
    while (good && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        good = take_line(place, line, err);
    }
    fclose(file);
    return good;
}

/* One that was named must say something; the usual file is not there before the first seal. */
static bool take_heads(struct audit_place *place, const char *named, const char *usual,
                       struct error *err)
{
    bool good = true;
    if (named && strncmp(named, "countersign-seal-", 17) == 0)
        good = take_line(place, named, err);
    else if (named || (usual && path_exists(usual)))
        good = read_heads(place, named ? named : usual, err);
    if (!good)
        return false;
    if (named && !place->head_count)
        return fail(err, ERR_BAD_REQUEST, "--head names no head, nor a file with one");
    if (place->head_count)
        qsort(place->heads, place->head_count, sizeof *place->heads, by_number);
    return true;
}

static bool open_reading(const char *url, struct db **ret_db, struct error *err)
{
    if (!db_open(url, "countersign audit", ret_db, err))
        return false;
    db_answers_within(*ret_db, READ_MS);
    return db_run_script(*ret_db, embedded_find("sql/stack/begin_reading.sql")->text, err);
}

static bool open_all(const char *head, struct audit_place *place, struct error *err)
{
    struct settings settings;
    AUTO(json) json_t *state = NULL;
    if (!settings_load(SETTINGS_ADMIN, stderr, &settings, err) ||
        !stack_state_read(settings.data_dir, &state, err))
        return false;
    const char *url = choose(settings.verifier_database_url.value, state, "database", "verifier");
    const char *keys = choose(settings.seal_keys_file, state, "files", "SEAL_KEYS_FILE");
    const char *deciding =
        choose(settings.decision_keys_file, state, "files", "DECISION_KEYS_FILE");
    const char *heads = choose(settings.seal_heads_file, state, "files", "SEAL_HEADS_FILE");
    if (!url || !keys || !deciding)
        return fail(err, ERR_BAD_REQUEST, "%s is not set, and no stack runs in %s",
                    !url    ? "VERIFIER_DATABASE_URL"
                    : !keys ? "SEAL_KEYS_FILE"
                            : "DECISION_KEYS_FILE",
                    settings.data_dir);
    return public_keys_read(keys, "seal", &place->keys, err) &&
           public_keys_read(deciding, "decision", &place->decision_keys, err) &&
           take_heads(place, head, heads, err) && open_reading(url, &place->db, err);
}

bool audit_place_open(const char *head, struct audit_place *ret_place, struct error *err)
{
    AUTO(audit_place) struct audit_place place = {0};
    if (!open_all(head, &place, err))
        return false;
    *ret_place = place;
    place = (struct audit_place){0};
    return true;
}

bool audit_place_keys(struct public_keys **ret_keys, struct error *err)
{
    struct settings settings;
    AUTO(json) json_t *state = NULL;
    if (!settings_load(SETTINGS_ADMIN, stderr, &settings, err) ||
        !stack_state_read(settings.data_dir, &state, err))
        return false;
    const char *keys = choose(settings.seal_keys_file, state, "files", "SEAL_KEYS_FILE");
    if (!keys)
        return fail(err, ERR_BAD_REQUEST, "SEAL_KEYS_FILE is not set, and no stack runs in %s",
                    settings.data_dir);
    return public_keys_read(keys, "seal", ret_keys, err);
}

void audit_place_auto(struct audit_place *place)
{
    db_close(place->db);
    public_keys_free(place->keys);
    public_keys_free(place->decision_keys);
    free(place->heads);
    *place = (struct audit_place){0};
}
