#include <string.h>

#include "common/base/clock.h"
#include "tests/model/draw.h"
#include "tests/model/people.h"

#define APPROVAL_SECONDS INT64_C(86400)

json_t *actor_json(const struct world *w, int who, bool token)
{
    json_t *actor = json_pack("{s:I, s:s}", "person_id", who < 0 ? 0 : w->people[who].id, "address",
                              "127.0.0.1");
    if (token)
        json_object_set_new(actor, "token_id", json_integer(w->token_id));
    return actor;
}

static void put(json_t *item, const char *name, json_t *value)
{
    json_object_set_new(item, name, value);
}

static void put_text(json_t *item, const char *name, const char *text)
{
    put(item, name, json_string(text));
}

/* What submissions and revisions share, and the one thing that is wrong with it. */
static void put_code(json_t *item, const struct element *e)
{
    static char long_title[202];
    memset(long_title, 'x', sizeof long_title - 1);
    put(item, "max_limits",
        json_pack("{s:i, s:I, s:i, s:I, s:i, s:I, s:i, s:i}", "wall_ms", 30000, "memory_bytes",
                  (json_int_t)1 << 30, "pids", 64, "output_bytes", (json_int_t)1 << 20, "files", 8,
                  "file_bytes", (json_int_t)8 << 20, "cpu_ms", 120000, "tmp_bytes", 64 << 20));
    put_text(item, "code", e->flaw == 1 ? "" : "print(1)\n");
    put_text(item, "language", e->flaw == 2 ? "cobol" : "python");
    put_text(item, "verdict", "{\"level\": \"none\", \"policy_version\": 1}");
    put_text(item, "title", e->flaw == 3 ? long_title : "Sums");
    put(item, "files", e->flaw == 4 ? json_pack("[{s:i}]", "id", 0) : json_array());
    if (e->flaw == 5)
        put(item, "limits", json_pack("{s:i}", "wall_ms", 30001));
    put(item, "pending_seconds", json_integer(604800));
}

static void put_submission(const struct world *w, json_t *item, const struct element *e)
{
    static const char *const backends[] = {"local", "e2b", "daytona"};
    put_code(item, e);
    put_text(item, "question", "How much?");
    put_text(item, "backend", backends[e->backend]);
    put_text(item, "image", "image-1");
    put(item, "retry_safe", json_boolean(e->retry_safe));
    put_text(item, "when_unavailable", e->rather_fails ? "fail" : "wait");
    put(item, "approval_seconds", json_integer(APPROVAL_SECONDS));
    put(item, "max_waiting", json_integer(1000000));
    if (e->team >= 0)
        put(item, "team_id", json_integer(w->team_ids[e->team]));
}

/* What the api adds when it signs; the database holds no key to verify it with. */
static void put_signed(json_t *item, const struct element *e)
{
    const int64_t now_ms = clock_wall_ms();
    put(item, "round", json_integer(e->round));
    put(item, "needed", json_integer(1));
    put(item, "decided_ms", json_integer(now_ms));
    put(item, "valid_ms", json_integer(now_ms + APPROVAL_SECONDS * 1000));
    put(item, "form", json_integer(2));
    put(item, "signature", json_sprintf("%0128d", 0));
    put_text(item, "key_id", "0000000000000000");
}

static void put_decision(json_t *item, const struct element *e)
{
    static const char *const verdicts[] = {"approve", "reject", "request_changes"};
    put_text(item, "verdict", e->flaw == 1 ? "maybe" : verdicts[e->verdict]);
    put_text(item, "bundle_sha256", e->digest);
    put(item, "undo_seconds", json_integer(e->late ? 3600 : 0));
    put_signed(item, e);
}

static json_t *request_json(const struct world *w, const struct element *e)
{
    json_t *item = json_object();
    put(item, "actor", actor_json(w, e->who, e->token));
    if (e->key)
        put(item, "idempotency",
            json_pack("{s:o, s:o}", "key", json_sprintf("%s%d", w->prefix, e->key), "body_sha256",
                      json_sprintf("%d", e->body)));
    if (e->call == SUBMIT) {
        put_submission(w, item, e);
        return item;
    }
    put(item, "id", json_integer(e->request_id));
    put(item, "revision", json_integer(e->revision));
    if (e->flaw != 2)
        put_text(item, "note", "because");
    if (e->call == REVISE)
        put_code(item, e);
    if (e->call == DECIDE)
        put_decision(item, e);
    if (e->call == SETTLE)
        put_text(item, "outcome", e->flaw == 1 ? "maybe" : run_state_name(e->outcome));
    return item;
}

static json_t *remote_json(enum remote remote)
{
    switch (remote) {
    case REMOTE_FINDABLE:
        return json_pack("{s:s, s:{s:i}}", "sandbox", "sb", "usage", "cpu", 1);
    case REMOTE_PRICE:
        return json_pack("{s:b}", "adoptable", 0);
    case REMOTE_WRONG:
        return json_string("sb");
    case REMOTE_NONE:
        break;
    }
    return json_null();
}

static void put_end(json_t *item, const struct element *e)
{
    put_text(item, "outcome", e->outcome < 0 ? "lost" : run_state_name(e->outcome));
    put(item, "exit_code", e->flaw == 2 ? json_string("x") : json_integer(0));
    put(item, "adopt", json_boolean(!e->no_adoption));
    put(item, "cost",
        json_pack("{s:s, s:s, s:i}", "kind", "sandbox", "provider", "local", "seconds", 1));
    if (!e->item)
        return;
    /* One byte, an x, and its SHA-256. */
    const char *sha = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    put(item, "items",
        json_pack("[{s:i, s:s, s:s, s:i, s:s, s:i, s:s}]", "n", 1, "kind", "stdout", "mime",
                  "text/plain", "bytes", 1, "sha256", e->flaw == 1 ? sha + 1 : sha, "chunk", 0,
                  "data", "eA=="));
}

static json_t *run_json(const struct world *w, const struct element *e)
{
    json_t *item = json_pack("{s:I, s:I, s:I}", "worker_id", w->worker_ids[e->worker], "id",
                             e->run_id, "fence", e->fence);
    if (e->call == START) {
        put_text(item, "bundle_sha256", e->digest);
        put(item, "decision_ids", json_pack("[I]", e->decision));
        put(item, "remote", remote_json(e->remote));
    } else if (e->call == RELEASE) {
        put(item, "not_started", json_boolean(e->not_started));
        put(item, "fail", json_boolean(e->fails));
        put(item, "retry_after_ms", json_integer(600000));
        put_text(item, "reason", "away");
    } else if (e->call == FINISH) {
        put_end(item, e);
    }
    return item;
}

json_t *element_json(const struct world *w, const struct element *e)
{
    return e->call >= START ? run_json(w, e) : request_json(w, e);
}
