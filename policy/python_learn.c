/* What the names of a program are given, learned before anything is told. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/python_amount.h"
#include "policy/python_calls.h"
#include "policy/python_flow.h"
#include "policy/python_import.h"
#include "policy/python_learn.h"
#include "policy/python_rows.h"

#define LEARN_ROUNDS 10
#define TEXTS_MAX 50 /* that one name may stand for */

static void know(json_t *names, const char *name, const char *value)
{
    if (value && !json_object_get(names, name))
        json_object_set_new(names, name, json_string(value));
}

/* import a.b as c, and import a.b, which gives the name a. */
static void learn_import(struct python *python, const struct node *item)
{
    bool aliased = python_is(item, KIND_aliased_import);
    AUTO(text) char *module = python_text(python, aliased ? python_child(item, PYTHON_name) : item);
    if (aliased) {
        AUTO(text) char *alias = python_text(python, python_child(item, PYTHON_alias));
        know(python->modules, alias, module);
        json_object_set_new(python->tables, alias, json_false());
    } else {
        module[strcspn(module, ".")] = '\0';
        know(python->modules, module, module);
        json_object_set_new(python->tables, module, json_false());
    }
}

static void learn_from(struct python *python, const char *module, const struct node *item)
{
    bool aliased = python_is(item, KIND_aliased_import);
    AUTO(text) char *name = python_text(python, aliased ? python_child(item, PYTHON_name) : item);
    AUTO(text) char *alias = python_text(python, aliased ? python_child(item, PYTHON_alias) : item);
    AUTO(buffer) struct buffer full = {0};
    buffer_printf(&full, "%s.%s", module, name);
    know(python->modules, alias, full.data);
    json_object_set_new(python->tables, alias, json_false());
}

static void learn_plain(struct python *python, const char *module, const struct node *item)
{
    (void)module;
    learn_import(python, item);
}

/* What is also given something that can not be seen is never known. */
void python_forget_text(struct python *python, const char *key)
{
    const json_t *known = json_object_get(python->texts, key);
    python->changes += json_array_size(known) > 0; /* others may have been given it */
    if (!json_is_null(known))
        json_object_set_new(python->texts, key, json_null());
}

void python_know_text(struct python *python, const char *key, const char *text)
{
    size_t i;
    json_t *known, *texts = json_object_get(python->texts, key);
    if (json_is_null(texts))
        return;
    if (!texts)
        json_object_set_new(python->texts, key, texts = json_array());
    json_array_foreach (texts, i, known) {
        if (strcmp(json_string_value(known), text) == 0)
            return;
    }
    python->changes += json_array_size(texts) > 0;
    if (json_array_size(texts) >= TEXTS_MAX || json_array_append_new(texts, json_string(text)) != 0)
        python_forget_text(python, key); /* too many, or no UTF-8 */
}

static void forget_names(struct python *python, const struct node *target)
{
    if (python_is(target, KIND_identifier)) {
        AUTO(text) char *key = python_text(python, target);
        python_forget_text(python, key);
        python_learn_parts(python, key, NULL);
        json_object_set_new(python->tables, key, json_false());
        return;
    }
    if (python_is(target, KIND_attribute) || python_is(target, KIND_subscript))
        return;
    NODE_EACH(part, target)
    forget_names(python, part);
}

static void learn_assignment(struct python *python, const struct node *target,
                             const struct node *value);

static json_t *kind_of_name(const struct python *python, const char *key, const char *value);

/* a, b = "x", "y" */
static void learn_each(struct python *python, const struct node *targets, const struct node *values)
{
    uint32_t count = node_parts(targets);
    bool paired = (python_is(values, KIND_expression_list) || python_is(values, KIND_tuple) ||
                   python_is(values, KIND_list)) &&
                  node_parts(values) == count;
    AUTO(buffer) struct buffer maker = {0};
    AUTO(text) char *second = python_text(python, node_part(targets, 1));
    python_resolve(python, values, 0, &maker);
    bool temporary = !paired && strcmp(maker.data, "tempfile.mkstemp()") == 0;
    json_t *kind = temporary ? kind_of_name(python, second, maker.data) : NULL;
    if (!paired)
        forget_names(python, targets);
    if (kind) /* number, path = mkstemp() */
        json_object_set_new(python->tables, second, kind);
    for (uint32_t i = 0; i < count && i < 100 && paired; i++)
        learn_assignment(python, node_part(targets, i), node_part(values, i));
}

/* for row in table.itertuples(), and for field in dataclasses.fields(x): false when it is neither.
 */
