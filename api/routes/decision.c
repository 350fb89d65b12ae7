#include "api/routes/decision.h"

#include <string.h>

#include "api/requests/writes.h"
#include "common/base/log.h"
#include "common/base/signing.h"
#include "common/domain/code.h"
#include "common/domain/decision.h"
#include "statements.h"

#define NOTE_MAX 5000
#define REASON_MIN 20         /* as cs.glass_fault has it, which does not count blanks around it */
#define ACKNOWLEDGED_MAX 2000 /* more than one version of code can have findings */
#define DWELL_MS_MAX INT64_C(86400000)
#define SEEN_BYTES_MAX 1048576 /* as MAX_CODE_BYTES at most; SQL holds it against this code */
#define UNDO_SECONDS_MAX 60

/* What is said of the reading before a decision. */
#define READING                                                                                    \
    {"acknowledged", JSON_KIND_ARRAY, false, 0, ACKNOWLEDGED_MAX},                                 \
        {"dwell_ms", JSON_KIND_INTEGER, false, 0, DWELL_MS_MAX},                                   \
    {                                                                                              \
        "seen_bytes", JSON_KIND_INTEGER, false, 0, SEEN_BYTES_MAX                                  \
    }

static const struct json_field decide_fields[] = {
    {"verdict", JSON_KIND_TEXT, true, 1, 20},
    {"revision", JSON_KIND_INTEGER, true, 1, INT32_MAX},
    {"bundle_sha256", JSON_KIND_TEXT, true, SHA256_HEX - 1, SHA256_HEX - 1},
    {"note", JSON_KIND_TEXT, false, 0, NOTE_MAX},
    READING,
    {"undo_seconds", JSON_KIND_INTEGER, false, 0, UNDO_SECONDS_MAX},
};

static const struct json_field glass_fields[] = {
    {"revision", JSON_KIND_INTEGER, true, 1, INT32_MAX},
    {"bundle_sha256", JSON_KIND_TEXT, true, SHA256_HEX - 1, SHA256_HEX - 1},
    {"reason", JSON_KIND_TEXT, true, REASON_MIN, NOTE_MAX},
    READING,
    {"undo_seconds", JSON_KIND_INTEGER, false, 0, UNDO_SECONDS_MAX},
};

static const struct json_field cancel_fields[] = {
    {"note", JSON_KIND_TEXT, false, 0, NOTE_MAX},
};

static const struct json_field settle_fields[] = {
    {"outcome", JSON_KIND_TEXT, true, 1, 20},
    {"note", JSON_KIND_TEXT, true, 1, NOTE_MAX},
};

static bool check_text(const json_t *body, const char *field, struct error *err)
{
    const json_t *text = json_object_get(body, field);
    return !text || text_check((struct bytes){json_string_value(text), json_string_length(text)},
                               TEXT_LINES, field, err);
}

static bool check_note(const json_t *body, struct error *err)
{
    return check_text(body, "note", err);
}

