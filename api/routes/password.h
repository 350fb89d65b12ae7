/* Passwords: checked at bounded cost, set, and asked for once more. */
#pragma once

#include "api/http/router.h"

route_fn route_password_set, route_reauthenticate;

/* argon2id takes 64 MiB and 50 ms: only so many at once, else ERR_THROTTLED. */
bool password_check(struct call *call, const char *hash, const char *password, bool *ret_matches,
                    struct error *err) MUST_CHECK;

/* Always false. ERR_THROTTLED with a Retry-After. */
bool password_throttled(struct call *call, int64_t seconds, struct error *err);

/* Whether the session showed within REAUTH_SECONDS who it is; `what` is what needs that.
 * ERR_REAUTHENTICATE. */
bool password_fresh(struct call *call, const char *what, struct error *err) MUST_CHECK;

/* Always false. Writes it down when what went wrong is the code of the caller's own second factor:
 * err stays as it is. */
bool password_code_wrong(struct call *call, struct error *err);

/* Always false. Writes the failed try down: ERR_WRONG_PASSWORD. */
bool password_wrong(struct call *call, const char *login, struct error *err);
