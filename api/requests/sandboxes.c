#include "api/requests/sandboxes.h"

#include <string.h>

#define LOCAL_IMAGE "system-python3"

static const char *const names[] = {"local", "e2b", "daytona"};

static bool has_key(const struct settings *settings, const char *name)
{
    if (strcmp(name, "e2b") == 0)
        return settings->e2b_api_key.value[0] != '\0';
    if (strcmp(name, "daytona") == 0)
        return settings->daytona_api_key.value[0] != '\0';
    return true;
}

static bool is_known(const char *word, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i]) == len && memcmp(names[i], word, len) == 0)
            return true;
    return false;
}

/* Whether a list with commas between has this word. */
static bool is_in(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; *at; at += strspn(at, ", ")) {
        size_t part = strcspn(at, ", ");
        if (part == len && memcmp(at, word, len) == 0)
            return true;
        at += part;
    }
    return false;
}

const char *sandbox_default(const struct settings *settings)
{
    if (*settings->sandbox)
        return settings->sandbox;
    return has_key(settings, "e2b") ? "e2b" : has_key(settings, "daytona") ? "daytona" : "local";
}

static bool is_offered(const struct settings *settings, const char *name)
{
    if (strcmp(name, sandbox_default(settings)) == 0)
        return true;
    return *settings->sandboxes ? is_in(settings->sandboxes, name) : has_key(settings, name);
}

bool sandboxes_check(const struct settings *settings, struct error *err)
{
    if (*settings->sandbox && !is_known(settings->sandbox, strlen(settings->sandbox)))
        return fail(err, ERR_BAD_REQUEST, "SANDBOX must be local, e2b or daytona");
    for (const char *at = settings->sandboxes + strspn(settings->sandboxes, ", "); *at;
         at += strspn(at, ", ")) {
        size_t len = strcspn(at, ", ");
        if (!is_known(at, len))
            return fail(err, ERR_BAD_REQUEST, "SANDBOXES may name local, e2b and daytona");
        at += len;
    }
    return true;
}

const char *sandbox_image(const struct settings *settings, const char *name)
{
    if (!is_known(name, strlen(name)) || !is_offered(settings, name))
        return NULL;
    if (strcmp(name, "e2b") == 0)
        return settings->e2b_template;
    return strcmp(name, "daytona") == 0 ? settings->daytona_snapshot : LOCAL_IMAGE;
}

json_t *sandboxes_json(const struct settings *settings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (is_offered(settings, names[i]))
            json_array_append_new(list, json_string(names[i]));
    return list;
}
