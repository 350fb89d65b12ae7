#include "policy/python_flow.h"

#include <stdlib.h>
#include <string.h>

#include "policy/python_learn.h"

#define FLOW_DEPTH_MAX 8
#define FLOW_PARTS_MAX 500

/* Parts are kept under names that no name can be: "[]x", and the keys of a dictionary "{}x". */
static void key_of(const char *sign, const char *name, struct buffer *ret_key)
{
    buffer_add_text(ret_key, sign);
    buffer_add_text(ret_key, name);
}

static const json_t *kept(const struct python *python, const char *sign, const struct node *node)
{
    AUTO(buffer) struct buffer key = {0};
    AUTO(text) char *name = python_text(python, node);
    if (!python_is(node, KIND_identifier))
        return NULL;
    key_of(sign, name, &key);
    const json_t *texts = json_object_get(python->texts, key.data);
    return json_is_array(texts) ? texts : NULL;
}

const json_t *python_parts(const struct python *python, const struct node *node)
{
    return kept(python, "[]", node);
}

static bool add(json_t *texts, const json_t *more)
{
    return more && json_array_extend(texts, (json_t *)more) == 0;
}

static bool collect(const struct python *python, const struct node *node, int depth, json_t *texts);

static bool collect_all(const struct python *python, const struct node *node, int depth,
                        json_t *texts)
{
    if (node_parts(node) > FLOW_PARTS_MAX)
        return false;
    NODE_EACH(part, node)
    {
        if (!collect(python, part, depth, texts))
            return false;
    }
    return true;
}

/* a if b else c */
static bool collect_either(const struct python *python, const struct node *node, int depth,
                           json_t *texts)
{
    return collect(python, node_part(node, 0), depth, texts) &&
           collect(python, node_part(node, 2), depth, texts);
}

/* A function as a value is no text. */
static bool is_function(const struct python *python, const struct node *node)
{
    static const char *const plain[] = {"sum", "len",   "min", "max",  "abs",  "round", "str",
                                        "int", "float", "set", "list", "bool", "sorted"};
    AUTO(buffer) struct buffer name = {0};
    AUTO(text) char *text = python_text(python, node);
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (strcmp(text, plain[i]) == 0)
            return true;
    python_resolve(python, node, 0, &name);
    return json_object_get(python->functions, text) ||
           (strncmp(name.data, "builtins.", 9) != 0 && !strpbrk(name.data, "?(["));
}

static bool collect_name(const struct python *python, const struct node *node, int depth,
                         json_t *texts)
{
    (void)depth;
    AUTO(text) char *name = python_text(python, node);
    const json_t *keys = kept(python, "{}", node), *values = kept(python, "[]", node);
    if (python_texts(python, node))
        return add(texts, python_texts(python, node));
    if (keys || values)
        return (!keys || add(texts, keys)) && add(texts, values);
    return !json_object_get(python->texts, name) && is_function(python, node);
}

static bool collect_attribute(const struct python *python, const struct node *node, int depth,
                              json_t *texts)
{
    (void)depth, (void)texts;
    return is_function(python, node);
}

static bool collect_part(const struct python *python, const struct node *node, int depth,
                         json_t *texts)
{
    (void)depth;
    return add(texts, python_parts(python, python_child(node, PYTHON_value)));
}

static bool is_one_of(struct bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, bytes_of(names[i])))
            return true;
    return false;
}

