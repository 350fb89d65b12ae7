#include "policy/python_calls.h"

#include <stdlib.h>
#include <string.h>

#include "policy/python_flow.h"
#include "policy/python_learn.h"

#define PARAMETERS_MAX 100

static const struct node *name_of_parameter(const struct node *parameter)
{
    const struct node *name = python_child(parameter, PYTHON_name);
    if (name)
        return name;
    return python_is(parameter, KIND_typed_parameter) ? node_part(parameter, 0) : parameter;
}

static void open_function(struct python *python, const struct node *function)
{
    AUTO(text) char *name = python_text(python, python_child(function, PYTHON_name));
    const json_t *known = json_object_get(python->functions, name);
    if (!python_is(function, KIND_function_definition) || json_is_null(known))
        return;
    python->changes++;
    json_object_set_new(python->functions, name, json_null());
}

void python_learn_open(struct python *python, const struct node *node)
{
    bool class = python_is(node, KIND_class_definition);
    NODE_EACH(part, class ? python_child(node, PYTHON_body) : node)
    open_function(python, part);
}

static json_t *new_function(const struct python *python, const struct node *function)
{
    json_t *names = json_array();
    const struct node *list = python_child(function, PYTHON_parameters);
    uint32_t count = node_parts(list);
    for (uint32_t i = 0; i < count && i < PARAMETERS_MAX; i++) {
        AUTO(text)
        char *name = python_text(python, name_of_parameter(node_part(list, i)));
        json_array_append_new(names, json_string(name));
    }
    return json_pack("{s:I, s:o}", "at", (json_int_t)function->start, "names", names);
}

/* What a parameter is when a call says nothing. */
static void learn_defaults(struct python *python, const struct node *list)
{
    NODE_EACH(item, list)
    {
        const struct node *value = python_child(item, PYTHON_value);
        AUTO(json) json_t *texts = json_array();
        AUTO(text) char *name = python_text(python, name_of_parameter(item));
        if (!value)
            continue;
        if (python_collect(python, value, texts))
            python_learn_texts(python, name, texts);
        else
            python_forget_text(python, name);
    }
}

bool python_learn_function(struct python *python, const struct node *function)
{
    AUTO(text) char *name = python_text(python, python_child(function, PYTHON_name));
    const struct node *list = python_child(function, PYTHON_parameters);
    const json_t *known = json_object_get(python->functions, name);
    bool other =
        json_is_object(known) && json_integer_of(known, "at", -1) != (int64_t)function->start;
    bool open = !python_is(function, KIND_function_definition) || json_is_null(known) || other ||
                strncmp(name, "__", 2) == 0 || json_object_get(python->texts, name) ||
                json_object_get(python->modules, name) || node_parts(list) > PARAMETERS_MAX;
    if (open) {
        open_function(python, function);
        return false;
    }
    python->changes += !known; /* it may have been called before */
    if (!known)
        json_object_set_new(python->functions, name, new_function(python, function));
    learn_defaults(python, list);
    return true;
}

static void forget_all(struct python *python, const json_t *names)
{
    size_t i;
    json_t *name;
    json_array_foreach (names, i, name) {
        python_forget_text(python, json_string_value(name));
    }
}

static void learn_argument(struct python *python, const json_t *names, const struct node *item,
                           size_t place)
{
    AUTO(json) json_t *texts = json_array();
    AUTO(text) char *key = python_text(python, python_child(item, PYTHON_name));
    bool named = python_is(item, KIND_keyword_argument);
    const struct node *value = named ? python_child(item, PYTHON_value) : item;
    const char *name = named ? key : json_string_value(json_array_get(names, place));
    if (!name || python_is(item, KIND_list_splat) || python_is(item, KIND_dictionary_splat))
        forget_all(python, names);
    else if (python_collect(python, value, texts))
        python_learn_texts(python, name, texts);
    else
        python_forget_text(python, name);
}

/* x.append(y): what a list holds then is known when y is. */
static void learn_added(struct python *python, const struct node *call)
{
    static const char *const adds[] = {"append", "extend",     "insert",     "update",
                                       "add",    "setdefault", "appendleft", "extendleft"};
    const struct node *function = python_child(call, PYTHON_function);
    const struct node *object = python_child(function, PYTHON_object);
    struct bytes method = python_bytes(python, python_child(function, PYTHON_attribute));
    for (size_t i = 0; i < COUNT_OF(adds) && python_is(object, KIND_identifier); i++)
        if (bytes_equal(method, bytes_of(adds[i])))
            python_learn_added(python, object, python_child(call, PYTHON_arguments));
}

void python_learn_call(struct python *python, const struct node *call)
{
    const struct node *function = python_child(call, PYTHON_function);
    const struct node *arguments = python_child(call, PYTHON_arguments);
    size_t place = 0;
    if (python_is(function, KIND_attribute))
        learn_added(python, call);
    if (!python_is(function, KIND_identifier))
        return;
    AUTO(text) char *name = python_text(python, function);
    const json_t *known = json_object_get(python->functions, name);
    if (!json_is_object(known))
        return;
    NODE_EACH(item, arguments)
    {
        if (!python_is(item, KIND_comment))
            learn_argument(python, json_object_get(known, "names"), item, place++);
    }
}

void python_learn_mention(struct python *python, const struct node *identifier)
{
    const struct node *above = node_above(identifier);
    const json_t *known = python_known(python->functions, python_bytes(python, identifier));
    bool called = python_is(above, KIND_call) && python_child(above, PYTHON_function) == identifier;
    bool made = python_is(above, KIND_function_definition) &&
                python_child(above, PYTHON_name) == identifier;
    if (called || made || !json_is_object(known))
        return;
    AUTO(text) char *name = python_text(python, identifier);
    forget_all(python, json_object_get(known, "names"));
    python->changes++;
    json_object_set_new(python->functions, name, json_null());
}
