#include "policy/sql_amount.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/doubling.h"
#include "policy/sql_number.h"

#define ROWS_HUGE 1e7    /* of one generate_series() */
#define PRODUCT_HUGE 1e8 /* rows of several together */
#define CHARACTERS_HUGE 1e7
#define TABLES_APART 3 /* joined by nothing, each row of one with each row of the others */
#define DEPTH_MAX 8
#define NUMBER_ENDLESS 1e300
#define NUMBER_FAR 1e9 /* for what counts one by one */

/* A pattern that is matched, and may never end. */
static bool is_doubling(const json_t *pattern)
{
    const json_t *text = json_object_get(json_object_get(pattern, "A_Const"), "sval");
    const char *pattern_text = json_text_of(text, "sval");
    return pattern_text && expression_doubles(pattern_text);
}

const char *sql_amount_expression(const json_t *expression)
{
    if (sql_number_of(expression) >= NUMBER_ENDLESS)
        return "amount.huge";
    bool matches = strchr(sql_sign(expression), '~') != NULL;
    return matches && is_doubling(json_object_get(expression, "rexpr")) ? "match.doubles" : NULL;
}

static double rows_of_query(const json_t *query, const json_t *names);

/* How many rows all WITH queries make of nothing, each by those before: most have few. */
static void learn_queries(const json_t *node, json_t *names)
{
    const char *key, *name = json_text_of(node, "ctename");
    json_t *value;
    size_t i;
    if (name) {
        const json_t *query = json_object_get(node, "ctequery");
        double rows = rows_of_query(json_object_get(query, "SelectStmt"), names);
        json_object_set_new(names, name, json_real(rows < NUMBER_ENDLESS ? rows : NUMBER_ENDLESS));
    }
    json_object_foreach ((json_t *)node, key, value)
        learn_queries(value, names);
    json_array_foreach (node, i, value) {
        learn_queries(value, names);
    }
}

static double rows_of_series(const json_t *call)
{
    const json_t *args = json_object_get(call, "args");
    double first = sql_number(json_array_get(args, 0)), last = sql_number(json_array_get(args, 1));
    double step = json_array_size(args) > 2 ? sql_number(json_array_get(args, 2)) : 1;
    return fabs((last - first) / step);
}

/* Of a text that is repeated, and that again, the product. */
static double size_of_call(const json_t *call, size_t argument, int depth)
{
    const json_t *args = json_object_get(call, "args");
    const json_t *inner = json_object_get(json_array_get(args, 0), "FuncCall");
    double size = sql_number(json_array_get(args, argument));
    bool again = strcmp(sql_call_name(inner), "repeat") == 0 && argument == 1 && depth < DEPTH_MAX;
    return again ? size * size_of_call(inner, 1, depth + 1) : size;
}

/* format('%1000000000s', x), printf('%*c', 1000000000, x) */
static bool is_wide(const json_t *call)
{
    size_t i;
    json_t *argument;
    const json_t *args = json_object_get(call, "args");
    const json_t *first = json_object_get(json_array_get(args, 0), "A_Const");
    const char *at = json_text_of(json_object_get(first, "sval"), "sval");
    bool asks = false;
    for (at = at ? strchr(at, '%') : NULL; at; at = strchr(at, '%')) {
        at += 1 + strspn(at + 1, "-+ #0.");
        asks |= at[strspn(at, "0123456789.$")] == '*';
        if (strtod(at, NULL) >= CHARACTERS_HUGE)
            return true;
    }
    json_array_foreach (args, i, argument) {
        if (asks && sql_number(argument) >= CHARACTERS_HUGE)
            return true;
    }
    return false;
}

void sql_amount_add(const json_t *call, struct sql_made *made)
{
    const char *name = sql_call_name(call);
    double rows = strcmp(name, "generate_series") == 0 ? rows_of_series(call) : 1;
    double length = strcmp(name, "repeat") == 0
                        ? sql_number(json_array_get(json_object_get(call, "args"), 1))
                        : 1;
    if (rows > 1)
        made->rows *= rows;
    if (length > made->longest)
        made->longest = length;
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
    if (strncmp(name, "regexp_", 7) == 0 &&
        is_doubling(json_array_get(json_object_get(call, "args"), 1)))
        return "match.doubles";
    if (strcmp(name, "generate_series") == 0)
        return rows_of_series(call) >= ROWS_HUGE ? "amount.huge" : NULL;
    if ((strcmp(name, "format") == 0 || strcmp(name, "printf") == 0) && is_wide(call))
        return "amount.huge";
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

static bool holds(const json_t *node, const char *wanted)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach ((json_t *)node, key, value)
        if (strcmp(key, wanted) == 0 || holds(value, wanted))
            return true;
    json_array_foreach (node, i, value) {
        if (holds(value, wanted))
            return true;
    }
    return false;
}

/* Whether a condition looks at anything: "on true" and "1 = 1" do not. */
static bool has_column(const json_t *condition)
{
    return holds(condition, "ColumnRef");
}

/* What is known of a WITH query of that name, NULL when it is a table. */
static void spread_table(const json_t *query, struct spread *spread)
{
    double rows = json_real_value(query);
    if (!query)
        spread->apart++;
    if (rows > 1)
        spread->rows *= rows, spread->series++;
}

