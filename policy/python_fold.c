#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/python_escape.h"
#include "policy/python_internal.h"

#define PARTS_MAX 1000 /* of one literal */
#define LIST_MAX 500

static bool add_known(const struct python *python, const struct node *node, int depth,
                      struct buffer *out)
{
    size_t begin = out->len;
    if (python_fold(python, node, depth, out))
        return true;
    if (out->data)
        out->data[out->len = begin] = '\0';
    buffer_add_text(out, "?");
    return false;
}

/* All pieces of a literal; what is put in between and can not be seen is a question mark. */
static bool fold_string(const struct python *python, const struct node *node, int depth,
                        struct buffer *out)
{
    bool raw = false;
    uint32_t place = 0;
    NODE_EACH(part, node)
    {
        if (place++ == PARTS_MAX)
            break;
        struct bytes bytes = python_bytes(python, part);
        if (python_is(part, KIND_string_start))
            raw = memchr(bytes.data, 'r', bytes.len) || memchr(bytes.data, 'R', bytes.len);
        else if (python_is(part, KIND_string_content))
            python_add_content(out, bytes, raw);
        else if (python_is(part, KIND_interpolation))
            add_known(python, node_part(part, 0), depth, out);
        if (out->len > PYTHON_TEXT_MAX)
            return false;
    }
    return true;
}

static bool fold_all(const struct python *python, const struct node *list, int depth,
                     struct buffer *out)
{
    uint32_t place = 0;
    NODE_EACH(part, list)
    if (place++ >= LIST_MAX || out->len > PYTHON_TEXT_MAX || !python_fold(python, part, depth, out))
        return false;
    return true;
}

static bool fold_percent(const struct python *python, const struct node *node, int depth,
                         struct buffer *out);

/* One more part of the path that begins there; one from the root takes the place of all. */
static bool add_step(const struct python *python, const struct node *part, int depth, size_t begin,
                     struct buffer *out)
{
    AUTO(buffer) struct buffer step = {0};
    bool seen = add_known(python, part, depth, &step);
    if (step.len && step.data[0] == '/')
        out->data[out->len = begin] = '\0';
    else if (out->len > begin && out->data[out->len - 1] != '/')
        buffer_add_text(out, "/");
    buffer_add_text(out, step.data ? step.data : "");
    return seen;
}

/* Path("a") / "b": nothing else of texts is divided. */
static bool fold_division(const struct python *python, const struct node *node, int depth,
                          struct buffer *out)
{
    size_t begin = out->len;
    if (!python_fold(python, python_child(node, PYTHON_left), depth, out))
        return false;
    add_step(python, python_child(node, PYTHON_right), depth, begin, out);
    return true;
}

/* One side that can be seen is enough: "https://" + host. */
static bool fold_sum(const struct python *python, const struct node *node, int depth,
                     struct buffer *out)
{
    const char *sign = python_sign(node);
    if (strcmp(sign, "%") == 0)
        return fold_percent(python, node, depth, out);
    if (strcmp(sign, "/") == 0)
        return fold_division(python, node, depth, out);
    if (strcmp(sign, "+") != 0)
        return false;
    bool left = add_known(python, python_child(node, PYTHON_left), depth, out);
    bool right = add_known(python, python_child(node, PYTHON_right), depth, out);
    return left || right;
}

static bool fold_name(const struct python *python, const struct node *node, int depth,
                      struct buffer *out)
{
    (void)depth;
    const char *text = json_string_value(json_array_get(python_texts(python, node), 0));
    if (text)
        buffer_add_text(out, text);
    return text != NULL;
}

static void reverse(struct buffer *text)
{
    for (size_t i = 0; i < text->len / 2; i++) {
        char kept = text->data[i];
        text->data[i] = text->data[text->len - 1 - i];
        text->data[text->len - 1 - i] = kept;
    }
}

/* text[::-1] */
static bool fold_slice(const struct python *python, const struct node *node, int depth,
                       struct buffer *out)
{
    struct bytes slice = python_bytes(python, python_child(node, PYTHON_subscript));
    AUTO(buffer) struct buffer text = {0};
    if (slice.len != 4 || memcmp(slice.data, "::-1", 4) != 0 ||
        !python_fold(python, python_child(node, PYTHON_value), depth, &text))
        return false;
    reverse(&text);
    buffer_add(out, text.data ? text.data : "", text.len);
    return true;
}

