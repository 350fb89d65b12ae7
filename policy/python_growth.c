#include "policy/python_growth.h"

#include <math.h>
#include <string.h>

#include "policy/python_amount.h"
#include "policy/python_rows.h"

#define DOUBLINGS_MAX 27 /* of one byte: more than 100 MB */

struct growth {
    struct bytes name;
    bool number;   /* only sums make it more */
    bool positive; /* so that sums do, and never come to nothing */
    bool grows, other;
};

static bool is_name(const struct python *python, const struct node *node, struct bytes name)
{
    return python_is(node, KIND_identifier) && bytes_equal(python_bytes(python, node), name);
}

static bool is_one_of(struct bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, bytes_of(names[i])))
            return true;
    return false;
}

static bool adds(struct bytes method)
{
    static const char *const names[] = {"append",     "extend", "insert",    "add",
                                        "appendleft", "update", "extendleft"};
    return is_one_of(method, names, COUNT_OF(names));
}

static bool only_reads(struct bytes name)
{
    static const char *const names[] = {
        "len",   "print", "str",  "repr",   "sum",   "max",   "min",   "sorted", "list",  "set",
        "tuple", "range", "abs",  "round",  "count", "index", "copy",  "keys",   "items", "any",
        "all",   "int",   "type", "values", "float", "bool",  "split", "upper",  "lower", "format"};
    return is_one_of(name, names, COUNT_OF(names));
}

/* What makes a name more when it is added to it, or the name is made so many times as much. */
static bool is_more(const struct python *python, const struct growth *growth, const char *sign,
                    const struct node *value)
{
    bool sum = strcmp(sign, "+") == 0 || strcmp(sign, "+=") == 0;
    if (!sum && strcmp(sign, "*") != 0 && strcmp(sign, "*=") != 0)
        return false;
    bool literal = python_is(value, KIND_list) || python_is(value, KIND_string) ||
                   python_is(value, KIND_tuple) || python_is(value, KIND_list_comprehension);
    return (literal && !growth->number) || is_name(python, value, growth->name) ||
           ((growth->positive || !sum) &&
            (python_is(value, KIND_integer) || python_is(value, KIND_float)) &&
            python_amount(python, value, 0) >= 1);
}

/* x = x + 1, x = x * 2 */
static bool is_sum(const struct python *python, const struct growth *growth,
                   const struct node *value)
{
    const char *sign = python_sign(value);
    const struct node *left = python_child(value, PYTHON_left);
    const struct node *right = python_child(value, PYTHON_right);
    return python_is(value, KIND_binary_operator) &&
           ((is_name(python, left, growth->name) && is_more(python, growth, sign, right)) ||
            (is_name(python, right, growth->name) && is_more(python, growth, sign, left)));
}

static void given(const struct python *python, const struct node *node, struct growth *growth)
{
    const struct node *value = python_child(node, PYTHON_right);
    bool more = python_is(node, KIND_augmented_assignment)
                    ? is_more(python, growth, python_sign(node), value)
                    : is_sum(python, growth, value);
    growth->grows = growth->grows || more;
    growth->other = growth->other || !more;
}

/* x.append(…) makes more, x.pop() may make less. */
static void asked_of(const struct python *python, const struct node *attribute,
                     struct growth *growth)
{
    struct bytes method = python_bytes(python, python_child(attribute, PYTHON_attribute));
    bool more = adds(method) && python_is(node_above(attribute), KIND_call) && !growth->number;
    growth->grows = growth->grows || more;
    growth->other = growth->other || !(more || only_reads(method));
}

/* f(x): what only reads it, and what adds it to itself. */
static bool is_read_by(const struct python *python, const struct node *list)
{
    const struct node *function = python_child(node_above(list), PYTHON_function);
    const struct node *last =
        python_is(function, KIND_attribute) ? python_child(function, PYTHON_attribute) : function;
    struct bytes name = python_bytes(python, last);
    return only_reads(name) || (python_is(function, KIND_attribute) && adds(name));
}

/* x[0] in what gives a value, and not in what is given one. */
static bool is_part_read(const struct node *subscript, const struct node *node)
{
    const struct node *above = node_above(subscript);
    return python_is(subscript, KIND_subscript) && python_child(subscript, PYTHON_value) == node &&
           (python_is(above, KIND_binary_operator) || python_is(above, KIND_interpolation) ||
            python_is(above, KIND_comparison_operator) || python_is(node_above(above), KIND_call) ||
            (python_is(above, KIND_assignment) && python_child(above, PYTHON_right) == subscript));
}

static void mention(const struct python *python, const struct node *node, struct growth *growth)
{
    const struct node *above = node_above(node), *call = node_above(above);
    bool target = python_child(above, PYTHON_left) == node;
    bool argument = python_is(call, KIND_call) && python_child(call, PYTHON_arguments) == above;
    if (python_is(above, KIND_attribute) && python_child(above, PYTHON_object) == node)
        asked_of(python, above, growth);
    else if (target &&
             (python_is(above, KIND_assignment) || python_is(above, KIND_augmented_assignment)))
        given(python, above, growth);
    else if (argument)
        growth->other = growth->other || !is_read_by(python, above);
    else if (!(is_part_read(above, node) || python_is(above, KIND_binary_operator) ||
               python_is(above, KIND_interpolation) || python_is(above, KIND_comparison_operator) ||
               (python_is(above, KIND_for_statement) && !target) ||
               (python_is(above, KIND_augmented_assignment) && !target) ||
               (python_is(above, KIND_for_in_clause) && !target)))
        growth->other = true;
}