/* sorted(x), x.items(), x.get(y) */
static bool collect_call(const struct python *python, const struct node *node, int depth,
                         json_t *texts)
{
    static const char *const same[] = {"sorted",   "list",      "tuple", "set",
                                       "reversed", "enumerate", "zip",   "iter"};
    const struct node *function = python_child(node, PYTHON_function);
    const struct node *arguments = python_child(node, PYTHON_arguments);
    const struct node *object = python_child(function, PYTHON_object);
    struct bytes name = python_bytes(python, python_child(function, PYTHON_attribute));
    if (python_is(function, KIND_identifier))
        return is_one_of(python_bytes(python, function), same, COUNT_OF(same)) &&
               collect(python, node_part(arguments, 0), depth, texts) &&
               (!bytes_equal(python_bytes(python, function), bytes_of("zip")) ||
                collect_all(python, arguments, depth, texts));
    if (bytes_equal(name, bytes_of("keys")))
        return add(texts, kept(python, "{}", object));
    if (bytes_equal(name, bytes_of("values")))
        return add(texts, kept(python, "[]", object));
    if (bytes_equal(name, bytes_of("items")))
        return add(texts, kept(python, "{}", object)) && add(texts, kept(python, "[]", object));
    return bytes_equal(name, bytes_of("get")) && add(texts, kept(python, "[]", object)) &&
           collect_all(python, arguments, depth, texts);
}

static bool collect_nothing(const struct python *python, const struct node *node, int depth,
                            json_t *texts)
{
    (void)python, (void)node, (void)depth, (void)texts;
    return true;
}

static bool collect(const struct python *python, const struct node *node, int depth, json_t *texts)
{
    static bool (*const collects[PYTHON_KIND_COUNT])(
        const struct python *python, const struct node *node, int depth, json_t *texts) = {
        [KIND_identifier] = collect_name,
        [KIND_attribute] = collect_attribute,
        [KIND_subscript] = collect_part,
        [KIND_call] = collect_call,
        [KIND_list] = collect_all,
        [KIND_tuple] = collect_all,
        [KIND_set] = collect_all,
        [KIND_expression_list] = collect_all,
        [KIND_parenthesized_expression] = collect_all,
        [KIND_dictionary] = collect_all,
        [KIND_pair] = collect_all,
        [KIND_boolean_operator] = collect_all,
        [KIND_conditional_expression] = collect_either,
        [KIND_integer] = collect_nothing,
        [KIND_float] = collect_nothing,
        [KIND_true] = collect_nothing,
        [KIND_false] = collect_nothing,
        [KIND_none] = collect_nothing,
        [KIND_lambda] = collect_nothing,
        [KIND_unary_operator] = collect_nothing,
        [KIND_comment] = collect_nothing,
    };
    AUTO(buffer) struct buffer text = {0};
    bool choice = python_is(node, KIND_identifier) || python_is(node, KIND_subscript);
    if (!choice && python_fold(python, node, 0, &text))
        return json_array_append_new(texts, json_string(text.data ? text.data : "")) == 0;
    __auto_type of = collects[python_kind(node)];
    return of && depth < FLOW_DEPTH_MAX && json_array_size(texts) < FLOW_PARTS_MAX &&
           of(python, node, depth + 1, texts);
}

bool python_collect(const struct python *python, const struct node *node, json_t *texts)
{
    return collect(python, node, 0, texts);
}

void python_learn_texts(struct python *python, const char *key, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach (texts, i, text) {
        python_know_text(python, key, json_string_value(text));
    }
    if (!json_object_get(python->texts, key)) /* known to be none */
        json_object_set_new(python->texts, key, json_array());
}

/* What a name is given, kept under a sign. */
static void learn_kept(struct python *python, const char *sign, const char *name,
                       const json_t *texts)
{
    AUTO(buffer) struct buffer key = {0};
    key_of(sign, name, &key);
    if (texts)
        python_learn_texts(python, key.data, texts);
    else
        python_forget_text(python, key.data);
}

static void learn_dictionary(struct python *python, const char *key, const struct node *value)
{
    AUTO(json) json_t *keys = json_array();
    AUTO(json) json_t *values = json_array();
    bool keys_known = true, values_known = true;
    NODE_EACH(pair, value)
    {
        bool is_pair = python_is(pair, KIND_pair);
        if (python_is(pair, KIND_comment))
            continue;
        keys_known = keys_known && is_pair && collect(python, node_part(pair, 0), 0, keys);
        values_known = values_known && is_pair && collect(python, node_part(pair, 1), 0, values);
    }
    learn_kept(python, "{}", key, keys_known ? keys : NULL);
    learn_kept(python, "[]", key, values_known ? values : NULL);
}

