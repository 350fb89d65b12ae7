/* What takes memory or time without bounds, as far as it can be seen before it runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/doubling.h"
#include "policy/python_amount.h"
#include "policy/python_growth.h"
#include "policy/python_plain.h"
#include "policy/python_rows.h"

#define NUMBER_LARGE 1e6
#define NUMBER_HUGE 1e8
#define NUMBER_ENDLESS 1e300 /* more digits than anybody reckons with */
#define THREADS_LARGE 1000
#define AMOUNT_DEPTH_MAX 8
#define DIGITS_MAX 40

static double amount_literal(const struct python *python, const struct node *node, int depth)
{
    (void)depth;
    char digits[DIGITS_MAX + 1];
    struct bytes bytes = python_bytes(python, node);
    const char *text = bytes.data;
    size_t len = 0;
    for (size_t i = 0; i < bytes.len && len < DIGITS_MAX; i++)
        if (text[i] != '_')
            digits[len++] = text[i];
    digits[len] = '\0';
    return bytes.len > DIGITS_MAX ? NUMBER_HUGE : strtod(digits, NULL);
}

static double amount_operator(const struct python *python, const struct node *node, int depth)
{
    const char *sign = python_sign(node);
    double left = python_amount(python, python_child(node, PYTHON_left), depth);
    double right = python_amount(python, python_child(node, PYTHON_right), depth);
    if (strcmp(sign, "**") == 0)
        return isnan(left) || isnan(right) ? NAN : pow(left, right);
    if (strcmp(sign, "<<") == 0)
        return left * exp2(right);
    if (strcmp(sign, "*") == 0)
        return left * right;
    if (strcmp(sign, "+") == 0)
        return left + right;
    if (strcmp(sign, "-") == 0)
        return left - right;
    return strcmp(sign, "//") == 0 || strcmp(sign, "/") == 0 ? left / right : NAN;
}

static double amount_of_all(const struct python *python, const struct node *node, int depth)
{
    double product = 1;
    uint32_t place = 0;
    NODE_EACH(part, node)
    if (place++ < AMOUNT_DEPTH_MAX)
        product *= python_amount(python, part, depth);
    return place ? product : NAN;
}

static double amount_name(const struct python *python, const struct node *node, int depth)
{
    (void)depth;
    const json_t *known = python_known(python->numbers, python_bytes(python, node));
    return known ? json_real_value(known) : NAN;
}

double python_amount(const struct python *python, const struct node *node, int depth)
{
    static double (*const amounts[PYTHON_KIND_COUNT])(const struct python *python,
                                                      const struct node *node, int depth) = {
        [KIND_integer] = amount_literal,
        [KIND_float] = amount_literal,
        [KIND_binary_operator] = amount_operator,
        [KIND_identifier] = amount_name,
        [KIND_tuple] = amount_of_all,
        [KIND_list] = amount_of_all,
        [KIND_parenthesized_expression] = amount_of_all,
    };
    __auto_type amount = amounts[python_kind(node)];
    return amount && depth < AMOUNT_DEPTH_MAX ? amount(python, node, depth + 1) : NAN;
}

const char *python_amount_word(double amount)
{
    return amount >= NUMBER_HUGE ? "number.huge" : amount >= NUMBER_LARGE ? "number.large" : NULL;
}

static void tell(struct python *python, const char *clause, const struct node *node)
{
    judge_fact(python->judge, FACT_CLAUSE, clause, node->start, node->end);
}

static bool is_repeated(const struct node *node)
{
    return python_is(node, KIND_string) || python_is(node, KIND_list) ||
           python_is(node, KIND_tuple) || python_is(node, KIND_concatenated_string);
}

/* 9 ** 9 ** 9, "x" * 10 ** 12 */
static void tell_operator(struct python *python, const struct node *node)
{
    const struct node *left = python_child(node, PYTHON_left);
    const struct node *right = python_child(node, PYTHON_right);
    const char *sign = python_sign(node);
    bool repeats = strcmp(sign, "*") == 0 && (is_repeated(left) || is_repeated(right));
    bool grows = strcmp(sign, "**") == 0 || strcmp(sign, "<<") == 0;
    bool many =
        repeats && python_amount(python, is_repeated(left) ? right : left, 0) >= NUMBER_HUGE;
    if (many || (grows && python_amount(python, node, 0) >= NUMBER_ENDLESS))
        tell(python, "amount.huge", node);
}

static bool is_always(const struct python *python, const struct node *node)
{
    if (python_is(node, KIND_parenthesized_expression))
        return is_always(python, node_part(node, 0));
    if (python_is(node, KIND_integer))
        return python_amount(python, node, 0) != 0;
    if (python_is(node, KIND_not_operator)) {
        struct bytes text = python_bytes(python, node_part(node, 0));
        return bytes_equal(text, bytes_of("False")) || bytes_equal(text, bytes_of("None")) ||
               bytes_equal(text, bytes_of("0"));
    }
    return python_is(node, KIND_true) ||
           (python_is(node, KIND_string) && python_bytes(python, node).len > 2);
}

