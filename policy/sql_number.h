/* Numbers that SQL says in its text, in PostgreSQL's tree. */
#pragma once

#include "common/base/json.h"

/* What a node gives: of a list the product, as sizes are written; of a date its seconds. Not a
 * number when it is not known. */
double sql_number(const json_t *node);
double sql_number_of(const json_t *expression);     /* an A_Expr */
double sql_number_constant(const json_t *constant); /* an A_Const */
const char *sql_sign(const json_t *expression);     /* of an A_Expr; "" when there is none */
const char *sql_call_name(const json_t *call);      /* of a FuncCall, the last of its parts */
