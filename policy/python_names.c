#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/python_flow.h"

#define NAME_MAX_BYTES 512

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

const json_t *python_texts(const struct python *python, const struct node *node)
{
    const json_t *texts = NULL;
    if (python_is(node, KIND_subscript))
        texts = python_parts(python, python_child(node, PYTHON_value));
    else if (python_is(node, KIND_identifier))
        texts = python_known(python->texts, python_bytes(python, node));
    return json_array_size(texts) ? texts : NULL; /* null has none */
}

bool python_holds_module(const struct python *python, const struct node *attribute)
{
    AUTO(buffer) struct buffer key = {0};
    struct bytes name = python_bytes(python, python_child(attribute, PYTHON_attribute));
    buffer_add_text(&key, ".");
    buffer_add(&key, name.data, name.len);
    return json_object_get(python->modules, key.data) != NULL;
}

void python_open(struct python *python)
{
    python->modules = json_object();
    python->texts = json_object();
    python->numbers = json_object();
    python->functions = json_object();
    python->tables = json_object();
    python->databases.made = json_object();
    python->databases.asked = json_object();
    python->databases.replaced = json_object();
}

void python_close(const struct python *python)
{
    json_decref(python->modules);
    json_decref(python->texts);
    json_decref(python->numbers);
    json_decref(python->functions);
    json_decref(python->tables);
    json_decref(python->written);
    json_decref(python->assigned);
    json_decref(python->databases.made);
    json_decref(python->databases.asked);
    json_decref(python->databases.replaced);
}