static bool is_exit(const struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer name = {0};
    static const char *const exits[] = {"builtins.exit", "builtins.quit", "sys.exit", "os._exit"};
    python_resolve(python, python_child(node, PYTHON_function), 0, &name);
    for (size_t i = 0; i < COUNT_OF(exits); i++)
        if (strcmp(name.data, exits[i]) == 0)
            return true;
    return false;
}

/* Whether something below leaves the loop; what is in a loop or function of its own does not. */
static bool leaves(const struct python *python, const struct node *node, bool own_loop)
{
    enum python_kind kind = python_kind(node);
    if (kind == KIND_function_definition || kind == KIND_lambda || kind == KIND_class_definition)
        return false;
    if (kind == KIND_return_statement || kind == KIND_raise_statement || kind == KIND_yield ||
        (kind == KIND_break_statement && own_loop) || (kind == KIND_call && is_exit(python, node)))
        return true;
    bool inner = kind == KIND_while_statement || kind == KIND_for_statement;
    NODE_EACH(part, node)
    if (leaves(python, part, own_loop && !inner))
        return true;
    return false;
}

/* f.readline, lambda: f.read(9), partial(f.read, 9): what may give something else each time. */
static bool asks_anew(const struct python *python, const struct node *asked)
{
    const struct node *call =
        python_is(asked, KIND_lambda) ? python_child(asked, PYTHON_body) : asked;
    const struct node *function = python_child(call, PYTHON_function);
    AUTO(buffer) struct buffer name = {0};
    if (python_is(asked, KIND_attribute))
        return true;
    if (python_is(asked, KIND_lambda))
        return python_is(call, KIND_call) && python_is(function, KIND_attribute);
    python_resolve(python, asked, 0, &name);
    return strcmp(name.data, "functools.partial()") == 0 &&
           python_is(node_part(python_child(call, PYTHON_arguments), 0), KIND_attribute);
}

static bool is_endless(const struct python *python, const struct node *node);

/* map(f, x) and the like end when x does. */
static bool hands_on(const struct python *python, const struct node *call, const char *name)
{
    static const struct {
        const char *name;
        uint32_t place;
    } wrappers[] = {{"builtins.map()", 1},          {"builtins.filter()", 1},
                    {"builtins.enumerate()", 0},    {"itertools.accumulate()", 0},
                    {"itertools.starmap()", 1},     {"itertools.chain()", 0},
                    {"itertools.filterfalse()", 1}, {"itertools.dropwhile()", 1}};
    for (size_t i = 0; i < COUNT_OF(wrappers); i++)
        if (strcmp(name, wrappers[i].name) == 0)
            return is_endless(python,
                              node_part(python_child(call, PYTHON_arguments), wrappers[i].place));
    return false;
}

/* itertools.count() and the like never end. */
static bool is_endless(const struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer name = {0};
    if (!python_is(node, KIND_call))
        return false;
    python_resolve(python, node, 0, &name);
    uint32_t arguments = node_parts(python_child(node, PYTHON_arguments));
    return strcmp(name.data, "itertools.count()") == 0 ||
           strcmp(name.data, "itertools.cycle()") == 0 || hands_on(python, node, name.data) ||
           (strcmp(name.data, "itertools.repeat()") == 0 && arguments == 1) ||
           (strcmp(name.data, "builtins.iter()") == 0 && arguments == 2 &&
            !asks_anew(python, node_part(python_child(node, PYTHON_arguments), 0)));
}

static void tell_while(struct python *python, const struct node *node)
{
    if ((is_always(python, python_child(node, PYTHON_condition)) ||
         python_only_grows(python, node)) &&
        !leaves(python, python_child(node, PYTHON_body), true))
        tell(python, "loop.endless", node);
}

static void tell_for(struct python *python, const struct node *node)
{
    bool endless =
        is_endless(python, python_child(node, PYTHON_right)) || python_feeds_itself(python, node);
    bool many = python_rounds(python, node) >= NUMBER_HUGE || python_doubles(python, node);
    if ((endless || many) && !leaves(python, python_child(node, PYTHON_body), true))
        tell(python, endless ? "loop.endless" : "amount.huge", node);
}

static void tell_comprehension(struct python *python, const struct node *node)
{
    NODE_EACH(part, node)
    if (python_is(part, KIND_for_in_clause) && is_endless(python, python_child(part, PYTHON_right)))
        tell(python, "loop.endless", node);
    if (python_rows(python, node, 0) >= NUMBER_HUGE)
        tell(python, "amount.huge", node);
}