/* A function of the program may reach the name by itself. */
static bool is_of_program(const struct python *python, const struct node *call)
{
    const struct node *function = python_child(call, PYTHON_function);
    return python_is(function, KIND_identifier) &&
           python_known(python->functions, python_bytes(python, function)) != NULL;
}

static void look(const struct python *python, const struct node *node, struct growth *growth)
{
    if (python_is(node, KIND_call) && is_of_program(python, node))
        growth->other = true;
    if (is_name(python, node, growth->name))
        mention(python, node, growth);
    NODE_EACH(part, node)
    look(python, part, growth);
}

/* x, len(x), x > 0, len(x) >= 1: the name. */
static const struct node *asked(const struct python *python, const struct node *condition,
                                struct growth *growth)
{
    if (python_is(condition, KIND_parenthesized_expression))
        return asked(python, node_part(condition, 0), growth);
    if (python_is(condition, KIND_comparison_operator)) {
        const struct node *left = node_part(condition, 0), *right = node_part(condition, 1);
        AUTO(text) char *text = python_text(python, condition);
        if (node_parts(condition) != 2 || !python_is(right, KIND_integer) || !strchr(text, '>'))
            return NULL;
        growth->number = python_is(left, KIND_identifier);
        return asked(python, left, growth);
    }
    if (python_is(condition, KIND_call) &&
        bytes_equal(python_bytes(python, python_child(condition, PYTHON_function)),
                    bytes_of("len")))
        condition = node_part(python_child(condition, PYTHON_arguments), 0);
    return python_is(condition, KIND_identifier) ? condition : NULL;
}

bool python_only_grows(const struct python *python, const struct node *loop)
{
    struct growth growth = {0};
    const struct node *condition = python_child(loop, PYTHON_condition);
    const struct node *name = asked(python, condition, &growth);
    if (!name)
        return false;
    growth.name = python_bytes(python, name);
    const json_t *first = python_known(python->numbers, growth.name);
    growth.positive = growth.number || (first && json_real_value(first) > 0);
    look(python, python_child(loop, PYTHON_body), &growth);
    return growth.grows && !growth.other;
}

bool python_feeds_itself(const struct python *python, const struct node *loop)
{
    const struct node *list = python_child(loop, PYTHON_right);
    struct growth growth = {.name = python_bytes(python, list)};
    if (!python_is(list, KIND_identifier))
        return false;
    NODE_EACH(part, python_child(loop, PYTHON_body))
    if (python_is(part, KIND_expression_statement))
        look(python, part, &growth);
    bool always = growth.grows;
    look(python, python_child(loop, PYTHON_body), &growth);
    return always && !growth.other;
}

/* How often a name stands in an expression. */
static int mentions(const struct python *python, const struct node *node, struct bytes name)
{
    int count = is_name(python, node, name);
    NODE_EACH(part, node)
    count += mentions(python, part, name);
    return count;
}

/* [x, x], x + x, x * 2 */
static bool is_twice(const struct python *python, const struct node *value, struct bytes name)
{
    const char *sign = python_sign(value);
    const struct node *right = python_child(value, PYTHON_right);
    if (python_is(value, KIND_binary_operator) && strcmp(sign, "+") == 0)
        return is_name(python, python_child(value, PYTHON_left), name) &&
               is_name(python, right, name);
    if (python_is(value, KIND_binary_operator))
        return strcmp(sign, "*") == 0 && python_amount(python, right, 0) >= 2 &&
               is_name(python, python_child(value, PYTHON_left), name);
    const struct node *first = node_part(python_child(value, PYTHON_arguments), 0);
    bool several = python_is(first, KIND_list) || python_is(first, KIND_tuple);
    return python_is(value, KIND_call) && several && mentions(python, first, name) >= 2 &&
           mentions(python, first, name) == (int)node_parts(first);
}

/* Of a list or a text that is known as one: a number may be doubled as often as one likes. */
static bool doubles(const struct python *python, const struct node *node)
{
    const struct node *left = python_child(node, PYTHON_left);
    const struct node *right = python_child(node, PYTHON_right);
    struct bytes name = python_bytes(python, left);
    const char *sign = python_sign(node);
    bool named = python_is(left, KIND_identifier);
    bool several = named && !isnan(python_rows(python, left, 0));
    bool call = python_is(right, KIND_call);
    bool twice = python_is(node, KIND_assignment) && is_twice(python, right, name);
    bool added = strcmp(sign, "+=") == 0 && is_name(python, right, name);
    bool times = strcmp(sign, "*=") == 0 && python_amount(python, right, 0) >= 2;
    if ((several && (twice || added || times)) || (named && call && twice))
        return true;
    NODE_EACH(part, node)
    if (doubles(python, part))
        return true;
    return false;
}

bool python_doubles(const struct python *python, const struct node *loop)
{
    return python_rows(python, python_child(loop, PYTHON_right), 0) >= DOUBLINGS_MAX &&
           doubles(python, python_child(loop, PYTHON_body));
}
