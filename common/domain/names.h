/* Names of people and teams: whether one can be read, and is not taken for that of another. */
#pragma once

#include "common/base/json.h"

#define NAME_MAX_CHARS 100

/* Valid UTF-8 on one line, at most NAME_MAX_CHARS, of which something can be seen:
 * ERR_INVALID_FIELD or ERR_NOT_ACCEPTABLE, field "name". */
bool name_check(const char *name, struct error *err) MUST_CHECK;

/* Of [{id, name, …}] the first with another id whose name looks like this one without being the
 * same, capitals aside; NULL for none. Borrowed from the list. */
const json_t *name_alike(const char *name, const json_t *list, int64_t own_id);

/* Whether somebody's name is this one, or looks like it. */
bool name_is_taken(const char *name, const json_t *list);

/* ERR_CONFLICT, field "name", for the first that is alike. People are called by their logins. */
bool name_is_apart(const char *name, const json_t *list, int64_t own_id,
                   struct error *err) MUST_CHECK;
