#include "admin/stack/stack_keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/folders.h"
#include "common/base/signing.h"

/* What a stack keeps of each purpose: <purpose>.key in the api's folder, and <purpose>.pub beside
 * it where others check by the public half. */
static const struct {
    const char *purpose, *secret_setting, *public_setting; /* NULL: no public half */
} kinds[] = {
    {"decision", "SIGNING_KEY_FILE", "DECISION_KEYS_FILE"},
    {"seal", "SEAL_KEY_FILE", "SEAL_KEYS_FILE"},
    {"factor", "FACTOR_KEY_FILE", NULL},
};

/* "folder/name.ending"; caller frees. */
static char *path_of(const char *folder, const char *name, const char *ending)
{
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s.%s", folder, name, ending);
    return path.data;
}

static bool hand_over(const struct stack *stack, const char *path, struct error *err)
{
    const struct account *to = &stack->data.api;
    if (to->name[0] && chown(path, to->uid, to->gid) != 0)
        return fail(err, ERR_INTERNAL, "can not hand over %s: %s", path, strerror(errno));
    return true;
}

static bool make_public(const struct stack *stack, const char *purpose,
                        const struct signing_key *key, struct error *err)
{
    char line[PUBLIC_KEY_LINE_SIZE];
    AUTO(buffer) struct buffer text = {0};
    AUTO(text) char *list = path_of(stack->keys_folder, purpose, "pub");
    if (path_exists(list))
        return true;
    signing_key_public_line(key, line);
    buffer_printf(&text, "%s\n", line);
    return file_write(list, buffer_bytes(&text), 0644, err);
}

static bool make_one(struct stack *stack, const char *purpose, bool is_public, struct error *err)
{
    AUTO(signing_key) struct signing_key *key = NULL;
    AUTO(text) char *secret = path_of(stack->api_folder, purpose, "key");
    bool good = path_exists(secret) ? signing_key_read(secret, purpose, &key, err)
                                    : signing_key_create(secret, purpose, &key, err);
    return good && hand_over(stack, secret, err) &&
           (!is_public || make_public(stack, purpose, key, err));
}

bool stack_keys_make(struct stack *stack, struct error *err)
{
    if (!stack_data_reachable(&stack->data, "api", 0700, &stack->api_folder, err) ||
        !stack_data_reachable(&stack->data, "keys", 0755, &stack->keys_folder, err) ||
        !hand_over(stack, stack->api_folder, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (!make_one(stack, kinds[i].purpose, kinds[i].public_setting != NULL, err))
            return false;
    return true;
}

void stack_keys_secret(const struct stack *stack, struct environment *environment)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        AUTO(text) char *path = path_of(stack->api_folder, kinds[i].purpose, "key");
        environment_set(environment, kinds[i].secret_setting, path);
    }
}

void stack_keys_public(const struct stack *stack, struct environment *environment)
{
    AUTO(text) char *heads = path_join(stack->api_folder, "seal-heads");
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        AUTO(text) char *path = path_of(stack->keys_folder, kinds[i].purpose, "pub");
        if (kinds[i].public_setting)
            environment_set(environment, kinds[i].public_setting, path);
    }
    environment_set(environment, "SEAL_HEADS_FILE", heads);
}