void python_learn_parts(struct python *python, const char *key, const struct node *value)
{
    AUTO(json) json_t *texts = json_array();
    if (python_is(value, KIND_dictionary)) {
        learn_dictionary(python, key, value);
        return;
    }
    bool listed =
        python_is(value, KIND_list) || python_is(value, KIND_tuple) || python_is(value, KIND_set);
    learn_kept(python, "[]", key, listed && collect(python, value, 0, texts) ? texts : NULL);
    learn_kept(python, "{}", key, NULL);
}

void python_learn_part(struct python *python, const struct node *target, const struct node *value)
{
    AUTO(json) json_t *texts = json_array();
    const struct node *object = python_child(target, PYTHON_value);
    AUTO(text) char *name = python_text(python, object);
    if (!python_is(object, KIND_identifier))
        return;
    learn_kept(python, "[]", name, collect(python, value, 0, texts) ? texts : NULL);
    learn_kept(python, "{}", name, NULL);
}

void python_learn_added(struct python *python, const struct node *object,
                        const struct node *arguments)
{
    AUTO(json) json_t *texts = json_array();
    AUTO(text) char *name = python_text(python, object);
    learn_kept(python, "[]", name, collect_all(python, arguments, 0, texts) ? texts : NULL);
    learn_kept(python, "{}", name, NULL);
}

bool python_learn_choices(struct python *python, const char *key, const struct node *value)
{
    AUTO(json) json_t *texts = json_array();
    bool several = python_is(value, KIND_conditional_expression) ||
                   python_is(value, KIND_boolean_operator) || python_is(value, KIND_subscript) ||
                   python_is(value, KIND_call) ||
                   (python_is(value, KIND_identifier) && python_texts(python, value));
    if (!several || !collect(python, value, 0, texts) || json_array_size(texts) == 0)
        return false;
    python_learn_texts(python, key, texts);
    return true;
}

static void learn_targets(struct python *python, const struct node *target, const json_t *texts)
{
    if (python_is(target, KIND_identifier)) {
        AUTO(text) char *key = python_text(python, target);
        python_learn_texts(python, key, texts);
        learn_kept(python, "[]", key, texts); /* it may be a list of them */
        json_object_set_new(python->tables, key, json_false());
        return;
    }
    NODE_EACH(part, target)
    learn_targets(python, part, texts);
}

/* for key, value in x.items() */
static bool learn_items(struct python *python, const struct node *target, const struct node *call)
{
    const struct node *function = python_child(call, PYTHON_function);
    const struct node *object = python_child(function, PYTHON_object);
    struct bytes name = python_bytes(python, python_child(function, PYTHON_attribute));
    const json_t *keys = kept(python, "{}", object), *values = kept(python, "[]", object);
    if (!python_is(call, KIND_call) || !bytes_equal(name, bytes_of("items")) || !keys || !values ||
        node_parts(target) != 2)
        return false;
    AUTO(json) json_t *own = json_copy((json_t *)values);
    learn_targets(python, node_part(target, 0), keys);
    learn_targets(python, node_part(target, 1), own);
    return true;
}

bool python_learn_each_of(struct python *python, const struct node *target,
                          const struct node *values)
{
    AUTO(json) json_t *texts = json_array();
    if (learn_items(python, target, values))
        return true;
    if (!collect(python, values, 0, texts) || json_array_size(texts) == 0)
        return false;
    learn_targets(python, target, texts);
    return true;
}

json_t *python_keys(const struct python *python, const struct node *node)
{
    json_t *keys = json_array();
    const json_t *known = kept(python, "{}", node);
    if (known)
        json_array_extend(keys, (json_t *)known);
    NODE_EACH(pair, python_is(node, KIND_dictionary) ? node : NULL)
    if (python_is(pair, KIND_pair))
        collect(python, node_part(pair, 0), 0, keys);
    return keys;
}