static bool check_word(const json_t *body, const char *field, const char *const *words,
                       struct error *err)
{
    const char *word = json_text_of(body, field);
    for (size_t i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return fail_field(err, ERR_INVALID_FIELD, field, "%s is not one of the known words", field);
}

static bool check_digest(const json_t *body, struct error *err)
{
    const char *digest = json_text_of(body, "bundle_sha256");
    if (digest[strspn(digest, "0123456789abcdef")] != '\0')
        return fail_field(err, ERR_INVALID_FIELD, "bundle_sha256",
                          "bundle_sha256 must be 64 small hexadecimal digits");
    return true;
}

static bool check_acknowledged(const json_t *body, struct error *err)
{
    size_t n;
    json_t *item;
    json_array_foreach (json_object_get(body, "acknowledged"), n, item) {
        struct bytes text = {json_string_value(item), json_string_length(item)};
        if (!json_is_string(item) || text.len > 200)
            return fail_field(err, ERR_INVALID_FIELD, "acknowledged",
                              "acknowledged must hold short texts");
        if (!text_check(text, TEXT_LINE, "acknowledged", err))
            return false;
    }
    return true;
}

/* Runs a function on the request of the path; the body's fields go along. */
static bool run(struct call *call, enum write write, struct error *err)
{
    AUTO(json) json_t *result = NULL;
    json_t *item = json_copy(call->body);
    json_object_set_new(item, "id", json_integer(call->exchange->ids[0]));
    if (!writes_run(call, write, item, &result, err))
        return false;
    reply_json(call->reply, 200, result);
    return true;
}

/* Adds to a decision what SQL holds against the request, and the api's signature over all of it. */
static void sign(const struct call *call, const json_t *terms, json_t *item)
{
    const char *verdict = json_text_of(item, "verdict");
    uint8_t sha256[SHA256_SIZE];
    unsigned char signature[SIGNATURE_SIZE];
    char hex[2 * SIGNATURE_SIZE + 1];
    AUTO(buffer) struct buffer message = {0};
    if (!hex_decode(json_text_of(item, "bundle_sha256"), sha256, SHA256_SIZE))
        return;
    const struct decision decision = {
        .bundle_sha256 = sha256,
        .request_id = call->exchange->ids[0],
        .revision = json_integer_of(item, "revision", 0),
        .round = json_integer_of(terms, "round", 0),
        .reviewer_id = call->who.person_id,
        .verdict = verdict,
        .needed = json_integer_of(terms, "needed", 0),
        .decided_ms = json_integer_of(terms, "decided_ms", 0),
        .valid_ms = decision_is_approval(verdict) ? json_integer_of(terms, "valid_ms", 0) : 0,
        .form = DECISION_FORM_2,
        .acknowledged = json_object_get(item, "acknowledged"),
    };
    decision_encode(&decision, &message);
    signing_sign(call->api->signing_key, buffer_bytes(&message), signature);
    hex_encode(signature, SIGNATURE_SIZE, hex);
    json_object_update(item, (json_t *)terms);
    json_object_set_new(item, "form", json_integer(decision.form));
    json_object_set_new(item, "signature", json_string(hex));
    json_object_set_new(item, "key_id", json_string(signing_key_id(call->api->signing_key)));
}

/* What SQL refuses anyway, such as a request that is not there, goes on without a signature. */
static bool decide(struct call *call, enum write write, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *terms = NULL;
    json_t *item = call->body;
    const struct settings *settings = &call->api->settings;
    if (!sql_decision_terms(call->db, call->exchange->ids[0], &rows, err))
        return false;
    if (!rows_is_null(rows, 0, 0) &&
        !json_read_object(bytes_of(rows_text(rows, 0, 0)), &terms, err))
        return false;
    if (terms)
        sign(call, terms, item);
    json_object_set_new(item, "reauth_seconds", json_integer(settings->reauth_seconds));
    json_object_set_new(item, "review_min_seconds", json_integer(settings->review_min_seconds));
    return run(call, write, err);
}

static const char *const verdicts[] = {"approve", "reject", "request_changes", NULL};

bool route_decide(struct call *call, struct error *err)
{
    return json_check(call->body, "", decide_fields, COUNT_OF(decide_fields), err) &&
           check_word(call->body, "verdict", verdicts, err) && check_digest(call->body, err) &&
           check_note(call->body, err) && check_acknowledged(call->body, err) &&
           decide(call, WRITE_DECIDE, err);
}

/* As far as the body says, which nobody has checked; NULL when it says nothing known. */
static const char *verdict_tried(const struct exchange *exchange)
{
    struct error malformed;
    AUTO(json) json_t *body = NULL;
    if (exchange->route->handle == route_break_glass)
        return DECISION_BREAK_GLASS;
    if (!json_read_object(buffer_bytes(&exchange->body), &body, &malformed))
        return NULL;
    const char *word = json_text_of(body, "verdict");
    for (size_t i = 0; word && verdicts[i]; i++)
        if (strcmp(word, verdicts[i]) == 0)
            return verdicts[i];
    return NULL;
}

static void keep_refusal(const struct call *call, const char *code, struct error *io_err)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    AUTO(text) char *text = json_text(actor);
    (void)!sql_decision_barred(call->db, text, call->exchange->ids[0],
                               verdict_tried(call->exchange), code, &rows, io_err);
}

void decision_barred(const struct call *call, struct error *io_err)
{
    route_fn *const handle = call->exchange->route->handle;
    if ((handle == route_decide || handle == route_break_glass) &&
        (io_err->code == ERR_FORBIDDEN || io_err->code == ERR_WRONG_ROLE ||
         io_err->code == ERR_FACTOR_MISSING))
        keep_refusal(call, error_name(io_err->code), io_err);
}

/* What one admin approves alone is never quiet: it has a line of the log of its own. */
bool route_break_glass(struct call *call, struct error *err)
{
    const struct settings *settings = &call->api->settings;
    if (!settings->break_glass) {
        (void)!fail(err, ERR_NOT_FOUND, "break-glass is not set up here");
        keep_refusal(call, "off", err);
        return false;
    }
    if (!json_check(call->body, "", glass_fields, COUNT_OF(glass_fields), err) ||
        !check_digest(call->body, err) || !check_text(call->body, "reason", err) ||
        !check_acknowledged(call->body, err))
        return false;
    json_object_set_new(call->body, "verdict", json_string(DECISION_BREAK_GLASS));
    if (!decide(call, WRITE_BREAK_GLASS, err))
        return false;
    LOG(LOG_WARN, "decision.break_glass", LOG_NUMBER("request_id", call->exchange->ids[0]),
        LOG_NUMBER("person_id", call->who.person_id));
    return true;
}

bool route_undo(struct call *call, struct error *err)
{
    return json_check(call->body, "", NULL, 0, err) && run(call, WRITE_UNDO, err);
}

bool route_cancel(struct call *call, struct error *err)
{
    return json_check(call->body, "", cancel_fields, COUNT_OF(cancel_fields), err) &&
           check_note(call->body, err) && run(call, WRITE_CANCEL, err);
}

bool route_settle(struct call *call, struct error *err)
{
    static const char *const outcomes[] = {"succeeded", "failed", NULL};
    return json_check(call->body, "", settle_fields, COUNT_OF(settle_fields), err) &&
           check_word(call->body, "outcome", outcomes, err) && check_note(call->body, err) &&
           run(call, WRITE_SETTLE, err);
}
