/* Judging code: of each submission and revision before it enters, and again of what waits or is
 * approved when the rules have changed. */
#pragma once

#include "api/api.h"

struct judging;

/* Reads the newest rules, and starts the thread that judges again. */
bool judging_new(struct api *api, struct judging **ret_judging, struct error *err) MUST_CHECK;
void judging_free(struct judging *judging); /* ends the thread; NULL is fine */

/* The verdict as JSON text, to be stored and bound as it is; caller frees. Whatever befalls the
 * reader of the code, there is one; false only for what is longer than any code may be. */
bool judging_verdict(struct judging *judging, const char *language, struct bytes code,
                     char **ret_verdict, struct error *err) MUST_CHECK;

/* Adds `verdict` to an item for submit_requests, revise_requests or run_again. */
bool judging_add(struct judging *judging, const char *language, struct bytes code, json_t *item,
                 struct error *err) MUST_CHECK;
