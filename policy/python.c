/* Facts of Python, from a tree of the whole program. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/python_amount.h"
#include "policy/python_database.h"
#include "policy/python_files.h"
#include "policy/python_flow.h"
#include "policy/python_import.h"
#include "policy/python_learn.h"
#include "policy/python_plain.h"
#include "policy/python_store.h"

#define SQL_TEXTS_MAX 64
#define ARGUMENTS_MAX 8   /* one digit tells their places */
#define BRACKETS_MAX 1000 /* those in texts are counted, too */

/* What a node is a part of decides what is told of it. */
struct place {
    bool chained;   /* the object of an attribute: the whole chain was told already */
    bool is_name;   /* a name that is made here, not used */
    bool statement; /* a text that stands alone: words for people */
    bool literal;   /* part of a text that was told as a whole */
};

struct python_walk {
    struct python python;
    int sql_texts;
    struct buffer name, fact, text; /* what is put together now, in memory that stays */
    bool names_page, reads_unknown; /* an address, and a reader of what is not known */
};

/* Empty, and text. */
static struct buffer *anew(struct buffer *buffer)
{
    buffer->len = 0;
    buffer_add(buffer, "", 0);
    return buffer;
}

static void tell(struct python *python, enum fact_kind kind, const char *name,
                 const struct node *node)
{
    /* Of code with errors a part may be missing. */
    judge_fact(python->judge, kind, name, node ? node->start : 0, node ? node->end : 0);
}

/* A place in a text that comes out again is read there; a command or SQL is judged where it runs.
 */
static bool is_only_words(const struct python *python, const struct node *node, const char *lower,
                          bool page)
{
    enum python_use use = python_use_of(python, node);
    return use == PYTHON_SHOWN ||
           (use == PYTHON_HELD && !page &&
            !rules_raise_beside(python->judge->rules, FACT_STRING, lower, "py.text.shell"));
}

