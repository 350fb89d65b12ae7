/* What all parts of the api process share, and one call of a route. */
#pragma once

#include <semaphore.h>
#include <stdatomic.h>

#include "api/http/exchange.h"
#include "api/sign_in/identity.h"
#include "common/base/settings.h"
#include "common/io/batch.h"
#include "common/io/db.h"

#define COOKIE_NAME_SIZE 40
#define ORIGIN_SIZE 280
#define PASSWORD_HASHES_AT_ONCE 2

/* The batched write functions, by their row in api/requests/writes.c. */
enum write {
    WRITE_SUBMIT,
    WRITE_REVISE,
    WRITE_DECIDE,
    WRITE_BREAK_GLASS,
    WRITE_UNDO,
    WRITE_CANCEL,
    WRITE_SETTLE,
    WRITE_RUN_AGAIN,
    WRITE_COUNT
};

struct api {
    struct settings settings;
    char instance[64];
    char cookie_name[COOKIE_NAME_SIZE];
    char flow_cookie[COOKIE_NAME_SIZE]; /* of somebody who is at the OpenID provider */
    char origin[ORIGIN_SIZE];           /* scheme://host:port of PUBLIC_URL, or "" */
    bool tls;                           /* people reach us by https */
    atomic_int_fast64_t database_age;   /* see api/database.h */
    struct signing_key *signing_key;    /* of decisions */
    struct db_pool *pool;               /* for shared commits */
    struct batch *batches[WRITE_COUNT];
    struct doorbell *doorbell;
    struct feed *feed;
    struct parks *parks;
    struct streams *streams;
    struct outputs *outputs;
    struct places *places;
    struct known_tokens *known_tokens;
    struct warnings *warnings;
    struct judging *judging;
    struct factors *factors;
    struct oidc *oidc;   /* NULL: none */
    struct proxy *proxy; /* NULL: none is trusted */
    struct meters *meters;
    struct handlers *handlers;
    struct server *server;
    struct sealer *sealer;
    sem_t hashing;    /* argon2id takes 64 MiB each time */
    char *dummy_hash; /* what an unknown account's password is held against */
};

/* One run of a route's function. */
struct call {
    struct api *api;
    struct db *db;
    struct exchange *exchange;
    struct reply *reply;
    struct identity who;
    json_t *body;         /* of BODY_JSON routes */
    const char *key;      /* Idempotency-Key without quotes, or NULL */
    char body_sha256[65]; /* of method, path and body, where there is a key */
    bool parked;          /* set by a route that waits without a thread */
};