/* Gives all the rows that it reads. */
static bool is_whole(const json_t *select)
{
    static const char *const limits[] = {"whereClause", "groupClause", "havingClause", "limitCount",
                                         "distinctClause"};
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        if (json_object_get(select, limits[i]))
            return false;
    return !holds(json_object_get(select, "targetList"), "FuncCall");
}

static void spread_item(const json_t *item, const json_t *names, int depth, struct spread *spread);

static void spread_inner(const json_t *inner, const json_t *names, int depth, struct spread *spread)
{
    size_t i;
    json_t *item;
    const json_t *select = json_object_get(json_object_get(inner, "subquery"), "SelectStmt");
    if (is_whole(select))
        json_array_foreach (json_object_get(select, "fromClause"), i, item) {
            spread_item(item, names, depth, spread);
        }
}

static void spread_item(const json_t *item, const json_t *names, int depth, struct spread *spread)
{
    const json_t *table = json_object_get(item, "RangeVar"),
                 *inner = json_object_get(item, "RangeSubselect"),
                 *join = json_object_get(item, "JoinExpr"),
                 *function = json_object_get(item, "RangeFunction");
    const char *name = json_text_of(table, "relname");
    if (function)
        spread_function(function, spread);
    if (name)
        spread_table(json_object_get(names, name), spread);
    if (inner && depth <= DEPTH_MAX)
        spread_inner(inner, names, depth + 1, spread);
    if (!join || depth > 100)
        return;
    bool limited = has_column(json_object_get(join, "quals")) ||
                   json_object_get(join, "usingClause") || json_flag(join, "isNatural");
    struct spread left = {0, spread->rows, spread->series}, right = {0, 1, 0};
    spread_item(json_object_get(join, "larg"), names, depth + 1, &left);
    spread_item(json_object_get(join, "rarg"), names, depth + 1, &right);
    size_t both = left.apart + right.apart;
    spread->apart += limited && both > 1 ? 1 : both;
    spread->rows = limited ? left.rows : left.rows * right.rows;
    spread->series = left.series + right.series;
}

static bool is_limited(const json_t *select)
{
    const json_t *limit = json_object_get(select, "limitCount");
    return limit && !(sql_number(limit) >= PRODUCT_HUGE);
}

/* Whether a number is so large that nothing gets there. */
static bool holds_huge(const json_t *node)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach ((json_t *)node, key, value)
        if ((strcmp(key, "A_Const") == 0 && sql_number_constant(value) >= NUMBER_FAR) ||
            holds_huge(value))
            return true;
    json_array_foreach (node, i, value) {
        if (holds_huge(value))
            return true;
    }
    return false;
}

/* select i + 1 … where i > 0: what only grows stays above. */
static bool outgrows(const json_t *targets, const json_t *condition)
{
    size_t i;
    json_t *target;
    const json_t *compared = json_object_get(condition, "A_Expr");
    bool above = sql_sign(compared)[0] == '>' &&
                 json_object_get(json_object_get(compared, "rexpr"), "A_Const");
    bool grows = false;
    json_array_foreach (targets, i, target) {
        const json_t *value = json_object_get(json_object_get(target, "ResTarget"), "val");
        char sign = sql_sign(json_object_get(value, "A_Expr"))[0];
        if (sign != '+' && sign != '*')
            return false;
        grows = true;
    }
    return above && grows;
}

static bool stops(const json_t *select)
{
    const json_t *condition = json_object_get(select, "whereClause");
    return has_column(condition) && !holds_huge(condition) &&
           !outgrows(json_object_get(select, "targetList"), condition);
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
           !stops(again) && !is_limited(again) && !is_limited(query);
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

/* Of both sides of a union, and of what is read whole; one of all else. */
static double rows_of_query(const json_t *query, const json_t *names)
{
    const json_t *left = json_object_get(query, "larg"), *right = json_object_get(query, "rarg");
    size_t values = json_array_size(json_object_get(query, "valuesLists"));
    if (left && right)
        return rows_of_query(left, names) + rows_of_query(right, names);
    if (values)
        return (double)values;
    return is_whole(query) ? spread_of(json_object_get(query, "fromClause"), names).rows : 1;
}

static bool is_spread(const json_t *from, const json_t *names)
{
    struct spread spread = spread_of(from, names);
    return spread.apart >= TABLES_APART || (spread.series > 1 && spread.rows >= PRODUCT_HUGE);
}

json_t *sql_amount_queries(const json_t *statement)
{
    json_t *names = json_object();
    learn_queries(statement, names);
    return names;
}

const char *sql_amount_select(const json_t *select, const json_t *names)
{
    size_t i;
    json_t *item;
    const json_t *with = json_object_get(select, "withClause");
    if (json_flag(with, "recursive") && !is_limited(select))
        json_array_foreach (json_object_get(with, "ctes"), i, item) {
            if (is_endless(item))
                return "rows.endless";
        }
    if (has_column(json_object_get(select, "whereClause")))
        return NULL;
    return is_spread(json_object_get(select, "fromClause"), names) ? "join.unlimited" : NULL;
}
