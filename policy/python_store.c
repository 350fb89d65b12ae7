#include "policy/python_store.h"

#include <ctype.h>
#include <string.h>

#include "policy/python_database.h"
#include "policy/python_files.h"

#define WORD_MAX 80
#define FRAME_PLACES 2 /* of to_sql(name, con): one that is third may be a mode */
#define DEPTH_MAX 63   /* of brackets: a bit for each */

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

enum awaited { NOTHING, MADE, READ, WRITTEN };

/* Where the reading of a text is. What is counted is of one statement. */
struct reading {
    struct python *python;
    json_t *queries; /* with x as (…) */
    char word[WORD_MAX], before[WORD_MAX], into[WORD_MAX];
    enum awaited awaits; /* a table, and for what */
    unsigned depth;
    uint64_t lists; /* depths at which tables stand, with `,` between two */
    bool creates, unsure, index, replaces;
};

static bool is_letter(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_' || (letter & 0x80);
}

/* The next word of a statement in small letters, without the quotes of a name; a sign is a word,
 * and so is a text: '. Returns what is after it. */
static const char *next_word(const char *at, char *ret_word)
{
    size_t len = 0;
    while (isspace((unsigned char)*at))
        at++;
    while (*at && len + 1 < WORD_MAX && (is_letter(*at) || strchr(".\"`[]", *at))) {
        if (!strchr("\"`[]", *at))
            ret_word[len++] = (char)tolower((unsigned char)*at);
        at++;
    }
    if (len == 0 && *at == '\'')
        at = strchr(at + 1, '\'');
    if (len == 0 && *at)
        ret_word[len++] = *at++;
    ret_word[len] = '\0';
    return at;
}

/* Nothing in it hides from next_word(): comments, texts in other quotes, names with signs. */
static bool is_plain_sql(const char *text)
{
    static const char opens[] = "'\"`[", closes[] = "'\"`]";
    if (strchr(text, '\\'))
        return false;
    for (const char *at = text; *at; at++) {
        const char *quote = strchr(opens, *at);
        const char *end = quote ? strchr(at + 1, closes[quote - opens]) : at;
        bool hides = *at == '$' || strncmp(at, "--", 2) == 0 || strncmp(at, "/*", 2) == 0;
        if (!end || hides)
            return false;
        bool name = quote && *at != '\'';
        if (name && ((at > text && is_letter(at[-1])) || is_letter(end[1]) || end[1] == *at))
            return false;
        for (const char *inner = at + 1; name && inner < end; inner++)
            if (!is_letter(*inner))
                return false;
        at = end;
    }
    return true;
}

static const char *plain_name(const char *name)
{
    return strncmp(name, "main.", 5) == 0 ? name + 5 : name;
}

static void note(json_t *names, const char *name, bool value)
{
    if (!json_is_true(json_object_get(names, plain_name(name))))
        json_object_set_new(names, plain_name(name), json_boolean(value));
}

/* What is made only if there is none may be of others. */
static void note_made(json_t *made, const char *name, bool unsure)
{
    if (!json_is_false(json_object_get(made, plain_name(name))))
        json_object_set_new(made, plain_name(name), json_boolean(!unsure));
}

static void note_table(struct reading *reading, enum awaited as, const char *after)
{
    __auto_type databases = &reading->python->databases;
    const char *name = reading->word;
    if (!is_letter(name[0]) || isdigit((unsigned char)name[0]))
        databases->foreign = true; /* not seen */
    else if (as == MADE)
        note_made(databases->made, name, reading->unsure);
    else if (as == WRITTEN)
        note(databases->asked, name, true);
    else if (*after != '(' && !json_object_get(reading->queries, name))
        note(databases->asked, name, false);
    if (as == WRITTEN && !reading->index)
        memcpy(reading->into, name, sizeof reading->into);
    if (as == WRITTEN && reading->replaces)
        note(databases->replaced, name, true);
}

static uint64_t list_bit(const struct reading *reading)
{
    return (uint64_t)1 << reading->depth;
}

/* What stands after `into`, `from`, `join` and `create table`: false when it is no table. */
static bool read_awaited(struct reading *reading, const char *after)
{
    static const char *const skipped[] = {"if", "not", "exists", "or", "lateral", "only"};
    static const char *const queries[] = {"select", "with", "values", "from"};
    const char *word = reading->word;
    enum awaited as = reading->awaits;
    if (is_one_of(word, skipped, COUNT_OF(skipped))) {
        reading->unsure |= strcmp(word, "exists") == 0;
        return true;
    }
    if (word[0] == '(' && as == READ)
        return false;
    reading->awaits = NOTHING;
    if (is_one_of(word, queries, COUNT_OF(queries)))
        return false;
    note_table(reading, as, after);
    return true;
}

