#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/python_amount.h"

#define NAME_MAX_BYTES 512
#define TEXTS_MAX 20 /* that one name may stand for */

struct bytes python_bytes(const struct python *python, const struct node *node)
{
    if (!node)
        return (struct bytes){"", 0};
    return (struct bytes){(const char *)python->code.data + node->start, node->end - node->start};
}

const json_t *python_known(const json_t *names, struct bytes name)
{
    return json_object_getn(names, name.data, name.len);
}

char *python_text(const struct python *python, const struct node *node)
{
    struct bytes bytes = python_bytes(python, node);
    char *text = memory_new(bytes.len + 1, 1);
    memcpy(text, bytes.data, bytes.len);
    return text;
}

static void resolve_identifier(const struct python *python, const struct node *node, int depth,
                               struct buffer *out)
{
    (void)depth;
    struct bytes name = python_bytes(python, node);
    const char *known = json_string_value(python_known(python->modules, name));
    if (known) {
        buffer_add_text(out, known);
        return;
    }
    buffer_add_text(out, "builtins.");
    buffer_add(out, name.data, name.len);
}

static void resolve_attribute(const struct python *python, const struct node *node, int depth,
                              struct buffer *out)
{
    struct bytes name = python_bytes(python, python_child(node, PYTHON_attribute));
    python_resolve(python, python_child(node, PYTHON_object), depth, out);
    buffer_add_text(out, ".");
    buffer_add(out, name.data, name.len);
}

static bool imports_named(const char *callee)
{
    return strcmp(callee, "builtins.__import__") == 0 ||
           strcmp(callee, "importlib.import_module") == 0;
}

bool python_gives_named(const char *callee)
{
    return strcmp(callee, "builtins.getattr") == 0 || imports_named(callee);
}

/* getattr(x, "name") is x.name, and __import__("name") is that module. */
static void resolve_call(const struct python *python, const struct node *node, int depth,
                         struct buffer *out)
{
    AUTO(buffer) struct buffer function = {0}, text = {0};
    const struct node *arguments = python_child(node, PYTHON_arguments);
    python_resolve(python, python_child(node, PYTHON_function), depth, &function);
    const char *name = function.data ? function.data : "";
    if (strcmp(name, "builtins.getattr") == 0 &&
        python_fold(python, node_part(arguments, 1), depth, &text)) {
        python_resolve(python, node_part(arguments, 0), depth, out);
        buffer_add_text(out, ".");
        buffer_add_text(out, text.data ? text.data : "");
    } else if (imports_named(name) && python_fold(python, node_part(arguments, 0), depth, &text)) {
        buffer_add_text(out, text.data ? text.data : "");
    } else {
        buffer_add_text(out, name);
        buffer_add_text(out, "()");
    }
}

static void resolve_subscript(const struct python *python, const struct node *node, int depth,
                              struct buffer *out)
{
    python_resolve(python, python_child(node, PYTHON_value), depth, out);
    buffer_add_text(out, "[]");
}

static void resolve_inner(const struct python *python, const struct node *node, int depth,
                          struct buffer *out)
{
    python_resolve(python, node_part(node, 0), depth, out);
}

void python_resolve(const struct python *python, const struct node *node, int depth,
                    struct buffer *ret_name)
{
    static void (*const resolvers[PYTHON_KIND_COUNT])(
        const struct python *python, const struct node *node, int depth, struct buffer *out) = {
        [KIND_identifier] = resolve_identifier,
        [KIND_attribute] = resolve_attribute,
        [KIND_call] = resolve_call,
        [KIND_subscript] = resolve_subscript,
        [KIND_await] = resolve_inner,
        [KIND_parenthesized_expression] = resolve_inner,
    };
    __auto_type resolve = resolvers[python_kind(node)];
    if (resolve && depth < PYTHON_DEPTH_MAX && ret_name->len < NAME_MAX_BYTES) {
        resolve(python, node, depth + 1, ret_name);
        return;
    }
    buffer_add_text(ret_name, "?");
}

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

typedef void each_import_fn(struct python *python, const char *module, const struct node *item);

/* Calls `each` for every name that an import statement brings. */
static void names_of_import(struct python *python, const struct node *node, const char *module,
                            each_import_fn *each)
{
    const struct node *from = module ? python_child(node, PYTHON_module_name) : NULL;
    NODE_EACH(item, node)
    if (item != from && (python_is(item, KIND_dotted_name) || python_is(item, KIND_aliased_import)))
        each(python, module, item);
}

static void learn_plain(struct python *python, const char *module, const struct node *item)
{
    (void)module;
    learn_import(python, item);
}

const json_t *python_texts(const struct python *python, const struct node *node)
{
    if (!python_is(node, KIND_identifier))
        return NULL;
    const json_t *texts = python_known(python->texts, python_bytes(python, node));
    return json_is_array(texts) ? texts : NULL;
}

/* What is also given something that can not be seen is never known. */
static void forget_text(struct python *python, const char *key)
{
    json_object_set_new(python->texts, key, json_null());
}

static void know_text(struct python *python, const char *key, const char *text)
{
    json_t *texts = json_object_get(python->texts, key);
    if (json_is_null(texts))
        return;
    if (!texts)
        json_object_set_new(python->texts, key, texts = json_array());
    if (json_array_size(texts) >= TEXTS_MAX || json_array_append_new(texts, json_string(text)) != 0)
        forget_text(python, key); /* too many, or no UTF-8 */
}

