#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/stack/child.h"
#include "admin/embedded.h"
#include "admin/folders.h"
#include "admin/stack/stack.h"
#include "build/gen/statements.h"
#include "common/io/db.h"

#define LEAST_VERSION 15

/* Debian keeps each version's programs in a folder of its own. */
static bool find_programs(char **ret_folder, struct error *err)
{
    glob_t found;
    long best = 0;
    if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) != 0)
        return fail(err, ERR_INTERNAL, "PostgreSQL is not installed: run make deps");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
        best = version > best ? version : best;
    }
    globfree(&found);
    if (best < LEAST_VERSION)
        return fail(err, ERR_INTERNAL, "PostgreSQL %d or later is needed", LEAST_VERSION);
    struct buffer folder = {0};
    buffer_printf(&folder, "/usr/lib/postgresql/%ld/bin", best);
    *ret_folder = folder.data;
    return true;
}

static void plain_environment(struct child *child)
{
    environment_set(&child->environment, "PATH", "/usr/bin:/bin");
    environment_set(&child->environment, "LC_ALL", "C.UTF-8");
    environment_set(&child->environment, "TZ", "UTC");
}

static bool has_ended(void *context)
{
    const struct child *child = context;
    return child->ended && child->status == 0;
}

static bool run_initdb(struct stack *stack, const char *programs, const char *files,
                       const char *passfile, struct error *err)
{
    AUTO(text) char *program = path_join(programs, "initdb");
    const char *const words[] = {program,
                                 "--auth=scram-sha-256",
                                 "--username=postgres",
                                 "--pwfile",
                                 passfile,
                                 "--encoding=UTF8",
                                 "--locale=C.UTF-8",
                                 "--data-checksums",
                                 "--pgdata",
                                 files,
                                 NULL};
    struct child plan;
    child_name(&plan, "initdb", RANK_DATABASE);
    child_program(&plan, program, words);
    plain_environment(&plan);
    plan.account = stack->data.database;
    plan.restarts = false;
    struct child *child = supervisor_add(stack->supervisor, &plan);
    return supervisor_start(stack->supervisor, child, err) &&
           supervisor_wait(stack->supervisor, child, has_ended, child, err);
}

static bool give(const struct stack *stack, const char *path, struct error *err)
{
    const struct account *to = &stack->data.database;
    if (to->name[0] && chown(path, to->uid, to->gid) != 0)
        return fail(err, ERR_INTERNAL, "can not hand over %s: %s", path, strerror(errno));
    return true;
}

/* Makes the files beside their place and moves them there whole. */
static bool make_files(struct stack *stack, const char *programs, const char *files,
                       struct error *err)
{
    AUTO(buffer) struct buffer fresh = {0};
    buffer_printf(&fresh, "%s.new", files);
    AUTO(text) char *passfile = path_join(stack->data.run, "superuser");
    AUTO(text) char *secret = NULL;
    bool good = stack_data_secret(&stack->data, "superuser", &secret, err) &&
                file_write(passfile, bytes_of(secret), 0600, err) && give(stack, passfile, err) &&
                folder_remove(fresh.data, err) && folder_make(fresh.data, 0700, err) &&
                give(stack, fresh.data, err) &&
                run_initdb(stack, programs, fresh.data, passfile, err);
    unlink(passfile);
    if (good && rename(fresh.data, files) != 0)
        return fail(err, ERR_INTERNAL, "can not move %s: %s", fresh.data, strerror(errno));
    return good;
}

/* The server of a stack that was killed may still be shutting down. */
static bool previous_is_gone(void *context)
{
    const char *files = context;
    AUTO(text) char *path = path_join(files, "postmaster.pid");
    AUTO(text) char *text = NULL;
    struct error ignored;
    if (!file_read(path, &text, &ignored))
        return true;
    char cwd[4096];
    char link[64];
    snprintf(link, sizeof link, "/proc/%ld/cwd", strtol(text, NULL, 10));
    ssize_t len = readlink(link, cwd, sizeof cwd - 1);
    AUTO(text) char *real = realpath(files, NULL);
    return len <= 0 || !real || strlen(real) != (size_t)len || memcmp(real, cwd, (size_t)len) != 0;
}

static bool answers(void *context)
{
    const struct stack *stack = context;
    AUTO(db) struct db *db = NULL;
    AUTO(buffer) struct buffer url = {0};
    struct error ignored;
    buffer_printf(&url, "%s dbname=postgres", stack->superuser);
    return db_open(url.data, "countersign stack", &db, &ignored);
}

static bool make_database(const struct stack *stack, struct error *err)
{
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(buffer) struct buffer url = {0};
    buffer_printf(&url, "%s dbname=postgres", stack->superuser);
    if (!db_open(url.data, "countersign stack", &db, err) ||
        !sql_database_named(db, "countersign", &rows, err))
        return false;
    return rows_count(rows) > 0 ||
           db_run_script(db, embedded_find("sql/stack/create_database.sql")->text, err);
}

static void plan_server(const struct stack *stack, const char *programs, const char *files,
                        struct child *plan)
{
    AUTO(text) char *program = path_join(programs, "postgres");
    AUTO(buffer) struct buffer sockets = {0};
    buffer_printf(&sockets, "unix_socket_directories=%s", stack->data.run);
    const char *const words[] = {program,
                                 "-D",
                                 files,
                                 "-c",
                                 "listen_addresses=",
                                 "-c",
                                 sockets.data,
                                 "-c",
                                 "unix_socket_permissions=0777",
                                 "-c",
                                 "fsync=on",
                                 "-c",
                                 "synchronous_commit=on",
                                 "-c",
                                 "full_page_writes=on",
                                 "-c",
                                 "max_connections=200",
                                 "-c",
                                 "log_min_messages=warning",
                                 "-c",
                                 "timezone=UTC",
                                 "-c",
                                 "log_line_prefix=%m [%p] %u ",
                                 NULL};
    child_name(plan, "postgres", RANK_DATABASE);
    child_program(plan, program, words);
    plain_environment(plan);
    plan->account = stack->data.database;
    plan->death_signal = SIGQUIT; /* immediate: takes its back ends along */
    plan->stop_signal = SIGINT;   /* fast: ends sessions, writes a checkpoint */
    plan->stop_ms = 60000;
    plan->restarts = !stack->options.control; /* a test says when */
}

bool stack_start_postgres(struct stack *stack, struct error *err)
{
    AUTO(text) char *programs = NULL;
    AUTO(text) char *folder = NULL;
    AUTO(text) char *secret = NULL;
    if (!find_programs(&programs, err) || !stack_data_database(&stack->data, &folder, err))
        return false;
    AUTO(text) char *files = path_join(folder, "postgres");
    if ((!path_exists(files) && !make_files(stack, programs, files, err)) ||
        !stack_data_secret(&stack->data, "superuser", &secret, err) ||
        !supervisor_wait(stack->supervisor, NULL, previous_is_gone, files, err))
        return false;
    stack->superuser = stack_data_conninfo(&stack->data, "superuser", secret);
    struct child plan;
    plan_server(stack, programs, files, &plan);
    struct child *child = supervisor_add(stack->supervisor, &plan);
    return supervisor_start(stack->supervisor, child, err) &&
           supervisor_wait(stack->supervisor, child, answers, stack, err) &&
           make_database(stack, err);
}
