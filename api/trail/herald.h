/* A thread that posts each head to SEAL_WEBHOOK_URL: in order, again until it is taken, and never
 * in the way of sealing. */
#pragma once

#include "common/base/error.h"
#include "common/base/settings.h"

struct herald;

/* NULL when no address is set. It has a connection of its own; of several processes one posts. */
bool herald_new(const struct settings *settings, struct herald **ret_herald,
                struct error *err) MUST_CHECK;
void herald_free(struct herald *herald); /* ends the thread and a call under way; NULL is fine */
