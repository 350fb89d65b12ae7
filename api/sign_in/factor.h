/* Second factors: who must have one, the key that seals their secrets, and what a code proves. */
#pragma once

#include "api/sign_in/identity.h"
#include "api/sign_in/one_time_code.h"
#include "common/base/crypto.h"

#define CODE_TEXT_MAX 64 /* characters: of an app, or a recovery code however it is spaced */
#define FACTOR_SEALED (CODE_SECRET_SIZE + SEALED_MORE)

struct call;
struct settings;
struct factors;

/* ERR_BAD_REQUEST for a SECOND_FACTOR there is not, a bad FACTOR_KEY_FILE, and none where the
 * factor is required. Caller frees. */
bool factors_new(const struct settings *settings, struct factors **ret_factors,
                 struct error *err) MUST_CHECK;
void factors_free(struct factors *factors);

/* Whether anybody may set one up here. */
bool factors_offered(const struct factors *factors);

/* Whether it is required of whom has these roles. */
bool factors_required(const struct factors *factors, unsigned roles);

/* Whether this caller must set one up, or show it, before anything else is done. */
bool factors_missing(const struct factors *factors, const struct identity *who);

/* Only where one is offered. It opens for this person alone. */
void factors_seal(const struct factors *factors, int64_t person_id,
                  const uint8_t secret[CODE_SECRET_SIZE], uint8_t ret_sealed[FACTOR_SEALED]);

/* A secret as the database has it. */
struct sealed_secret {
    int64_t person_id;
    const char *hex;
};

/* Which step `code` is of, or 0 when it is none of this secret at this time. ERR_NOT_IMPLEMENTED
 * without a key, ERR_INTERNAL for another key than the one it was sealed by. */
bool factors_step(const struct factors *factors, struct sealed_secret sealed, const char *code,
                  int64_t *ret_step, struct error *err) MUST_CHECK;

/* What the "code" of the body proves of a person, as cs.factor_take wants it: {} without one.
 * Whether it counts, that alone says. Caller frees. */
bool factors_proof(struct call *call, int64_t person_id, char **ret_proof,
                   struct error *err) MUST_CHECK;