static bool learn_row(struct python *python, const struct node *target, const struct node *values)
{
    AUTO(buffer) struct buffer name = {0};
    AUTO(text) char *key = python_text(python, target);
    if (!python_is(target, KIND_identifier) || !python_is(values, KIND_call))
        return false;
    python_resolve(python, values, 0, &name);
    bool field = strcmp(name.data, "dataclasses.fields()") == 0;
    bool row = pattern_fits("*.itertuples()", name.data);
    if (!field && !row)
        return false;
    python_forget_text(python, key);
    python_learn_parts(python, key, NULL);
    if (field)
        know(python->modules, key, "dataclasses.Field");
    if (field || !json_object_get(python->tables, key))
        json_object_set_new(python->tables, key, json_boolean(row));
    return true;
}

/* for name in ("mean", "std") */
static void learn_loop(struct python *python, const struct node *target, const struct node *values)
{
    uint32_t count = node_parts(values);
    bool listed = python_is(target, KIND_identifier) && count <= TEXTS_MAX &&
                  (python_is(values, KIND_list) || python_is(values, KIND_tuple));
    if (!listed && !learn_row(python, target, values) &&
        !python_learn_each_of(python, target, values))
        forget_names(python, target);
    for (uint32_t i = 0; i < count && listed; i++)
        learn_assignment(python, target, node_part(values, i));
}

/* Values whose methods are worth knowing by what made them. */
static bool is_value(const char *name)
{
    static const char *const makers[] = {"pathlib.Path()", "zipfile.ZipFile()", "tarfile.open()",
                                         "duckdb.connect()"};
    for (size_t i = 0; i < COUNT_OF(makers); i++)
        if (strncmp(name, makers[i], strlen(makers[i])) == 0)
            return true;
    return false;
}

/* A name that was ever given something else is no table. */
static bool is_table(const struct python *python, const char *key, const char *value)
{
    static const char *const makers[] = {"pandas.*(*",    "pandas.*[*",     "*.groupby()",
                                         "*.resample()",  "*.rolling()",    "*.groupby()[]",
                                         "*.expanding()", "*.pivot_table()"};
    bool made = false;
    for (size_t i = 0; i < COUNT_OF(makers); i++)
        made = made || pattern_fits(makers[i], value);
    const json_t *known = json_object_get(python->tables, key);
    return made && !json_is_false(known) && !json_is_string(known);
}

/* gettempdir() gives what others use, too. */
static bool is_temporary(const char *value)
{
    static const char *const makers[] = {"tempfile.mkdtemp()", "tempfile.mkstemp()",
                                         "tempfile.TemporaryDirectory()",
                                         "tempfile.NamedTemporaryFile()"};
    for (size_t i = 0; i < COUNT_OF(makers); i++)
        if (strcmp(value, makers[i]) == 0)
            return true;
    return false;
}

/* What a name is that is given a value: a table, something temporary, or anything. */
static json_t *kind_of_name(const struct python *python, const char *key, const char *value)
{
    const json_t *known = json_object_get(python->tables, key);
    bool temporary = is_temporary(value);
    if (temporary &&
        (!known || (json_is_string(known) && strcmp(json_string_value(known), value) == 0)))
        return json_string(value);
    return json_boolean(is_table(python, key, value));
}

/* self.x = os: kept as ".x", which no name can be. */
static void learn_kept(struct python *python, const struct node *target, const struct node *value)
{
    AUTO(buffer) struct buffer key = {0}, name = {0};
    struct bytes attribute = python_bytes(python, python_child(target, PYTHON_attribute));
    python_resolve(python, value, 0, &name);
    if (strncmp(name.data, "builtins.", 9) == 0 || strpbrk(name.data, "?(["))
        return;
    buffer_add_text(&key, ".");
    buffer_add(&key, attribute.data, attribute.len);
    know(python->modules, key.data, name.data);
}

/* with zipfile.ZipFile("a.zip") as z */
static void learn_opened(struct python *python, const struct node *target)
{
    AUTO(buffer) struct buffer name = {0};
    const struct node *key = node_part(target, 0);
    AUTO(text) char *text = python_text(python, key);
    python_resolve(python, node_first(node_above(target)), 0, &name);
    json_t *kind = kind_of_name(python, text, name.data);
    forget_names(python, target);
    json_object_set_new(python->tables, text, json_is_string(kind) ? kind : json_false());
    if (python_is(key, KIND_identifier) && is_value(name.data))
        know(python->modules, text, name.data);
}

/* x = range(9): kept as "#x", which no name can be. */
static void learn_rows(struct python *python, const char *name, const struct node *value)
{
    AUTO(buffer) struct buffer key = {0};
    double rows = python_rows(python, value, 0);
    if (isnan(rows))
        return;
    buffer_add_text(&key, "#");
    buffer_add_text(&key, name);
    if (!json_object_get(python->numbers, key.data))
        json_object_set_new(python->numbers, key.data, json_real(isinf(rows) ? 1e308 : rows));
}

