/* A session that begins or ends: its secrets, its cookie, and what is told about its person. */
#pragma once

#include "api/sign_in/identity.h"
#include "common/base/crypto.h"

#define AGENT_MAX 200

struct call;

/* A session that is about to exist: what each way of signing in hands to the database. */
struct opening {
    char token[TOKEN_SIZE];
    char csrf[CSRF_SIZE];
    uint8_t token_sha256[SHA256_SIZE];
    uint8_t csrf_sha256[SHA256_SIZE];
    char agent[AGENT_MAX + 1];
    int64_t person_id; /* once it is known */
};

void opening_prepare(const struct call *call, struct opening *ret_opening);

/* {address, agent, token_sha256, csrf_sha256, seconds}, digests in hex. Caller frees. */
char *opening_text(const struct call *call, const struct opening *opening);

/* Signed in: ends the session there was, sets the cookie, answers who it is. */
bool opening_enter(struct call *call, const struct opening *opening, struct error *err) MUST_CHECK;

/* Who the session is of was shown anew at `at`: answers that, and sets the cookie of its new token.
 * Streams that were opened with the old one end. */
void opening_renew(struct call *call, const struct opening *opening, const char *at);

/* For this host alone; "" and 0 seconds end it. */
void opening_set_cookie(struct call *call, const char *name, const char *value, int64_t seconds);

void opening_leave(struct call *call); /* ends the session and its cookie */

/* `more` is added to the answer; may be NULL. */
bool opening_reply_me(struct call *call, int64_t person_id, const char *csrf, json_t *more,
                      struct error *err) MUST_CHECK;
