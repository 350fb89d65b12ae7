/* A private stack: PostgreSQL, Redis, api and workers, kept by one supervisor. */
#pragma once

#include "admin/stack/stack_data.h"
#include "admin/stack/supervisor.h"

struct stack_options {
    const char *data;
    const char *programs; /* folder of countersign-api and countersign-worker */
    long workers;
    bool api;
    bool temporary; /* the data goes when the stack stops */
    bool control;   /* children are started and stopped by lines on stdin */
};

struct stack {
    struct stack_options options;
    struct stack_data data;
    struct supervisor *supervisor;
    char *superuser; /* connection string with its password */
    char *redis_url;
    char *api_folder;  /* what the api keeps: its secret keys, the heads of seals */
    char *keys_folder; /* public keys */
    char url[64];      /* of the api, "" before it listens */
    long port;         /* of that address */
};

/* Each starts its part and returns once it answers. */
bool stack_start_postgres(struct stack *stack, struct error *err) MUST_CHECK;
bool stack_start_redis(struct stack *stack, struct error *err) MUST_CHECK;
bool stack_start_api(struct stack *stack, struct error *err) MUST_CHECK;
bool stack_start_worker(struct stack *stack, long number, struct error *err) MUST_CHECK;

/* Asks the api at this port of 127.0.0.1 once: does /readyz say 200? */
bool stack_port_is_ready(long port);

/* The stack as JSON, for stack.json, for commands and for tests: pid, url,
 * data, redis, database {role: connection string}, files {setting: path}, children {name: pid}. */
char *stack_describe(const struct stack *stack); /* caller frees */