static bool fold_join(const struct python *python, const struct node *object,
                      const struct node *first, int depth, struct buffer *out)
{
    AUTO(buffer) struct buffer between = {0};
    if (!python_fold(python, object, depth, &between))
        return false;
    if (python_is(first, KIND_call)) /* reversed(…) and the like */
        return false;
    uint32_t place = 0;
    NODE_EACH(part, first)
    {
        if (place)
            buffer_add(out, between.data ? between.data : "", between.len);
        if (place++ >= LIST_MAX || !python_fold(python, part, depth, out))
            return false;
    }
    return place > 0;
}

static bool fold_replace(const struct python *python, const struct node *object,
                         const struct node *arguments, int depth, struct buffer *out)
{
    AUTO(buffer) struct buffer text = {0}, from = {0}, to = {0};
    if (!python_fold(python, object, depth, &text) ||
        !python_fold(python, node_part(arguments, 0), depth, &from) ||
        !python_fold(python, node_part(arguments, 1), depth, &to) || !from.len || !text.len)
        return false;
    const char *at = text.data, *next;
    for (; (next = strstr(at, from.data)) && out->len < PYTHON_TEXT_MAX; at = next + from.len) {
        buffer_add(out, at, (size_t)(next - at));
        buffer_add(out, to.data ? to.data : "", to.len);
    }
    buffer_add_text(out, at);
    return true;
}