static void tell_string(struct python_walk *walk, const char *text, const struct node *node)
{
    struct python *python = &walk->python;
    AUTO(text) char *lower = memory_text(text);
    for (char *at = lower; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    bool sql = python_begins_like_sql(text), page = pattern_fits("http*://*/*", lower);
    bool raises = rules_level(python->judge->rules, FACT_STRING, lower) > POLICY_NOTE;
    if ((sql || page || raises) && is_only_words(python, node, lower, page))
        return;
    tell(python, FACT_STRING, lower, node);
    walk->names_page |= page;
    if (sql && python_in_memory(python) && !python_leaves_memory(lower))
        tell(python, FACT_CLAUSE, "sql.memory", node);
    else if (sql && walk->sql_texts++ < SQL_TEXTS_MAX)
        judge_sql_text(python->judge, bytes_of(text), node->start, node->end);
}

static bool visit_string(struct python_walk *walk, const struct node *node, struct place *place)
{
    if (place->literal || place->statement)
        return true;
    if (python_fold(&walk->python, node, 0, anew(&walk->text)) && walk->text.len) {
        tell_string(walk, walk->text.data, node);
        place->literal = true;
    }
    return true;
}

/* The pieces of a text whose whole is not known. */
static bool visit_content(struct python_walk *walk, const struct node *node, struct place *place)
{
    if (place->literal || place->statement)
        return false;
    AUTO(text) char *text = python_text(&walk->python, node);
    tell_string(walk, text, node);
    return false;
}

static bool reads(const char *callee)
{
    static const char *const patterns[] = {"*.read_*", "*.scan_*", "*.imread", "*.loadtxt",
                                           "*.genfromtxt"};
    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        if (pattern_fits(patterns[i], callee))
            return true;
    return false;
}

static bool picks(const char *callee)
{
    return strcmp(callee, "builtins.getattr") == 0 || strcmp(callee, "builtins.setattr") == 0;
}

static const char *word_of(const struct node *value)
{
    static const char *const words[PYTHON_KIND_COUNT] = {
        [KIND_true] = "true", [KIND_false] = "false", [KIND_none] = "none"};
    return words[python_kind(value)];
}

static void add_value(struct buffer *fact, const char *value)
{
    buffer_add_text(fact, "=");
    buffer_add_text(fact, value);
}

/* All that the value may be but the last is told; the last is left in walk->fact. */
static void tell_choices(struct python_walk *walk, const json_t *choices, const struct node *item)
{
    size_t i, begin = walk->fact.len, last = json_array_size(choices) - 1;
    json_t *choice;
    json_array_foreach (choices, i, choice) {
        walk->fact.data[walk->fact.len = begin] = '\0';
        add_value(&walk->fact, json_string_value(choice));
        if (i < last)
            tell(&walk->python, FACT_ARGUMENT, walk->fact.data, item);
    }
    buffer_add_text(&walk->text, json_string_value(json_array_get(choices, 0)));
}

static void add_seen(struct python_walk *walk, const char *callee, const struct node *item,
                     const struct node *value)
{
    double amount = python_amount(&walk->python, value, 0);
    const json_t *choices = python_texts(&walk->python, value);
    const char *word = python_amount_word(amount);
    if (choices)
        tell_choices(walk, choices, item);
    else if (!word && python_fold(&walk->python, value, 0, &walk->text))
        add_value(&walk->fact, picks(callee) && python_is_prefixed(walk->text.data)
                                   ? "prefix"
                                   : walk->text.data);
    else if (word || (word = word_of(value)))
        add_value(&walk->fact, word);
    else if (!isnan(amount))
        add_value(&walk->fact, "number");
    else if (!picks(callee) || !(python_is_own(&walk->python, node_above(item)) ||
                                 python_names_field(&walk->python, value)))
        add_value(&walk->fact, "?");
}

/* "callee#0=text" for places, "callee#name=text" for keywords; "?" when it is not known. */
static void tell_argument(struct python_walk *walk, const char *callee, const struct node *item,
                          int number)
{
    struct buffer *fact = anew(&walk->fact), *text = anew(&walk->text);
    const struct node *value = item;
    buffer_add_text(fact, callee);
    buffer_add_text(fact, "#");
    if (python_is(item, KIND_keyword_argument)) {
        struct bytes key = python_bytes(&walk->python, python_child(item, PYTHON_name));
        buffer_add(fact, key.data, key.len);
        value = python_child(item, PYTHON_value);
    } else {
        buffer_add(fact, &(char){(char)('0' + number)}, 1);
    }
    add_seen(walk, callee, item, value);
    tell(&walk->python, FACT_ARGUMENT, fact->data, item);
    walk->reads_unknown |= number == 0 && fact->data[fact->len - 1] == '?' && reads(callee);
    bool in_memory = strncmp(callee, "sqlite3.memory()", 16) == 0;
    if (number == 0 && python_asks_database(callee) && !in_memory && text->len &&
        python_begins_like_sql(text->data) && !sql_is_read(bytes_of(text->data)))
        tell(&walk->python, FACT_CLAUSE, "sql.unread", item);
}

/* **x: the names of its keywords, as far as they can be seen. */
static void tell_splat(struct python_walk *walk, const char *callee, const struct node *item)
{
    size_t i;
    json_t *key;
    AUTO(json) json_t *keys = python_keys(&walk->python, node_part(item, 0));
    tell(&walk->python, FACT_ARGUMENT, "", item);
    json_array_foreach (keys, i, key) {
        buffer_printf(anew(&walk->fact), "%s#%s=?", callee, json_string_value(key));
        tell(&walk->python, FACT_ARGUMENT, walk->fact.data, item);
    }
}

static void tell_arguments(struct python_walk *walk, const char *callee, const struct node *list)
{
    int number = 0;
    uint32_t place = 0;
    NODE_EACH(item, list)
    {
        if (place++ == ARGUMENTS_MAX)
            return;
        if (python_is(item, KIND_list_splat) || python_is(item, KIND_dictionary_splat))
            tell_splat(walk, callee, item);
        else if (!python_is(item, KIND_comment))
            tell_argument(walk, callee, item, number++);
    }
}

/* getattr(x, name): each of the names that it may be. */
static void tell_picked(struct python_walk *walk, const struct node *list)
{
    size_t i;
    json_t *choice;
    const struct node *picked = node_part(list, 1);
    json_array_foreach (python_texts(&walk->python, picked), i, choice) {
        AUTO(buffer) struct buffer name = {0};
        python_resolve(&walk->python, node_part(list, 0), 0, &name);
        buffer_printf(&name, ".%s", json_string_value(choice));
        tell(&walk->python, FACT_NAME, name.data, picked);
        tell(&walk->python, FACT_ATTRIBUTE, json_string_value(choice), picked);
    }
}

/* getattr() and __import__() of what can be seen. */
static void tell_given(struct python_walk *walk, const struct node *node)
{
    AUTO(buffer) struct buffer value = {0};
    python_resolve(&walk->python, node, 0, &value);
    if (value.len >= 2 && strcmp(value.data + value.len - 2, "()") == 0)
        return;
    const char *dot = strrchr(value.data, '.');
    tell(&walk->python, FACT_NAME, value.data, node);
    tell(&walk->python, FACT_ATTRIBUTE, dot ? dot + 1 : value.data, node);
}

/* What the environment is asked for by a key is told by the key. */
static void tell_name(struct python_walk *walk, const struct node *node)
{
    python_resolve(&walk->python, node, 0, anew(&walk->name));
    python_name_memory(&walk->python, &walk->name);
    python_name_removed(&walk->python, node, &walk->name);
    const struct node *key = python_asked_key(node, walk->name.data);
    if (key)
        tell_argument(walk, "os.environ[]", key, 0);
    else
        tell(&walk->python, FACT_NAME, walk->name.data, node);
}

static bool visit_identifier(struct python_walk *walk, const struct node *node, struct place *place)
{
    struct bytes text = python_bytes(&walk->python, node);
    if (python_is_disguised(text))
        tell(&walk->python, FACT_CLAUSE, "identifier.disguised", node);
    if (place->is_name || place->chained || python_only_asks(node, text))
        return false;
    tell_name(walk, node);
    return false;
}

static bool visit_attribute(struct python_walk *walk, const struct node *node, struct place *place)
{
    const struct node *attribute = python_child(node, PYTHON_attribute);
    bool whole = !place->chained;
    if (whole)
        tell_name(walk, node);
    /* A name that a rule lists whole is not judged by its last part again. */
    bool listed = whole && rules_let_pass(walk->python.judge->rules, FACT_NAME, walk->name.data);
    struct bytes text = python_bytes(&walk->python, attribute);
    buffer_add(anew(&walk->name), text.data, text.len);
    if (!listed && !python_is_plain(&walk->python, node, walk->name.data))
        tell(&walk->python, FACT_ATTRIBUTE, walk->name.data, attribute);
    if (python_is_disguised(text))
        tell(&walk->python, FACT_CLAUSE, "identifier.disguised", attribute);
    return true;
}

static bool visit_call(struct python_walk *walk, const struct node *node, struct place *place)
{
    const struct node *arguments = python_child(node, PYTHON_arguments);
    (void)place;
    python_resolve(&walk->python, python_child(node, PYTHON_function), 0, anew(&walk->name));
    if (python_stays_in_memory(&walk->python, node))
        python_name_memory(&walk->python, &walk->name);
    const char *callee = walk->name.data;
    tell(&walk->python, FACT_CALL, callee, node);
    tell_arguments(walk, callee, arguments);
    if (strcmp(callee, "builtins.getattr") == 0)
        tell_picked(walk, arguments);
    if (python_gives_named(callee))
        tell_given(walk, node);
    return visit_string(walk, node, &(struct place){0});
}

static bool visit_import(struct python_walk *walk, const struct node *node, struct place *place)
{
    (void)place;
    python_tell_import(&walk->python, node);
    return false;
}

static bool visit_old_exec(struct python_walk *walk, const struct node *node, struct place *place)
{
    (void)place;
    tell(&walk->python, FACT_NAME, "builtins.exec", node);
    return true;
}

static bool (*const visits[PYTHON_KIND_COUNT])(struct python_walk *walk, const struct node *node,
                                               struct place *place) = {
    [KIND_string] = visit_string,           [KIND_concatenated_string] = visit_string,
    [KIND_binary_operator] = visit_string,  [KIND_subscript] = visit_string,
    [KIND_string_content] = visit_content,  [KIND_identifier] = visit_identifier,
    [KIND_attribute] = visit_attribute,     [KIND_call] = visit_call,
    [KIND_import_statement] = visit_import, [KIND_import_from_statement] = visit_import,
    [KIND_exec_statement] = visit_old_exec,
};

/* How a part stands in what is above it. */
static struct place place_of(const struct place *above, enum python_kind parent,
                             const struct node *part)
{
    enum python_kind kind = python_kind(part);
    struct place place = {.literal = above->literal && kind != KIND_interpolation};
    if (parent == KIND_attribute) {
        bool chain = kind == KIND_attribute || kind == KIND_identifier;
        place.chained = chain && part->field == PYTHON_object;
        place.is_name = part->field == PYTHON_attribute;
    }
    if (parent == KIND_keyword_argument || parent == KIND_function_definition ||
        parent == KIND_class_definition)
        place.is_name = part->field == PYTHON_name;
    if (parent == KIND_parameters || parent == KIND_lambda_parameters)
        place.is_name = kind == KIND_identifier;
    if (parent == KIND_expression_statement)
        place.statement = kind == KIND_string;
    if (parent == KIND_string)
        place.statement = above->statement && kind != KIND_interpolation;
    return place;
}

static void walk_node(struct python_walk *walk, const struct node *node, struct place place)
{
    enum python_kind kind = python_kind(node);
    if (node->unread)
        tell(&walk->python, FACT_CLAUSE, "python.unread", node);
    python_tell_amount(&walk->python, node);
    if (visits[kind] && !visits[kind](walk, node, &place))
        return;
    NODE_EACH(part, node)
    walk_node(walk, part, place_of(&place, kind, part));
}

/* Python itself reads no more than 200 open brackets, and 100 levels of blocks. */
static bool is_too_deep(struct bytes code)
{
    const char *text = code.data;
    size_t depth = 0;
    for (size_t i = 0; i < code.len && depth <= BRACKETS_MAX; i++) {
        bool opens = text[i] == '(' || text[i] == '[' || text[i] == '{';
        bool closes = text[i] == ')' || text[i] == ']' || text[i] == '}';
        depth = depth + opens - (closes && depth > 0);
    }
    return depth > BRACKETS_MAX;
}

static void judge_tree(struct judge *judge, struct bytes code, const struct python_tree *tree)
{
    struct python_walk walk = {.python = {.judge = judge, .code = code}};
    python_open(&walk.python);
    python_learn_all(&walk.python, tree);
    for (uint32_t i = 0; i < tree->count; i++)
        python_learn_database(&walk.python, &tree->nodes[i]);
    python_learn_stores(&walk.python, tree);
    walk_node(&walk, tree->nodes, (struct place){0});
    if (walk.names_page && walk.reads_unknown)
        judge_fact(judge, FACT_CLAUSE, "read.page", 0, 0);
    if (tree->has_error && judge->level < POLICY_HIGH)
        judge_fact(judge, FACT_CLAUSE, "python.unread", 0, 0); /* a sign is missing */
    python_close(&walk.python);
    buffer_auto(&walk.name);
    buffer_auto(&walk.fact);
    buffer_auto(&walk.text);
}

void judge_python(struct judge *judge, struct bytes code)
{
    AUTO(python_tree) struct python_tree tree = {0};
    if (!is_too_deep(code) && python_tree_read(code, &tree))
        judge_tree(judge, code, &tree);
    else
        judge_fact(judge, FACT_CLAUSE, "python.unread", 0, 0);
}
