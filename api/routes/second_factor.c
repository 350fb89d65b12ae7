#include "api/routes/second_factor.h"

#include <stdio.h>

#include "api/api.h"
#include "api/routes/password.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/recovery_code.h"
#include "statements.h"

#define RECOVERY_CODES 10

static const struct json_field code_fields[] = {
    {"code", JSON_KIND_TEXT, true, 1, CODE_TEXT_MAX},
};

static char *actor_text(const struct call *call)
{
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    return json_text(actor);
}

bool route_factor_get(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_factor_state(call->db, call->who.person_id, &rows, err))
        return false;
    bool set = rows_count(rows) > 0 && !rows_is_null(rows, 0, 0);
    AUTO(json)
    json_t *answer =
        json_pack("{s:b, s:s?, s:I}", "set", set, "since", set ? rows_text(rows, 0, 0) : NULL,
                  "recovery_left", set ? (json_int_t)rows_integer(rows, 0, 1) : 0);
    reply_json(call->reply, 200, answer);
    return true;
}

/* What an app takes in: "Key Uri Format". A login has no other characters that mean something in a
 * URI than these. */
static void add_uri(struct buffer *out, const char *login, const char *secret)
{
    buffer_add_text(out, "otpauth://totp/Countersign:");
    for (; *login; login++)
        if (*login == '@' || *login == '+')
            buffer_printf(out, "%%%02X", (unsigned char)*login);
        else
            buffer_add(out, login, 1);
    buffer_printf(out, "?secret=%s&issuer=Countersign", secret);
}

static void reply_key(struct call *call, const uint8_t secret[CODE_SECRET_SIZE])
{
    char text[CODE_SECRET_TEXT];
    AUTO(buffer) struct buffer uri = {0};
    one_time_code_secret_text(secret, text);
    add_uri(&uri, call->who.login, text);
    AUTO(json) json_t *answer = json_pack("{s:s, s:s}", "secret", text, "uri", uri.data);
    reply_json(call->reply, 200, answer);
    crypto_wipe(text, sizeof text);
}

bool route_factor_begin(struct call *call, struct error *err)
{
    uint8_t secret[CODE_SECRET_SIZE], sealed[FACTOR_SEALED];
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", NULL, 0, err))
        return false;
    if (!factors_offered(call->api->factors))
        return fail(err, ERR_FORBIDDEN,
                    "no second factor is set up here: SECOND_FACTOR is off, or FACTOR_KEY_FILE "
                    "names no key");
    if (!password_fresh(call, "set up a second factor", err))
        return false;
    crypto_random(secret, sizeof secret);
    factors_seal(call->api->factors, call->who.person_id, secret, sealed);
    AUTO(text) char *actor = actor_text(call);
    bool kept =
        sql_factor_offer(call->db, actor, (struct bytes){sealed, sizeof sealed}, &rows, err);
    if (kept)
        reply_key(call, secret);
    crypto_wipe(secret, sizeof secret);
    return kept;
}

/* Tries are counted, as those to show the password are. */
static bool count_try(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_confirm_count(call->db, call->who.session_id, &rows, err))
        return false;
    return rows_integer(rows, 0, 0) == 0 || password_throttled(call, rows_integer(rows, 0, 0), err);
}

static bool read_offer(struct call *call, const char *hex, int64_t *ret_step, struct error *err)
{
    const struct sealed_secret sealed = {call->who.person_id, hex};
    const char *code = json_text_of(call->body, "code");
    if (!factors_step(call->api->factors, sealed, code, ret_step, err))
        return false;
    if (*ret_step)
        return true;
    fail_field(err, ERR_WRONG_CODE, "code", "this is not the code that the app shows now");
    return password_code_wrong(call, err);
}

/* In clear for the person, and digests for the database. */
static void make_codes(json_t *clear, json_t *digests)
{
    for (int i = 0; i < RECOVERY_CODES; i++) {
        char text[RECOVERY_TEXT], digest[SHA256_HEX];
        recovery_code_new(text);
        recovery_code_digest(text, digest);
        json_array_append_new(clear, json_string(text));
        json_array_append_new(digests, json_string(digest));
    }
}

static bool turn_on(struct call *call, const char *hex, int64_t step, struct error *err)
{
    uint8_t sealed[FACTOR_SEALED];
    AUTO(json) json_t *codes = json_array();
    AUTO(json) json_t *digests = json_array();
    AUTO(rows) struct rows *rows = NULL;
    make_codes(codes, digests);
    AUTO(text) char *digests_text = json_text(digests);
    AUTO(text) char *actor = actor_text(call);
    if (!hex_decode(hex, sealed, sizeof sealed) ||
        !sql_factor_confirm(call->db, actor, (struct bytes){sealed, sizeof sealed}, step,
                            digests_text, &rows, err))
        return false;
    AUTO(json) json_t *answer = json_pack("{s:O}", "recovery_codes", codes);
    reply_json(call->reply, 200, answer);
    return true;
}

bool route_factor_confirm(struct call *call, struct error *err)
{
    int64_t step = 0;
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", code_fields, COUNT_OF(code_fields), err) ||
        !count_try(call, err) || !sql_factor_offered(call->db, call->who.session_id, &rows, err))
        return false;
    if (rows_count(rows) == 0 || rows_is_null(rows, 0, 0))
        return fail(err, ERR_WRONG_STATE, "begin again: no key was given to this session lately");
    return read_offer(call, rows_text(rows, 0, 0), &step, err) &&
           turn_on(call, rows_text(rows, 0, 0), step, err);
}

bool route_factor_remove(struct call *call, struct error *err)
{
    AUTO(text) char *proof = NULL;
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", code_fields, COUNT_OF(code_fields), err) ||
        !password_fresh(call, "turn your second factor off", err) || !count_try(call, err) ||
        !factors_proof(call, call->who.person_id, &proof, err))
        return false;
    if (!sql_factor_remove(call->db, actor, proof, &rows, err))
        return password_code_wrong(call, err);
    call->reply->status = 204;
    return true;
}
