/* Who asks: a session cookie or an API token, and what each route wants of them. */
#pragma once

#include "api/http/exchange.h"
#include "api/http/router.h"
#include "common/io/db.h"

#define SESSION_TOKEN_MAX 128
#define CSRF_SIZE 65
#define LOGIN_SIZE 128
#define TEAMS_SIZE 512
#define ROLES_SIZE 64

struct api;

struct identity {
    int64_t person_id; /* 0: nobody */
    int64_t session_id;
    int64_t token_id;
    int64_t owner_id; /* of an agent */
    unsigned roles;
    unsigned scopes;
    bool human;
    bool has_factor;   /* a second factor is set */
    bool shows_factor; /* here it was shown, or somebody else vouches */
    char login[LOGIN_SIZE];
    char role_list[ROLES_SIZE]; /* their names with commas between */
    char teams[TEAMS_SIZE];     /* their ids with commas between and around */
    char expires_at[32];        /* of the session */
    char authenticated_at[32]; /* when its person last showed who they are; "": only a proxy said */
    char csrf[CSRF_SIZE];
};

/* Nobody without cookie and token. ERR_UNAUTHENTICATED for a token that is not
 * good; a cookie that is not good counts as none. ERR_BAD_REQUEST for both. */
bool identity_find(struct api *api, struct db *db, const struct exchange *exchange,
                   struct identity *ret_identity, struct error *err) MUST_CHECK;

/* Whether this identity may use the exchange's route, and for changes by cookie
 * whether it was our own page that asked. */
bool identity_check(const struct api *api, const struct exchange *exchange,
                    const struct identity *identity, struct error *err) MUST_CHECK;

/* The checks against foreign pages alone, for a sign-in that has no session yet. */
bool identity_check_origin(const struct api *api, const struct exchange *exchange,
                           struct error *err) MUST_CHECK;

/* The token of our cookie in ret_token, "" when there is none. */
bool identity_cookie(const struct api *api, const struct exchange *exchange,
                     char ret_token[SESSION_TOKEN_MAX], struct error *err) MUST_CHECK;

/* What the page must send back in X-CSRF-Token: derived, so that a reload finds it again. */
void identity_csrf(const char *session_token, char ret_csrf[CSRF_SIZE]);

/* {person_id, session_id, token_id, address}: new reference. */
json_t *identity_actor(const struct identity *identity, const struct exchange *exchange);

const char *identity_scope_name(enum scope scope);
json_t *identity_role_list(unsigned roles); /* their names: new reference */

/* Whether identity->teams, or a copy of it, names the team. */
bool identity_lists_team(const char *teams, int64_t team_id);
