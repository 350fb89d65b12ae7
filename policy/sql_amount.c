#include "policy/sql_amount.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_HUGE 1e7    /* of one generate_series() */
#define PRODUCT_HUGE 1e8 /* rows of several together */
#define CHARACTERS_HUGE 1e7
#define TABLES_APART 3 /* joined by nothing, each row of one with each row of the others */
#define DEPTH_MAX 8
#define NUMBER_ENDLESS 1e300

static double amount(const json_t *node, int depth);

static double amount_operator(const json_t *node, int depth)
{
    const json_t *names = json_object_get(node, "name");
    const char *sign = json_text_of(json_object_get(json_array_get(names, 0), "String"), "sval");
    double left = amount(json_object_get(node, "lexpr"), depth);
    double right = amount(json_object_get(node, "rexpr"), depth);
    if (!sign)
        return NAN;
    if (strcmp(sign, "*") == 0)
        return left * right;
    if (strcmp(sign, "+") == 0)
        return left + right;
    if (strcmp(sign, "-") == 0)
        return json_object_get(node, "lexpr") ? left - right : -right;
    return strcmp(sign, "^") == 0 && !isnan(left) && !isnan(right) ? pow(left, right) : NAN;
}

static double amount_list(const json_t *list, int depth)
{
    size_t i;
    json_t *item;
    double product = json_array_size(list) ? 1 : NAN;
    json_array_foreach (list, i, item) {
        product *= amount(item, depth);
    }
    return product;
}

static double amount_constant(const json_t *constant)
{
    const json_t *whole = json_object_get(constant, "ival");
    const char *digits = json_text_of(json_object_get(constant, "fval"), "fval");
    if (whole)
        return (double)json_integer_of(whole, "ival", 0);
    return digits ? strtod(digits, NULL) : NAN;
}

/* Of a list the product, as sizes are written. Not a number when it is not known. */
static double amount(const json_t *node, int depth)
{
    const json_t *constant = json_object_get(node, "A_Const"),
                 *cast = json_object_get(node, "TypeCast"),
                 *operator= json_object_get(node, "A_Expr"),
                 *array = json_object_get(node, "A_ArrayExpr");
    if (depth >= DEPTH_MAX)
        return NAN;
    if (constant)
        return amount_constant(constant);
    if (cast)
        return amount(json_object_get(cast, "arg"), depth + 1);
    if (operator)
        return amount_operator(operator, depth + 1);
    return array ? amount_list(json_object_get(array, "elements"), depth + 1) : NAN;
}

bool sql_amount_is_endless(const json_t *expression)
{
    return amount_operator(expression, 0) >= NUMBER_ENDLESS;
}

/* The names of all WITH queries: most have a row or few. */
static void learn_queries(const json_t *node, json_t *names)
{
    const char *key, *name = json_text_of(node, "ctename");
    json_t *value;
    size_t i;
    if (name)
        json_object_set_new(names, name, json_true());
    json_object_foreach ((json_t *)node, key, value)
        learn_queries(value, names);
    json_array_foreach (node, i, value) {
        learn_queries(value, names);
    }
}

static double rows_of_series(const json_t *call)
{
    const json_t *args = json_object_get(call, "args");
    double first = amount(json_array_get(args, 0), 0), last = amount(json_array_get(args, 1), 0);
    double step = json_array_size(args) > 2 ? amount(json_array_get(args, 2), 0) : 1;
    return fabs((last - first) / step);
}

/* Of a text that is repeated, and that again, the product. */
static double size_of_call(const json_t *call, size_t argument, int depth)
{
    const json_t *args = json_object_get(call, "args");
    const json_t *inner = json_object_get(json_array_get(args, 0), "FuncCall");
    const json_t *name = json_array_get(json_object_get(inner, "funcname"), 0);
    const char *text = json_text_of(json_object_get(name, "String"), "sval");
    double size = amount(json_array_get(args, argument), 0);
    bool again = text && strcmp(text, "repeat") == 0 && argument == 1 && depth < DEPTH_MAX;
    return again ? size * size_of_call(inner, 1, depth + 1) : size;
}

