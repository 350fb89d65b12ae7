#include "policy/python_rows.h"

#include <math.h>
#include <string.h>

#include "policy/python_amount.h"

#define ROWS_DEPTH_MAX 8
#define ARGUMENTS_MAX 16

static double rows_of_literal(const struct python *python, const struct node *node, int depth)
{
    (void)python, (void)depth;
    return node_parts(node);
}

static double rows_of_text(const struct python *python, const struct node *node, int depth)
{
    (void)depth;
    return (double)python_bytes(python, node).len;
}

static double rows_of_name(const struct python *python, const struct node *node, int depth)
{
    AUTO(buffer) struct buffer key = {0}, text = {0};
    struct bytes name = python_bytes(python, node);
    if (python_fold(python, node, depth, &text))
        return (double)text.len;
    buffer_add_text(&key, "#");
    buffer_add(&key, name.data, name.len);
    const json_t *known = json_object_get(python->numbers, key.data);
    return known ? json_real_value(known) : NAN;
}

static double rows_of_inner(const struct python *python, const struct node *node, int depth)
{
    return python_rows(python, node_part(node, 0), depth);
}

static double rows_of_clauses(const struct python *python, const struct node *node, int depth)
{
    double product = 1;
    NODE_EACH(part, node)
    if (python_is(part, KIND_for_in_clause))
        product *= python_rows(python, python_child(part, PYTHON_right), depth);
    return product;
}

/* The argument called `name`, NULL when there is none. */
static const struct node *named(const struct python *python, const struct node *arguments,
                                const char *name)
{
    NODE_EACH(item, arguments)
    if (python_is(item, KIND_keyword_argument) &&
        bytes_equal(python_bytes(python, python_child(item, PYTHON_name)), bytes_of(name)))
        return python_child(item, PYTHON_value);
    return NULL;
}

static double rows_of_range(const struct python *python, const struct node *list, int depth)
{
    double first = python_amount(python, node_part(list, 0), depth);
    if (node_parts(list) < 2)
        return first;
    double step = node_parts(list) > 2 ? python_amount(python, node_part(list, 2), depth) : 1;
    return ceil((python_amount(python, node_part(list, 1), depth) - first) / step);
}

static double rows_of_product(const struct python *python, const struct node *list, int depth)
{
    double product = 1;
    uint32_t place = 0;
    const struct node *repeat = named(python, list, "repeat");
    NODE_EACH(item, list)
    {
        if (!python_is(item, KIND_keyword_argument))
            product *= python_rows(python, item, depth);
        if (python_is(item, KIND_list_splat) || place++ == ARGUMENTS_MAX)
            return NAN;
    }
    return repeat ? pow(product, python_amount(python, repeat, depth)) : product;
}

/* n above k, of which order makes k! */
static double choices(double n, double k, bool ordered)
{
    double log = lgamma(n + 1) - lgamma(n - k + 1) - (ordered ? 0 : lgamma(k + 1));
    return k > n ? 0 : exp(log);
}

static double rows_of_permutations(const struct python *python, const struct node *list, int depth)
{
    double n = python_rows(python, node_part(list, 0), depth);
    const struct node *length = named(python, list, "r") ?: node_part(list, 1);
    return choices(n, length ? python_amount(python, length, depth) : n, true);
}

static double rows_of_combinations(const struct python *python, const struct node *list, int depth)
{
    const struct node *length = named(python, list, "r") ?: node_part(list, 1);
    return choices(python_rows(python, node_part(list, 0), depth),
                   python_amount(python, length, depth), false);
}

static double rows_of_first(const struct python *python, const struct node *list, int depth)
{
    bool clauses = python_is(list, KIND_generator_expression);
    return python_rows(python, clauses ? list : node_part(list, 0), depth);
}

static double rows_of_call(const struct python *python, const struct node *node, int depth)
{
    static const struct {
        const char *name;
        double (*rows)(const struct python *python, const struct node *list, int depth);
    } makers[] = {
        {"builtins.range", rows_of_range},
        {"numpy.arange", rows_of_range},
        {"itertools.product", rows_of_product},
        {"itertools.permutations", rows_of_permutations},
        {"itertools.combinations", rows_of_combinations},
        {"builtins.list", rows_of_first},
        {"builtins.tuple", rows_of_first},
        {"builtins.sorted", rows_of_first},
        {"builtins.enumerate", rows_of_first},
        {"builtins.reversed", rows_of_first},
        {"builtins.iter", rows_of_first},
        {"tqdm.tqdm", rows_of_first},
    };
    AUTO(buffer) struct buffer name = {0};
    const struct node *function = python_child(node, PYTHON_function);
    const struct node *object = python_child(function, PYTHON_object);
    if (object && !python_is(object, KIND_identifier))
        return NAN; /* x.y.z(): all that count are a name, or one of a module */
    python_resolve(python, function, 0, &name);
    for (size_t i = 0; i < COUNT_OF(makers); i++)
        if (strcmp(name.data, makers[i].name) == 0)
            return makers[i].rows(python, python_child(node, PYTHON_arguments), depth);
    return NAN;
}

double python_rows(const struct python *python, const struct node *node, int depth)
{
    static double (*const all[PYTHON_KIND_COUNT])(const struct python *python,
                                                  const struct node *node, int depth) = {
        [KIND_list] = rows_of_literal,
        [KIND_tuple] = rows_of_literal,
        [KIND_set] = rows_of_literal,
        [KIND_string] = rows_of_text,
        [KIND_identifier] = rows_of_name,
        [KIND_call] = rows_of_call,
        [KIND_parenthesized_expression] = rows_of_inner,
        [KIND_generator_expression] = rows_of_clauses,
        [KIND_list_comprehension] = rows_of_clauses,
        [KIND_set_comprehension] = rows_of_clauses,
        [KIND_dictionary_comprehension] = rows_of_clauses,
    };
    __auto_type rows = all[python_kind(node)];
    return rows && depth < ROWS_DEPTH_MAX ? rows(python, node, depth + 1) : NAN;
}

static bool clauses(const struct node *node)
{
    return python_is(node, KIND_list_comprehension) || python_is(node, KIND_set_comprehension) ||
           python_is(node, KIND_generator_expression) ||
           python_is(node, KIND_dictionary_comprehension);
}

double python_rounds(const struct python *python, const struct node *loop)
{
    double product = 1;
    int depth = 0;
    for (const struct node *at = loop; at && depth++ < 4 * ROWS_DEPTH_MAX; at = node_above(at)) {
        if (python_is(at, KIND_function_definition) || python_is(at, KIND_class_definition))
            break;
        double rows = python_is(at, KIND_for_statement)
                          ? python_rows(python, python_child(at, PYTHON_right), 0)
                      : at != loop && clauses(at) ? python_rows(python, at, 0)
                                                  : 1;
        product *= at != loop && isnan(rows) ? 1 : rows;
    }
    return product;
}
