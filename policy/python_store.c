#include "policy/python_store.h"

#include <ctype.h>
#include <string.h>

#include "policy/python_database.h"
#include "policy/python_files.h"

#define WORD_MAX 80

bool python_is_store(const char *place)
{
    const char *path = strncmp(place, "sqlite:///", 10) == 0 ? place + 10 : place;
    return python_is_own_place(path);
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* The next word of a statement in small letters, without the quotes of a name; a sign is a word.
 * Texts are left out. Returns what is after it. */
static const char *next_word(const char *at, char *ret_word)
{
    size_t len = 0;
    ret_word[0] = '\0';
    while (isspace((unsigned char)*at) || *at == '\'') {
        const char *close = *at == '\'' ? strchr(at + 1, '\'') : at;
        at = close ? close + 1 : at + strlen(at);
    }
    while (*at && len + 1 < WORD_MAX &&
           (isalnum((unsigned char)*at) || strchr("_.\"`[]", *at) || (*at & 0x80))) {
        if (!strchr("\"`[]", *at))
            ret_word[len++] = (char)tolower((unsigned char)*at);
        at++;
    }
    if (len == 0 && *at)
        ret_word[len++] = *at++;
    ret_word[len] = '\0';
    return at;
}

static void note(json_t *names, const char *name, bool value)
{
    const char *plain = strncmp(name, "main.", 5) == 0 ? name + 5 : name;
    if (!json_is_true(json_object_get(names, plain)))
        json_object_set_new(names, plain, json_boolean(value));
}

/* What stands after `into`, `from`, `join` and `create table`. Returns what is after it. */
static const char *note_table(struct python *python, const char *after, const char *word)
{
    static const char *const words[] = {"if", "not", "exists", "or", "lateral", "only"};
    char name[WORD_MAX];
    do
        after = next_word(after, name);
    while (is_one_of(name, words, COUNT_OF(words)));
    bool called = *after == '(' && strcmp(word, "from") == 0;
    if (called || name[0] == '(')
        return after;
    bool made = strcmp(word, "table") == 0 || strcmp(word, "view") == 0;
    if (!isalpha((unsigned char)name[0]) && name[0] != '_' && !(name[0] & 0x80))
        python->databases.foreign = true; /* not seen */
    else if (made)
        note(python->databases.made, name, true);
    else
        note(python->databases.asked, name, strcmp(word, "into") == 0);
    return after;
}

/* with x as (…) */
static bool is_query(const char *after)
{
    char as[WORD_MAX], sign[WORD_MAX];
    after = next_word(after, as);
    next_word(after, sign);
    return strcmp(as, "as") == 0 && sign[0] == '(';
}

static void read_statement(struct python *python, const char *text)
{
    static const char *const takes[] = {"drop", "delete", "update", "alter", "truncate", "attach"};
    static const char *const names[] = {"into", "from", "join", "table", "view"};
    char word[WORD_MAX], before[WORD_MAX] = "";
    for (const char *at = next_word(text, word); word[0]; at = next_word(at, word)) {
        bool clause = strcmp(before, "on") == 0 || strcmp(before, "do") == 0;
        if (is_one_of(word, takes, COUNT_OF(takes)) && !clause)
            python->databases.foreign = true;
        if (is_one_of(word, names, COUNT_OF(names)))
            at = note_table(python, at, word);
        else if (isalpha((unsigned char)word[0]) && is_query(at))
            note(python->databases.made, word, true);
        memcpy(before, word, sizeof before);
    }
}

/* x.to_sql("a", c): fails where there is one of that name, if not told to add or to replace. */
static void note_frame(struct python *python, const struct node *call, const char *name)
{
    AUTO(buffer) struct buffer mode = {0};
    NODE_EACH(item, python_child(call, PYTHON_arguments))
    if (bytes_equal(python_bytes(python, python_child(item, PYTHON_name)), bytes_of("if_exists")) &&
        (!python_fold(python, python_child(item, PYTHON_value), 0, &mode) || !mode.len))
        python->databases.foreign = true;
    bool fails = !mode.data || strcmp(mode.data, "fail") == 0;
    if (fails || strcmp(mode.data, "append") == 0)
        note(fails ? python->databases.made : python->databases.asked, name, true);
    else
        python->databases.foreign = true;
}

static void learn_statement(struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer text = {0};
    if (python_fold(python, node, 0, &text) && text.len && python_begins_like_sql(text.data))
        read_statement(python, text.data);
}

static void learn_asked(struct python *python, const struct node *call)
{
    static const char *const asks[] = {"execute", "executemany", "executescript",
                                       "sql",     "read_sql",    "read_sql_query"};
    AUTO(buffer) struct buffer name = {0}, text = {0};
    python_resolve(python, python_child(call, PYTHON_function), 0, &name);
    const char *last = strrchr(name.data, '.');
    bool table = last && strcmp(last, ".to_sql") == 0;
    if (!last || !(table || is_one_of(last + 1, asks, COUNT_OF(asks))))
        return;
    const struct node *first = node_part(python_child(call, PYTHON_arguments), 0);
    if (json_array_size(python_texts(python, first)) > 1 || !python_fold(python, first, 0, &text) ||
        !text.len)
        python->databases.foreign = true; /* not seen */
    else if (table)
        note_frame(python, call, text.data);
    else
        read_statement(python, text.data);
}

void python_learn_store(struct python *python, const struct node *node)
{
    if (python_is(node, KIND_call))
        learn_asked(python, node);
    else if (python_is(node, KIND_string) || python_is(node, KIND_concatenated_string))
        learn_statement(python, node);
}

/* Tables of pandas are asked by their names, too. */
static bool is_frame(const struct python *python, const char *name)
{
    return python->databases.frames && json_object_get(python->tables, name);
}

bool python_made_store(const struct python *python)
{
    const char *name;
    json_t *written;
    if (python->databases.foreign || json_object_size(python->databases.made) == 0)
        return false;
    json_object_foreach (python->databases.asked, name, written)
        if (!json_object_get(python->databases.made, name) &&
            (json_is_true(written) || !is_frame(python, name)))
            return false;
    return true;
}
