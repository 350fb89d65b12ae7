#include "policy/sql_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sql_time.h"

#define DEPTH_MAX 8
#define NOW 2e9 /* in seconds; any will do that is near */

static double amount(const json_t *node, int depth);

const char *sql_sign(const json_t *expression)
{
    const json_t *names = json_object_get(expression, "name");
    const char *sign = json_text_of(json_object_get(json_array_get(names, 0), "String"), "sval");
    return sign ? sign : "";
}

static double amount_operator(const json_t *node, int depth)
{
    const char *sign = sql_sign(node);
    double left = amount(json_object_get(node, "lexpr"), depth);
    double right = amount(json_object_get(node, "rexpr"), depth);
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

double sql_number_constant(const json_t *constant)
{
    const json_t *whole = json_object_get(constant, "ival");
    const char *digits = json_text_of(json_object_get(constant, "fval"), "fval");
    if (whole)
        return (double)json_integer_of(whole, "ival", 0);
    return digits ? strtod(digits, NULL) : NAN;
}

const char *sql_call_name(const json_t *call)
{
    const json_t *names = json_object_get(call, "funcname");
    const json_t *last = json_array_get(names, json_array_size(names) - 1);
    const char *name = json_text_of(json_object_get(last, "String"), "sval");
    return name ? name : "";
}

static bool is_now(const json_t *call)
{
    return strcmp(sql_call_name(call), "now") == 0;
}

static double amount(const json_t *node, int depth)
{
    const json_t *constant = json_object_get(node, "A_Const"),
                 *cast = json_object_get(node, "TypeCast"),
                 *operator= json_object_get(node, "A_Expr"),
                 *array = json_object_get(node, "A_ArrayExpr");
    if (depth >= DEPTH_MAX)
        return NAN;
    if (json_object_get(node, "SQLValueFunction") || is_now(json_object_get(node, "FuncCall")))
        return NOW;
    const char *text = json_text_of(json_object_get(constant, "sval"), "sval");
    if (constant)
        return text ? sql_time_seconds(text) : sql_number_constant(constant);
    if (cast)
        return amount(json_object_get(cast, "arg"), depth + 1);
    if (operator)
        return amount_operator(operator, depth + 1);
    return array ? amount_list(json_object_get(array, "elements"), depth + 1) : NAN;
}

double sql_number(const json_t *node)
{
    return amount(node, 0);
}

double sql_number_of(const json_t *expression)
{
    return amount_operator(expression, 0);
}
