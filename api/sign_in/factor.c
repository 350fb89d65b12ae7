#include "api/sign_in/factor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/sign_in/recovery_code.h"
#include "common/base/clock.h"
#include "common/base/signing.h"
#include "statements.h"

enum factor_rule { FACTOR_OFF, FACTOR_OFFERED, FACTOR_REQUIRED };

static const char *const rule_names[] = {
    [FACTOR_OFF] = "off",
    [FACTOR_OFFERED] = "offered",
    [FACTOR_REQUIRED] = "required",
};

struct factors {
    enum factor_rule rule;
    bool has_key;
    uint8_t key[SEAL_KEY_SIZE];
};

static bool read_rule(const char *name, enum factor_rule *ret_rule, struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(rule_names); i++)
        if (strcmp(rule_names[i], name) == 0) {
            *ret_rule = (enum factor_rule)i;
            return true;
        }
    return fail(err, ERR_BAD_REQUEST, "SECOND_FACTOR must be off, offered or required");
}

static bool read_key(const char *path, struct factors *factors, struct error *err)
{
    AUTO(signing_key) struct signing_key *key = NULL;
    if (!*path && factors->rule == FACTOR_REQUIRED)
        return fail(err, ERR_BAD_REQUEST, "SECOND_FACTOR=required needs a FACTOR_KEY_FILE");
    if (!*path)
        return true;
    if (!signing_key_read(path, "factor", &key, err))
        return false;
    signing_key_derive(key, "countersign-factor-v1", factors->key);
    factors->has_key = true;
    return true;
}

bool factors_new(const struct settings *settings, struct factors **ret_factors, struct error *err)
{
    struct factors *factors = memory_new(1, sizeof *factors);
    if (read_rule(settings->second_factor, &factors->rule, err) &&
        read_key(settings->factor_key_file, factors, err)) {
        *ret_factors = factors;
        return true;
    }
    factors_free(factors);
    return false;
}

void factors_free(struct factors *factors)
{
    if (factors)
        crypto_wipe(factors, sizeof *factors);
    free(factors);
}

bool factors_offered(const struct factors *factors)
{
    return factors->rule != FACTOR_OFF && factors->has_key;
}

bool factors_required(const struct factors *factors, unsigned roles)
{
    return factors->rule == FACTOR_REQUIRED && (roles & (ROLE_REVIEWER | ROLE_ADMIN));
}

bool factors_missing(const struct factors *factors, const struct identity *who)
{
    return factors_required(factors, who->roles) && !who->shows_factor;
}

/* "person 7": what a secret belongs to. */
static struct bytes owner_text(int64_t person_id, char text[32])
{
    snprintf(text, 32, "person %lld", (long long)person_id);
    return bytes_of(text);
}

void factors_seal(const struct factors *factors, int64_t person_id,
                  const uint8_t secret[CODE_SECRET_SIZE], uint8_t ret_sealed[FACTOR_SEALED])
{
    char owner[32];
    crypto_seal(factors->key, owner_text(person_id, owner),
                (struct bytes){secret, CODE_SECRET_SIZE}, ret_sealed);
}

bool factors_step(const struct factors *factors, struct sealed_secret sealed, const char *code,
                  int64_t *ret_step, struct error *err)
{
    char owner[32];
    uint8_t bytes[FACTOR_SEALED], secret[CODE_SECRET_SIZE];
    const struct bytes all = {bytes, sizeof bytes};
    if (!factors->has_key)
        return fail(err, ERR_NOT_IMPLEMENTED,
                    "codes of apps can not be checked here: there is no FACTOR_KEY_FILE");
    if (!hex_decode(sealed.hex, bytes, sizeof bytes) ||
        !crypto_unseal(factors->key, owner_text(sealed.person_id, owner), all, secret))
        return fail(err, ERR_INTERNAL, "FACTOR_KEY_FILE does not open the second factor of %lld",
                    (long long)sealed.person_id);
    *ret_step = 0;
    (void)!one_time_code_matches(secret, code, clock_wall_ms() / 1000, ret_step);
    crypto_wipe(secret, sizeof secret);
    return true;
}

static bool looks_like_app(const char *code)
{
    return strspn(code, "0123456789") == strlen(code);
}

static bool app_proof(struct call *call, int64_t person_id, const char *code, json_t *proof,
                      struct error *err)
{
    int64_t step = 0;
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_factor_state(call->db, person_id, &rows, err))
        return false;
    if (rows_count(rows) == 0 || rows_is_null(rows, 0, 2))
        return true; /* nothing to show */
    const struct sealed_secret sealed = {person_id, rows_text(rows, 0, 2)};
    if (!factors_step(call->api->factors, sealed, code, &step, err))
        return false;
    json_object_set_new(proof, step ? "step" : "wrong", json_integer(step));
    return true;
}

bool factors_proof(struct call *call, int64_t person_id, char **ret_proof, struct error *err)
{
    char digest[SHA256_HEX];
    AUTO(json) json_t *proof = json_object();
    const char *code = json_text_of(call->body, "code");
    if (code && looks_like_app(code)) {
        if (!app_proof(call, person_id, code, proof, err))
            return false;
    } else if (code) {
        recovery_code_digest(code, digest);
        json_object_set_new(proof, "recovery", json_string(digest));
    }
    *ret_proof = json_text(proof);
    return true;
}