static void forget_names(struct python *python, const struct node *target)
{
    if (python_is(target, KIND_identifier)) {
        AUTO(text) char *key = python_text(python, target);
        forget_text(python, key);
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

/* a, b = "x", "y" */
static void learn_each(struct python *python, const struct node *targets, const struct node *values)
{
    bool paired = (python_is(values, KIND_expression_list) || python_is(values, KIND_tuple) ||
                   python_is(values, KIND_list)) &&
                  node_parts(values) == node_parts(targets);
    if (!paired)
        forget_names(python, targets);
    for (uint32_t i = 0; i < node_parts(targets) && i < 100 && paired; i++)
        learn_assignment(python, node_part(targets, i), node_part(values, i));
}

/* for name in ("mean", "std") */
static void learn_loop(struct python *python, const struct node *target, const struct node *values)
{
    bool listed = python_is(target, KIND_identifier) && node_parts(values) <= TEXTS_MAX &&
                  (python_is(values, KIND_list) || python_is(values, KIND_tuple));
    if (!listed)
        forget_names(python, target);
    for (uint32_t i = 0; i < node_parts(values) && listed; i++)
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
    return strncmp(value, "pandas.", 7) == 0 && strpbrk(value, "([") &&
           !json_is_false(json_object_get(python->tables, key));
}

static void learn_assignment(struct python *python, const struct node *target,
                             const struct node *value)
{
    AUTO(buffer) struct buffer text = {0}, name = {0};
    if (python_is(target, KIND_pattern_list) || python_is(target, KIND_tuple_pattern))
        learn_each(python, target, value);
    if (!python_is(target, KIND_identifier))
        return;
    AUTO(text) char *key = python_text(python, target);
    if (python_fold(python, value, 0, &text)) {
        know_text(python, key, text.data ? text.data : "");
        json_object_set_new(python->tables, key, json_false());
        return;
    }
    forget_text(python, key);
    double amount = python_amount(python, value, 0);
    if (!isnan(amount)) {
        if (!json_object_get(python->numbers, key))
            json_object_set_new(python->numbers, key, json_real(isinf(amount) ? 1e308 : amount));
        return;
    }
    python_resolve(python, value, 0, &name);
    json_object_set_new(python->tables, key, json_boolean(is_table(python, key, name.data)));
    bool known = name.data[0] != '?' &&
                 (strncmp(name.data, "builtins.", 9) != 0 || !strpbrk(name.data + 9, ".[("));
    if (known && (!strpbrk(name.data, "([") || is_value(name.data)))
        know(python->modules, key, name.data);
}

/* What a function is called with is not seen. */
static void learn_parameters(struct python *python, const struct node *list)
{
    NODE_EACH(item, list)
    {
        bool typed = python_is(item, KIND_typed_parameter);
        const struct node *name = typed ? node_first(item) : python_child(item, PYTHON_name);
        forget_names(python, name ? name : item);
    }
}

void python_learn(struct python *python, const struct node *node)
{
    if (python_is(node, KIND_import_statement)) {
        names_of_import(python, node, NULL, learn_plain);
    } else if (python_is(node, KIND_import_from_statement)) {
        AUTO(text) char *module = python_text(python, python_child(node, PYTHON_module_name));
        names_of_import(python, node, module, learn_from);
    } else if (python_is(node, KIND_assignment)) {
        learn_assignment(python, python_child(node, PYTHON_left), python_child(node, PYTHON_right));
    } else if (python_is(node, KIND_named_expression)) {
        learn_assignment(python, python_child(node, PYTHON_name), python_child(node, PYTHON_value));
    } else if (python_is(node, KIND_for_statement) || python_is(node, KIND_for_in_clause)) {
        learn_loop(python, python_child(node, PYTHON_left), python_child(node, PYTHON_right));
    } else if (python_is(node, KIND_augmented_assignment)) {
        forget_names(python, python_child(node, PYTHON_left));
    } else if (python_is(node, KIND_parameters) || python_is(node, KIND_lambda_parameters)) {
        learn_parameters(python, node);
    } else if (python_is(node, KIND_as_pattern_target)) {
        forget_names(python, node);
    }
}

static void tell(struct python *python, enum fact_kind kind, const char *name,
                 const struct node *node)
{
    judge_fact(python->judge, kind, name, node->start, node->end);
}

static void tell_plain(struct python *python, const char *module, const struct node *item)
{
    (void)module;
    bool aliased = python_is(item, KIND_aliased_import);
    AUTO(text) char *name = python_text(python, aliased ? python_child(item, PYTHON_name) : item);
    tell(python, FACT_IMPORT, name, item);
}

static void tell_from(struct python *python, const char *module, const struct node *item)
{
    bool aliased = python_is(item, KIND_aliased_import);
    AUTO(text) char *name = python_text(python, aliased ? python_child(item, PYTHON_name) : item);
    AUTO(buffer) struct buffer full = {0};
    buffer_printf(&full, "%s.%s", module, name);
    tell(python, FACT_NAME, full.data, item);
    tell(python, FACT_ATTRIBUTE, name, item);
}

void python_tell_import(struct python *python, const struct node *node)
{
    if (python_is(node, KIND_import_statement)) {
        names_of_import(python, node, NULL, tell_plain);
        return;
    }
    AUTO(text) char *module = python_text(python, python_child(node, PYTHON_module_name));
    AUTO(buffer) struct buffer all = {0};
    tell(python, FACT_IMPORT, module, python_child(node, PYTHON_module_name));
    names_of_import(python, node, module, tell_from);
    const struct node *last = node_part(node, node_parts(node) - 1);
    buffer_printf(&all, "import.star.%s", module);
    if (python_is(last, KIND_wildcard_import))
        tell(python, FACT_CLAUSE, all.data, node);
}
