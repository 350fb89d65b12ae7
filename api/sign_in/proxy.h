/* A proxy that signs people in, or says whom it asks for: whose word counts, and what it says. */
#pragma once

#include "api/http/exchange.h"
#include "common/base/settings.h"

struct proxy;

/* NULL in ret_proxy when no PROXY_SECRET is set: then nobody's word counts. ERR_BAD_REQUEST names
 * the setting that is wrong. */
bool proxy_new(const struct settings *settings, struct proxy **ret_proxy,
               struct error *err) MUST_CHECK;
void proxy_free(struct proxy *proxy);

/* Whether it signs people in. */
bool proxy_signs_in(const struct proxy *proxy);

/* Sets the address of who asks: the last one in the header of addresses that is no proxy of ours,
 * when the peer is one, and knows the secret; else the peer's. What stands before it anybody may
 * have written. */
void proxy_name_client(const struct proxy *proxy, struct exchange *exchange);

/* The login that our proxy names, borrowed from the exchange; NULL when no header says so or no
 * proxy is trusted. ERR_UNAUTHENTICATED when somebody else says it. */
bool proxy_login(const struct proxy *proxy, const struct exchange *exchange, const char **ret_login,
                 struct error *err) MUST_CHECK;
