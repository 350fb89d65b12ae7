/* A thread that seals the audit trail: Merkle roots over what is final, signed, and out of the
 * database at once. Of several api processes one seals. */
#pragma once

#include "common/base/settings.h"
#include "common/base/error.h"

struct sealer;

/* NULL when the settings name no key or no database role to seal with, which is logged. */
bool sealer_new(const struct settings *settings, struct sealer **ret_sealer,
                struct error *err) MUST_CHECK;
void sealer_free(struct sealer *sealer); /* ends the thread; NULL is fine */
