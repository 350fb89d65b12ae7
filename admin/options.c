#include "admin/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "--name" or "--name=value"; the value's start, or NULL where none is given. */
static const struct option_entry *find(const struct option_table *table, const char *word,
                                       const char **ret_value)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    *ret_value = equals ? equals + 1 : NULL;
    for (size_t i = 0; i < table->count; i++)
        if (strlen(table->entries[i].name) == len &&
            strncmp(table->entries[i].name, word, len) == 0)
            return &table->entries[i];
    return NULL;
}

static bool take_one(const struct option_table *table, char **words, int left, int *ret_used,
                     struct error *err)
{
    const char *value;
    const struct option_entry *entry = find(table, words[0], &value);
    if (!entry)
        return fail(err, ERR_BAD_REQUEST, "there is no option %s; --help lists them", words[0]);
    if (entry->ret_flag && value)
        return fail(err, ERR_BAD_REQUEST, "%s takes no value", entry->name);
    if (entry->ret_text && !value && left < 2)
        return fail(err, ERR_BAD_REQUEST, "%s needs a value: %s", entry->name, entry->value);
    *ret_used = entry->ret_text && !value ? 2 : 1;
    if (entry->ret_flag)
        *entry->ret_flag = true;
    else
        *entry->ret_text = value ? value : words[1];
    return true;
}

bool options_take(const struct option_table *table, struct words *io_words, struct error *err)
{
    int kept = 0;
    int used = 1;
    bool plain = false;
    char **list = io_words->list;
    for (int i = 0; i < io_words->count; i += used) {
        used = 1;
        if (plain || list[i][0] != '-' || !list[i][1])
            list[kept++] = list[i];
        else if (strcmp(list[i], "--") == 0)
            plain = true;
        else if (!take_one(table, list + i, io_words->count - i, &used, err))
            return false;
    }
    list[kept] = NULL;
    io_words->count = kept;
    return true;
}

void options_print(const struct option_table *table, FILE *out)
{
    if (table->count)
        fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < table->count; i++) {
        const struct option_entry *entry = &table->entries[i];
        char left[64];
        snprintf(left, sizeof left, "%s %s", entry->name, entry->value ? entry->value : "");
        fprintf(out, "  %-22s %s\n", left, entry->says);
    }
}

bool options_number(const char *name, const char *text, const long bounds[2], long *ret_number,
                    struct error *err)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (!*text || *end || errno || number < bounds[0] || number > bounds[1])
        return fail(err, ERR_BAD_REQUEST, "%s must be a number from %ld to %ld", name, bounds[0],
                    bounds[1]);
    *ret_number = number;
    return true;
}