static void read_sign(struct reading *reading)
{
    static const char *const leads[] = {"like", "glob", "between", "and",   "limit", "offset",
                                        "then", "else", "when",    "ilike", "is",    "not"};
    const char sign = reading->word[0], *before = reading->before;
    bool valued = before[0] && !is_letter(before[0]) && before[0] != ';';
    if (sign == '?' && !valued && !is_one_of(before, leads, COUNT_OF(leads)))
        reading->python->databases.foreign = true; /* a verb or a table may stand there */
    if (sign == ',' && (reading->lists & list_bit(reading)))
        reading->awaits = READ;
    if (sign == '(' && reading->depth++ == DEPTH_MAX) {
        reading->python->databases.foreign = true;
        reading->depth = DEPTH_MAX;
    }
    if (sign == '(' || sign == ')')
        reading->lists &= ~list_bit(reading);
    if (sign == '(' && reading->awaits == READ)
        reading->lists |= list_bit(reading);
    if (sign == ')' && reading->depth)
        reading->depth--;
    if (sign != ';')
        return;
    json_object_clear(reading->queries);
    *reading =
        (struct reading){.python = reading->python, .queries = reading->queries, .word = ";"};
}

/* on delete cascade, and do update set, which is of the table that is written to. */
static bool is_clause(const struct reading *reading, const char *after)
{
    static const char *const deeds[] = {"cascade", "restrict", "set", "no"};
    char next[WORD_MAX];
    next_word(after, next);
    bool on = strcmp(reading->before, "on") == 0 && is_one_of(next, deeds, COUNT_OF(deeds));
    return on || (strcmp(reading->before, "do") == 0 && strcmp(next, "set") == 0);
}

static void read_taking(struct reading *reading, const char *after)
{
    static const char *const takes[] = {"drop",     "delete", "update", "alter",
                                        "truncate", "attach", "trigger"};
    const char *word = reading->word, *before = reading->before;
    bool clause = is_clause(reading, after);
    if (is_one_of(word, takes, COUNT_OF(takes)) && !clause)
        reading->python->databases.foreign = true;
    if (reading->creates && strcmp(word, "replace") == 0 && strcmp(before, "or") == 0)
        reading->python->databases.foreign = true;
    if (clause && strcmp(before, "do") == 0)
        note(reading->python->databases.replaced, reading->into, true);
}

/* (… with) x as (…) */
static bool is_query(const struct reading *reading, const char *after)
{
    static const char *const leads[] = {"with", "recursive", ","};
    char as[WORD_MAX], sign[WORD_MAX];
    after = next_word(after, as);
    next_word(after, sign);
    return is_one_of(reading->before, leads, COUNT_OF(leads)) && strcmp(as, "as") == 0 &&
           sign[0] == '(';
}

static void read_plain(struct reading *reading, const char *after)
{
    static const char *const ends[] = {"where",  "group",     "order",     "having", "limit",
                                       "window", "union",     "except",    "select", "set",
                                       "values", "intersect", "returning", "qualify"};
    const char *word = reading->word, *before = reading->before;
    bool first = !before[0] || before[0] == ';';
    bool table = strcmp(word, "table") == 0 || strcmp(word, "view") == 0;
    read_taking(reading, after);
    reading->creates |= first && strcmp(word, "create") == 0;
    reading->index |= reading->creates && strcmp(word, "index") == 0;
    if (is_one_of(word, ends, COUNT_OF(ends)))
        reading->lists &= ~list_bit(reading);
    if (strcmp(word, "from") == 0 || strcmp(word, "join") == 0)
        reading->awaits = READ, reading->lists |= list_bit(reading);
    else if (table || (first && strcmp(word, "copy") == 0))
        reading->awaits = reading->creates && table ? MADE : READ;
    else if (strcmp(word, "into") == 0)
        reading->awaits = WRITTEN, reading->replaces = strcmp(before, "replace") == 0;
    else if (reading->index && strcmp(word, "on") == 0)
        reading->awaits = WRITTEN;
    else if (is_query(reading, after))
        json_object_set_new(reading->queries, word, json_true());
}