const char *sql_amount_function(const char *name, const json_t *call)
{
    static const struct {
        const char *name;
        size_t argument;
        double limit;
    } sizes[] = {
        {"repeat", 1, CHARACTERS_HUGE},
        {"lpad", 1, CHARACTERS_HUGE},
        {"rpad", 1, CHARACTERS_HUGE},
        {"array_fill", 1, ROWS_HUGE},
        {"factorial", 0, 1e4},
        {"randomblob", 0, CHARACTERS_HUGE},
        {"zeroblob", 0, CHARACTERS_HUGE},
        {"space", 0, CHARACTERS_HUGE},
    };
    if (strcmp(name, "generate_series") == 0)
        return rows_of_series(call) >= ROWS_HUGE ? "amount.huge" : NULL;
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        if (strcmp(sizes[i].name, name) == 0 &&
            size_of_call(call, sizes[i].argument, 0) >= sizes[i].limit)
            return "amount.huge";
    return NULL;
}

struct spread {
    size_t apart; /* tables that nothing joins */
    double rows;  /* that functions make, each with each */
    size_t series;
};

static void spread_function(const json_t *range, struct spread *spread)
{
    const json_t *list =
        json_object_get(json_array_get(json_object_get(range, "functions"), 0), "List");
    const json_t *call =
        json_object_get(json_array_get(json_object_get(list, "items"), 0), "FuncCall");
    double rows = rows_of_series(call);
    if (rows > 1)
        spread->rows *= rows, spread->series++;
}

static void spread_item(const json_t *item, const json_t *names, int depth, struct spread *spread)
{
    const json_t *table = json_object_get(item, "RangeVar"),
                 *join = json_object_get(item, "JoinExpr"),
                 *function = json_object_get(item, "RangeFunction");
    const char *name = json_text_of(table, "relname");
    if (function)
        spread_function(function, spread);
    if (name && !json_object_get(names, name))
        spread->apart++;
    if (!join || depth > 100)
        return;
    bool limited = json_object_get(join, "quals") || json_object_get(join, "usingClause") ||
                   json_flag(join, "isNatural");
    struct spread left = {0, spread->rows, spread->series}, right = {0, 1, 0};
    spread_item(json_object_get(join, "larg"), names, depth + 1, &left);
    spread_item(json_object_get(join, "rarg"), names, depth + 1, &right);
    size_t both = left.apart + right.apart;
    spread->apart += limited && both > 1 ? 1 : both;
    spread->rows = limited ? left.rows : left.rows * right.rows;
    spread->series = left.series + right.series;
}

/* A query that asks itself, and has no condition that would ever stop it. */
static bool is_endless(const json_t *item)
{
    const json_t *cte = json_object_get(item, "CommonTableExpr");
    const json_t *query = json_object_get(json_object_get(cte, "ctequery"), "SelectStmt");
    const json_t *again = json_object_get(query, "rarg");
    const json_t *from = json_object_get(again, "fromClause");
    const char *name = json_text_of(cte, "ctename");
    const char *table =
        json_text_of(json_object_get(json_array_get(from, 0), "RangeVar"), "relname");
    return name && table && strcmp(name, table) == 0 && json_array_size(from) == 1 &&
           !json_object_get(again, "whereClause") && !json_object_get(again, "limitCount") &&
           !json_object_get(query, "limitCount");
}

static struct spread spread_of(const json_t *from, const json_t *names)
{
    size_t i;
    json_t *item;
    struct spread spread = {0, 1, 0};
    json_array_foreach (from, i, item) {
        spread_item(item, names, 0, &spread);
    }
    return spread;
}

static bool is_spread(const json_t *from, const json_t *statement)
{
    AUTO(json) json_t *names = json_object();
    struct spread spread = spread_of(from, names);
    if (spread.apart >= TABLES_APART) {
        learn_queries(statement, names);
        spread = spread_of(from, names);
    }
    return spread.apart >= TABLES_APART || (spread.series > 1 && spread.rows >= PRODUCT_HUGE);
}

const char *sql_amount_select(const json_t *select, const json_t *statement)
{
    size_t i;
    json_t *item;
    const json_t *with = json_object_get(select, "withClause");
    if (json_flag(with, "recursive") && !json_object_get(select, "limitCount"))
        json_array_foreach (json_object_get(with, "ctes"), i, item) {
            if (is_endless(item))
                return "rows.endless";
        }
    if (json_object_get(select, "whereClause"))
        return NULL;
    return is_spread(json_object_get(select, "fromClause"), statement) ? "join.unlimited" : NULL;
}
