/* The tables of routes and of error codes as JSON, for whoever describes or tests the interface. */
#pragma once

#include <stdio.h>

/* {"routes": [{method, path, access, early?, roles, scope?, body, body_limit?, query?}],
 * "errors": [{code, status}]} */
void route_list_print(FILE *out);