/* Something that is done only sometimes, or a call of `name`. */
static void look_for_call(const struct python *python, const struct node *node, struct bytes name,
                          bool *ret_calls, bool *ret_decides)
{
    static const bool decides[PYTHON_KIND_COUNT] = {
        [KIND_if_statement] = true,
        [KIND_conditional_expression] = true,
        [KIND_try_statement] = true,
        [KIND_match_statement] = true,
        [KIND_boolean_operator] = true,
        [KIND_lambda] = true,
        [KIND_for_statement] = true,
        [KIND_while_statement] = true,
        [KIND_for_in_clause] = true,
        [KIND_function_definition] = true,
        [KIND_raise_statement] = true,
        [KIND_yield] = true,
        [KIND_await] = true,
        [KIND_generator_expression] = true,
    };
    *ret_decides = *ret_decides || decides[python_kind(node)];
    if (*ret_decides)
        return;
    if (python_is(node, KIND_call) &&
        bytes_equal(python_bytes(python, python_child(node, PYTHON_function)), name))
        *ret_calls = true;
    NODE_EACH(part, node)
    look_for_call(python, part, name, ret_calls, ret_decides);
}

static void tell_function(struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer clause = {0};
    bool calls = false, decides = false;
    struct bytes name = python_bytes(python, python_child(node, PYTHON_name));
    buffer_add_text(&clause, "define.");
    buffer_add(&clause, name.data, name.len);
    if (!python_ends_plainly(python, node))
        judge_fact(python->judge, FACT_CLAUSE, clause.data, node->start, node->start + 3);
    look_for_call(python, python_child(node, PYTHON_body), name, &calls, &decides);
    if (calls && !decides)
        tell(python, "loop.endless", node);
}

/* Threads, each of which takes memory of its own. */
static bool starts_many(const struct python *python, const struct node *node, const char *name)
{
    bool thread = strcmp(name, "threading.Thread") == 0 || strcmp(name, "threading.Timer") == 0;
    return thread && python_rounds(python, node) >= THREADS_LARGE;
}

static bool searches_doubling(const struct python *python, const struct node *node,
                              const char *name)
{
    AUTO(buffer) struct buffer pattern = {0};
    const struct node *first = node_part(python_child(node, PYTHON_arguments), 0);
    return (strncmp(name, "re.", 3) == 0 || strncmp(name, "regex.", 6) == 0) &&
           python_fold(python, first, 0, &pattern) && pattern.data &&
           expression_doubles(pattern.data);
}

static void tell_expression(struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer name = {0};
    python_resolve(python, python_child(node, PYTHON_function), 0, &name);
    if (searches_doubling(python, node, name.data))
        tell(python, "expression.doubles", node);
    if (starts_many(python, node, name.data))
        tell(python, "amount.huge", node);
}

/* sum(itertools.count()), list(itertools.product(range(1000), repeat=6)) */
static void tell_call(struct python *python, const struct node *node)
{
    static const char *const takes_all[] = {
        "list", "tuple",     "set",  "sum",       "max",     "min",  "sorted", "len",  "all",
        "any",  "frozenset", "dict", "DataFrame", "Counter", "join", "array",  "deque"};
    const struct node *function = python_child(node, PYTHON_function);
    const struct node *list = python_child(node, PYTHON_arguments);
    const struct node *last =
        python_is(function, KIND_attribute) ? python_child(function, PYTHON_attribute) : function;
    bool clauses = python_is(list, KIND_generator_expression);
    const struct node *taken = clauses ? list : node_part(list, 0);
    struct bytes name = python_bytes(python, last);
    for (size_t i = 0; i < COUNT_OF(takes_all); i++)
        if (name.len && takes_all[i][0] == *(const char *)name.data &&
            bytes_equal(name, bytes_of(takes_all[i]))) {
            if (is_endless(python, taken))
                tell(python, "loop.endless", node);
            else if (python_rows(python, taken, 0) >= NUMBER_HUGE)
                tell(python, "amount.huge", node);
        }
    tell_expression(python, node);
}

void python_tell_amount(struct python *python, const struct node *node)
{
    static void (*const tells[PYTHON_KIND_COUNT])(struct python * python,
                                                  const struct node *node) = {
        [KIND_binary_operator] = tell_operator,
        [KIND_while_statement] = tell_while,
        [KIND_for_statement] = tell_for,
        [KIND_list_comprehension] = tell_comprehension,
        [KIND_set_comprehension] = tell_comprehension,
        [KIND_dictionary_comprehension] = tell_comprehension,
        [KIND_function_definition] = tell_function,
        [KIND_call] = tell_call,
    };
    if (tells[python_kind(node)])
        tells[python_kind(node)](python, node);
}