static void learn_assignment(struct python *python, const struct node *target,
                             const struct node *value)
{
    AUTO(buffer) struct buffer text = {0}, name = {0};
    if (python_is(target, KIND_attribute))
        learn_kept(python, target, value);
    if (python_is(target, KIND_subscript))
        python_learn_part(python, target, value);
    if (python_is(target, KIND_pattern_list) || python_is(target, KIND_tuple_pattern))
        learn_each(python, target, value);
    if (!python_is(target, KIND_identifier))
        return;
    AUTO(text) char *key = python_text(python, target);
    python_learn_parts(python, key, value);
    learn_rows(python, key, value);
    if (python_learn_choices(python, key, value)) {
        json_object_set_new(python->tables, key, json_false());
        return;
    }
    python_resolve(python, value, 0, &name);
    if (python_fold(python, value, 0, &text)) {
        python_know_text(python, key, text.data ? text.data : "");
        if (is_value(name.data)) /* Path("x") is a text, too */
            know(python->modules, key, name.data);
        json_object_set_new(python->tables, key, json_false());
        return;
    }
    python_forget_text(python, key);
    double amount = python_amount(python, value, 0);
    if (!isnan(amount)) {
        if (!json_object_get(python->numbers, key))
            json_object_set_new(python->numbers, key, json_real(isinf(amount) ? 1e308 : amount));
        return;
    }
    json_object_set_new(python->tables, key, kind_of_name(python, key, name.data));
    bool known = name.data[0] != '?' &&
                 (strncmp(name.data, "builtins.", 9) != 0 || !strpbrk(name.data + 9, ".[("));
    if (known && (!strpbrk(name.data, "([") || is_value(name.data)))
        know(python->modules, key, name.data);
}

/* What a function is called with is seen when all its calls are. */
static void learn_parameters(struct python *python, const struct node *list)
{
    bool seen = python_learn_function(python, node_above(list));
    NODE_EACH(item, list)
    {
        bool typed = python_is(item, KIND_typed_parameter);
        const struct node *name = typed ? node_first(item) : python_child(item, PYTHON_name);
        AUTO(text) char *key = python_text(python, name ? name : item);
        if (!seen)
            forget_names(python, name ? name : item);
        json_object_set_new(python->tables, key, json_false());
    }
}

static void learn_import_statement(struct python *python, const struct node *node)
{
    python_each_import(python, node, NULL, learn_plain);
}

static void learn_import_from(struct python *python, const struct node *node)
{
    AUTO(text) char *module = python_text(python, python_child(node, PYTHON_module_name));
    python_each_import(python, node, module, learn_from);
}

static void learn_given(struct python *python, const struct node *node)
{
    learn_assignment(python, python_child(node, PYTHON_left), python_child(node, PYTHON_right));
}

static void learn_named(struct python *python, const struct node *node)
{
    learn_assignment(python, python_child(node, PYTHON_name), python_child(node, PYTHON_value));
}

static void learn_for(struct python *python, const struct node *node)
{
    learn_loop(python, python_child(node, PYTHON_left), python_child(node, PYTHON_right));
}

static void learn_augmented(struct python *python, const struct node *node)
{
    forget_names(python, python_child(node, PYTHON_left));
}

static void learn(struct python *python, const struct node *node)
{
    static void (*const learns[PYTHON_KIND_COUNT])(struct python * python,
                                                   const struct node *node) = {
        [KIND_import_statement] = learn_import_statement,
        [KIND_import_from_statement] = learn_import_from,
        [KIND_assignment] = learn_given,
        [KIND_named_expression] = learn_named,
        [KIND_for_statement] = learn_for,
        [KIND_for_in_clause] = learn_for,
        [KIND_augmented_assignment] = learn_augmented,
        [KIND_parameters] = learn_parameters,
        [KIND_lambda_parameters] = learn_parameters,
        [KIND_as_pattern_target] = learn_opened,
        [KIND_class_definition] = python_learn_open,
        [KIND_decorated_definition] = python_learn_open,
        [KIND_call] = python_learn_call,
        [KIND_identifier] = python_learn_mention,
    };
    if (learns[node->kind])
        learns[node->kind](python, node);
}

/* What is given early may be forgotten late. What still changes in the end is not known. */
void python_learn_all(struct python *python, const struct python_tree *tree)
{
    size_t changes = SIZE_MAX;
    for (int round = 0; round < LEARN_ROUNDS && changes != python->changes; round++) {
        changes = python->changes;
        for (uint32_t i = 0; i < tree->count; i++)
            learn(python, &tree->nodes[i]);
    }
    if (changes != python->changes)
        json_object_clear(python->texts);
}
