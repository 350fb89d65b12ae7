/* Who may: people, teams, credentials and rules, as the newest audit row of each left it. */
#pragma once

#include "common/base/error.h"

struct verify;

bool verify_rights(struct verify *verify, struct error *err) MUST_CHECK;
/* Parts of what is not there, once none is known to be missing. */
bool verify_stray_rights(struct verify *verify, struct error *err) MUST_CHECK;