static void read_statement(struct python *python, const char *text)
{
    AUTO(json) json_t *queries = json_object();
    struct reading reading = {.python = python, .queries = queries};
    if (!is_plain_sql(text)) {
        python->databases.foreign = true;
        return;
    }
    for (const char *at = next_word(text, reading.word); reading.word[0];
         at = next_word(at, reading.word)) {
        bool sign = !is_letter(reading.word[0]);
        bool joined = sign ? reading.word[0] == '?' && is_letter(*at) : *at == '?';
        if (joined || strlen(reading.word) + 1 == WORD_MAX)
            python->databases.foreign = true; /* a part of it is not seen */
        if (reading.awaits && read_awaited(&reading, at))
            ;
        else if (sign)
            read_sign(&reading);
        else
            read_plain(&reading, at);
        memcpy(reading.before, reading.word, sizeof reading.before);
    }
    python->databases.foreign |= reading.awaits != NOTHING;
}

/* Whether all arguments but the first ones say what they are. */
static bool is_named_after(const struct node *list, size_t places)
{
    size_t unnamed = 0;
    NODE_EACH(item, list)
    {
        if (python_is(item, KIND_list_splat) || python_is(item, KIND_dictionary_splat))
            return false;
        unnamed += !python_is(item, KIND_keyword_argument) && !python_is(item, KIND_comment);
    }
    return unnamed <= places;
}

/* x.to_sql("a", c): fails where there is one of that name, if not told to add or to replace. */
static void note_frame(struct python *python, const struct node *call, const char *name)
{
    AUTO(buffer) struct buffer mode = {0};
    const struct node *list = python_child(call, PYTHON_arguments);
    python->databases.foreign |= !is_named_after(list, FRAME_PLACES);
    NODE_EACH(item, list)
    if (bytes_equal(python_bytes(python, python_child(item, PYTHON_name)), bytes_of("if_exists")) &&
        (!python_fold(python, python_child(item, PYTHON_value), 0, &mode) || !mode.len))
        python->databases.foreign = true;
    bool fails = !mode.data || strcmp(mode.data, "fail") == 0;
    if (fails)
        note_made(python->databases.made, name, false);
    else if (strcmp(mode.data, "append") == 0)
        note(python->databases.asked, name, true);
    else
        python->databases.foreign = true;
}

static void learn_statement(struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer text = {0};
    if (python_fold(python, node, 0, &text) && text.len && python_begins_like_sql(text.data))
        read_statement(python, text.data);
}

static const char *const asks[] = {"execute", "executemany", "executescript",
                                   "sql",     "read_sql",    "read_sql_query"};

static void learn_asked(struct python *python, const struct node *call)
{
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

/* run = con.execute: what is asked by another name is not seen. */
static void learn_mentioned(struct python *python, const struct node *node)
{
    AUTO(text) char *name = python_text(python, python_child(node, PYTHON_attribute));
    const struct node *above = node_above(node);
    bool called = python_is(above, KIND_call) && python_child(above, PYTHON_function) == node;
    if (!called && is_one_of(name, asks, COUNT_OF(asks)))
        python->databases.foreign = true;
}

static void learn_store(struct python *python, const struct node *node)
{
    if (python_is(node, KIND_call))
        learn_asked(python, node);
    else if (python_is(node, KIND_attribute))
        learn_mentioned(python, node);
    else if (python_is(node, KIND_string) || python_is(node, KIND_concatenated_string))
        learn_statement(python, node);
}

/* Tables of pandas are asked by their names, too. */
static bool is_frame(const struct python *python, const char *name)
{
    return python->databases.frames && json_object_get(python->tables, name);
}

static bool made_all(const struct python *python)
{
    const char *name;
    json_t *written;
    const json_t *made = python->databases.made;
    if (python->databases.foreign || json_object_size(made) == 0)
        return false;
    json_object_foreach (python->databases.asked, name, written)
        if (!json_object_get(made, name) && (json_is_true(written) || !is_frame(python, name)))
            return false;
    json_object_foreach (python->databases.replaced, name, written)
        if (!json_is_true(json_object_get(made, name)))
            return false;
    return true;
}

void python_learn_stores(struct python *python, const struct python_tree *tree)
{
    for (uint32_t i = 0; i < tree->count && python->databases.files; i++)
        learn_store(python, &tree->nodes[i]);
    python->databases.own = made_all(python);
}
