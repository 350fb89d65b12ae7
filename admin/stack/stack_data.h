/* The data folder of a private stack: lock, secrets, sockets, state. */
#pragma once

#include <sys/types.h>

#include "admin/stack/account.h"
#include "common/base/bytes.h"

#define STACK_RUN_SIZE 32

struct stack_data {
    char *folder;             /* absolute */
    char *log;                /* folder/log */
    char *state;              /* folder/stack.json: there while a stack runs */
    char run[STACK_RUN_SIZE]; /* sockets: short, since a socket's path holds 107 bytes */
    struct account database;  /* who PostgreSQL and Redis run as */
    struct account api;       /* who the api runs as */
    int lock_fd;
};

/* The absolute path of a data folder, made or not; caller frees. */
char *stack_data_path(const char *folder);

/* Makes and locks the folder, and a private folder under /tmp for the sockets.
 * ERR_CONFLICT when a stack runs there already. */
bool stack_data_open(const char *folder, struct stack_data *ret_data, struct error *err) MUST_CHECK;
/* `forget` removes the folder, too. */
void stack_data_close(struct stack_data *data, bool forget);

/* The secret of that name; made on first use. Caller frees. */
bool stack_data_secret(const struct stack_data *data, const char *name, char **ret_secret,
                       struct error *err) MUST_CHECK;

/* Where the database's files are: below the data folder, or, where its account
 * can not go there, below /var/lib/countersign with a link. Caller frees. */
bool stack_data_database(const struct stack_data *data, char **ret_folder,
                         struct error *err) MUST_CHECK;

/* A folder of that name beside the database's, where every account can go; caller frees. */
bool stack_data_reachable(const struct stack_data *data, const char *name, mode_t mode,
                          char **ret_folder, struct error *err) MUST_CHECK;

/* A libpq connection string; `secret` NULL leaves the password to the
 * passfile. Caller frees. */
char *stack_data_conninfo(const struct stack_data *data, const char *role, const char *secret);

/* The passfile that those strings name. */
bool stack_data_passfile(const struct stack_data *data, struct error *err) MUST_CHECK;

/* Login roles that own a secret, without the prefix "countersign_"; ends with NULL. */
extern const char *const stack_roles[];