/* "{}://{}".format(a, b): each pair of braces is the next value. */
static bool fold_format(const struct python *python, const struct node *object,
                        const struct node *arguments, int depth, struct buffer *out)
{
    AUTO(buffer) struct buffer text = {0};
    uint32_t next = 0;
    if (!python_fold(python, object, depth, &text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char *end = text.data[i] == '{' ? strchr(text.data + i, '}') : NULL;
        bool numbered = end && isdigit((unsigned char)text.data[i + 1]);
        if (out->len > PYTHON_TEXT_MAX)
            return false;
        if (!end) {
            buffer_add(out, text.data + i, 1);
            continue;
        }
        uint32_t place = numbered ? (uint32_t)(text.data[i + 1] - '0') : next++;
        add_known(python, node_part(arguments, place), depth, out);
        i = (size_t)(end - text.data);
    }
    return true;
}

/* "%s%s" % (a, b) */
static bool fold_percent(const struct python *python, const struct node *node, int depth,
                         struct buffer *out)
{
    AUTO(buffer) struct buffer text = {0};
    const struct node *values = python_child(node, PYTHON_right);
    uint32_t next = 0;
    if (!python_fold(python, python_child(node, PYTHON_left), depth, &text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool value = text.data[i] == '%' && i + 1 < text.len && text.data[i + 1] == 's';
        if (out->len > PYTHON_TEXT_MAX)
            return false;
        if (!value)
            buffer_add(out, text.data + i, 1);
        else
            add_known(python, python_is(values, KIND_tuple) ? node_part(values, next++) : values,
                      depth, out);
        i += value;
    }
    return true;
}

static bool fold_case(const struct python *python, const struct node *object, int (*change)(int),
                      int depth, struct buffer *out)
{
    size_t begin = out->len;
    if (!python_fold(python, object, depth, out))
        return false;
    for (size_t i = begin; i < out->len; i++)
        out->data[i] = (char)change((unsigned char)out->data[i]);
    return true;
}

static int same(int c)
{
    return c;
}

/* os.path.join("/", x), Path("/", x): as far as it can be seen where it begins. */
static bool fold_path(const struct python *python, const struct node *arguments, int depth,
                      struct buffer *out)
{
    uint32_t place = 0;
    size_t begin = out->len;
    buffer_add_text(out, "");
    NODE_EACH(part, arguments)
    {
        if (place == LIST_MAX || (!add_step(python, part, depth, begin, out) && place == 0))
            return false;
        place++;
    }
    return place > 0;
}

/* os.sep */
static bool fold_constant(const struct python *python, const struct node *node, int depth,
                          struct buffer *out)
{
    static const struct {
        const char *name, *text;
    } constants[] = {{"os.sep", "/"},     {"os.path.sep", "/"},     {"os.pardir", ".."},
                     {"os.curdir", "."},  {"os.path.pardir", ".."}, {"os.extsep", "."},
                     {"os.linesep", "\n"}};
    AUTO(buffer) struct buffer name = {0};
    struct bytes last = python_bytes(python, python_child(node, PYTHON_attribute));
    if (last.len < 3 || last.len > 7)
        return false;
    python_resolve(python, node, depth, &name);
    for (size_t i = 0; i < COUNT_OF(constants); i++)
        if (strcmp(name.data, constants[i].name) == 0) {
            buffer_add_text(out, constants[i].text);
            return true;
        }
    return false;
}

static bool names(const struct python *python, const struct node *node, const char *wanted)
{
    AUTO(buffer) struct buffer name = {0};
    python_resolve(python, node, 0, &name);
    return strcmp(name.data, wanted) == 0;
}

static bool fold_method(const struct python *python, const struct node *function,
                        const struct node *arguments, int depth, struct buffer *out)
{
    static const struct {
        const char *name;
        int (*change)(int);
    } cases[] = {{"lower", tolower}, {"upper", toupper}, {"strip", same},
                 {"decode", same},   {"encode", same},   {"casefold", tolower}};
    struct bytes name = python_bytes(python, python_child(function, PYTHON_attribute));
    const struct node *object = python_child(function, PYTHON_object);
    if (bytes_equal(name, bytes_of("join")) && names(python, object, "os.path"))
        return fold_path(python, arguments, depth, out);
    if (bytes_equal(name, bytes_of("join")))
        return fold_join(python, object, node_part(arguments, 0), depth, out);
    if (bytes_equal(name, bytes_of("format")))
        return fold_format(python, object, arguments, depth, out);
    if (bytes_equal(name, bytes_of("replace")))
        return fold_replace(python, object, arguments, depth, out);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (bytes_equal(name, bytes_of(cases[i].name)))
            return fold_case(python, object, cases[i].change, depth, out);
    return false;
}

static bool fold_chr(const struct python *python, const struct node *argument, struct buffer *out)
{
    if (!python_is(argument, KIND_integer))
        return false;
    AUTO(text) char *digits = python_text(python, argument);
    python_add_character(out, strtoul(digits, NULL, 0));
    return true;
}

static bool is_path(const struct python *python, const struct node *function)
{
    static const char *const makers[] = {"pathlib.Path", "pathlib.PurePath"};
    const json_t *known = python_known(python->modules, python_bytes(python, function));
    struct bytes last = python_bytes(python, python_child(function, PYTHON_attribute));
    for (size_t i = 0; i < COUNT_OF(makers); i++)
        if (known
                ? strcmp(json_string_value(known), makers[i]) == 0
                : bytes_equal(last, bytes_of(makers[i] + 8)) && names(python, function, makers[i]))
            return true;
    return false;
}

/* sqlalchemy.text("select 1") */
static bool is_sql_text(const struct python *python, const struct node *function)
{
    return names(python, function, "sqlalchemy.text") ||
           names(python, function, "sqlalchemy.sql.text");
}

static bool fold_call(const struct python *python, const struct node *node, int depth,
                      struct buffer *out)
{
    const struct node *function = python_child(node, PYTHON_function);
    const struct node *arguments = python_child(node, PYTHON_arguments);
    struct bytes name = python_bytes(python, function);
    const struct node *last =
        python_is(function, KIND_attribute) ? python_child(function, PYTHON_attribute) : function;
    if (bytes_equal(python_bytes(python, last), bytes_of("text")) && is_sql_text(python, function))
        return python_fold(python, node_part(arguments, 0), depth, out);
    if (is_path(python, function))
        return fold_path(python, arguments, depth, out);
    if (python_is(function, KIND_attribute))
        return fold_method(python, function, arguments, depth, out);
    if (bytes_equal(name, bytes_of("chr")))
        return fold_chr(python, node_part(arguments, 0), out);
    return bytes_equal(name, bytes_of("str")) &&
           python_fold(python, node_part(arguments, 0), depth, out);
}

static bool fold_inner(const struct python *python, const struct node *node, int depth,
                       struct buffer *out)
{
    return python_fold(python, node_part(node, 0), depth, out);
}

bool python_fold(const struct python *python, const struct node *node, int depth,
                 struct buffer *ret_text)
{
    static bool (*const folds[PYTHON_KIND_COUNT])(
        const struct python *python, const struct node *node, int depth, struct buffer *out) = {
        [KIND_string] = fold_string,       [KIND_concatenated_string] = fold_all,
        [KIND_binary_operator] = fold_sum, [KIND_identifier] = fold_name,
        [KIND_subscript] = fold_slice,     [KIND_call] = fold_call,
        [KIND_attribute] = fold_constant,  [KIND_parenthesized_expression] = fold_inner,
    };
    __auto_type fold = folds[python_kind(node)];
    return fold && depth < PYTHON_DEPTH_MAX && ret_text->len <= PYTHON_TEXT_MAX &&
           fold(python, node, depth + 1, ret_text);
}
