/* The sandboxes that were made at the played service and not deleted, in the order of making. */
#pragma once

#include <jansson.h>
#include <sys/queue.h>

#include "common/base/bytes.h"

#define MADE_MAX 10000
#define MADE_NAME 128
#define MADE_SESSIONS 2 /* of one sandbox; more are refused */
#define MADE_COMMANDS 4 /* of one session */
#define MADE_BUCKETS 4096

/* A command that was started in a session. Its id is "command-" and its place. */
struct made_command {
    bool marked;    /* it was told to mark the end of its output */
    uint64_t round; /* of the service's releases, when it began */
};

struct made_session {
    char id[MADE_NAME];
    size_t count;
    struct made_command commands[MADE_COMMANDS];
};

struct made_sandbox {
    uint64_t serial; /* never 0, later ones have higher ones */
    char id[40];
    char name[MADE_NAME]; /* Daytona's; no two have the same */
    const char *image;    /* of a table */
    json_t *labels;       /* texts */
    char *labels_text;    /* the same as JSON */
    char created[25];
    int64_t ends_ms;
    char token[65];    /* of what runs in it; "" without */
    bool private_port; /* other ports need that token too */
    size_t session_count;
    struct made_session sessions[MADE_SESSIONS];
    TAILQ_ENTRY(made_sandbox) order;
    LIST_ENTRY(made_sandbox) by_id, by_name;
};

TAILQ_HEAD(made_order, made_sandbox);
LIST_HEAD(made_bucket, made_sandbox);

struct made {
    size_t count;
    uint64_t last;
    struct made_order order;
    struct made_bucket by_id[MADE_BUCKETS], by_name[MADE_BUCKETS];
};

void made_init(struct made *made);
/* The id is a UUID or as E2B has them. `name` "": its id. Labels may be NULL. NULL when there are
 * MADE_MAX. Owned by `made`. */
struct made_sandbox *made_add(struct made *made, bool uuid, const char *name, json_t *labels);
void made_remove(struct made *made, struct made_sandbox *sandbox);
struct made_sandbox *made_find(struct made *made, const char *id);
struct made_sandbox *made_named(struct made *made, const char *name);

/* Whether it carries each of these. */
bool made_matches(const struct made_sandbox *sandbox, const json_t *labels);
/* An object whose values are texts? */
bool made_labels_valid(const json_t *labels);
