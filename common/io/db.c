#include "common/io/db.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/io/db_internal.h"

#define STATEMENTS_MAX 256
#define PARAMS_MAX 24
#define ANSWER_MS 30000 /* beyond every statement_timeout of our roles */

struct db {
    PGconn *conn; /* NULL until the first use and after a break */
    char *url;
    char *application;
    const struct statement *prepared[STATEMENTS_MAX];
    size_t prepared_count;
    int64_t answer_ms; /* how long an answer may take */
    const struct statement *described;
    PGresult *columns; /* of that one; NULL: of none */
};

static void disconnect(struct db *db)
{
    PQfinish(db->conn);
    PQclear(db->columns);
    db->conn = NULL;
    db->columns = NULL;
    db->described = NULL;
    db->prepared_count = 0;
}

/* Notices are no lines of our log; what matters is an error. */
static void ignore_notice(void *context, const char *message)
{
    (void)context, (void)message;
}

static bool connect_now(struct db *db, struct error *err)
{
    /* Later keywords win, so the address may set none of these differently. */
    const char *keys[] = {"dbname", "application_name", "connect_timeout", "client_encoding", NULL};
    const char *values[] = {db->url, db->application, "3", "UTF8", NULL};
    db->conn = PQconnectdbParams(keys, values, 1);
    if (db->conn)
        PQsetNoticeProcessor(db->conn, ignore_notice, NULL);
    /* Otherwise libpq waits without end for a server that takes nothing more. */
    if (PQstatus(db->conn) == CONNECTION_OK && PQsetnonblocking(db->conn, 1) == 0)
        return true;
    fail(err, ERR_UNAVAILABLE, "the database can not be reached: %s",
         db->conn ? PQerrorMessage(db->conn) : "no memory");
    err->text[strcspn(err->text, "\n")] = '\0';
    disconnect(db);
    return false;
}

struct db *db_new(const char *url, const char *application)
{
    struct db *db = memory_new(1, sizeof *db);
    db->answer_ms = ANSWER_MS;
    db->url = memory_text(url);
    db->application = memory_text(application);
    return db;
}

bool db_open(const char *url, const char *application, struct db **ret_db, struct error *err)
{
    AUTO(db) struct db *db = db_new(url, application);
    if (!connect_now(db, err))
        return false;
    *ret_db = TAKE(db);
    return true;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    disconnect(db);
    /* The address may carry a password. */
    explicit_bzero(db->url, strlen(db->url));
    free(db->url);
    free(db->application);
    free(db);
}

void db_auto(struct db **db)
{
    db_close(*db);
}

PGconn *db_connection(struct db *db)
{
    return db->conn;
}

/* A server that went away while the connection was idle has left an end of
 * file to be read: found here, before anything is sent, it costs nothing. */
static bool connect_when_needed(struct db *db, struct error *err)
{
    if (db->conn) {
        struct pollfd idle = {.fd = PQsocket(db->conn), .events = POLLIN};
        if (poll(&idle, 1, 0) > 0)
            PQconsumeInput(db->conn);
        if (PQstatus(db->conn) != CONNECTION_OK || (idle.revents & (POLLERR | POLLHUP)))
            disconnect(db);
    }
    return db->conn || connect_now(db, err);
}

bool db_wait(PGconn *conn, short events, int64_t deadline_ms)
{
    struct pollfd ready = {.fd = PQsocket(conn), .events = events};
    int64_t left = deadline_ms - clock_monotonic_ms();
    int count = 0;
    while (left > 0 && (count = poll(&ready, 1, (int)left)) < 0 && errno == EINTR)
        left = deadline_ms - clock_monotonic_ms();
    return count > 0;
}

bool db_flush(PGconn *conn, int64_t deadline_ms, bool *ret_sent)
{
    int unsent;
    while ((unsent = PQflush(conn)) > 0)
        if (!db_wait(conn, POLLIN | POLLOUT, deadline_ms) || !PQconsumeInput(conn))
            return false;
    *ret_sent = unsent == 0;
    return true;
}

/* The last result of what was sent, or NULL when the connection broke or the
 * server stayed silent for too long. */
static PGresult *receive(PGconn *conn, int64_t answer_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + answer_ms;
    PGresult *last = NULL;
    bool sent = false;
    if (!db_flush(conn, deadline_ms, &sent))
        return NULL;
    for (;;) {
        while (sent && PQisBusy(conn))
            if (!db_wait(conn, POLLIN, deadline_ms) || !PQconsumeInput(conn)) {
                PQclear(last);
                return NULL;
            }
        PGresult *next = PQgetResult(conn);
        if (!next)
            return last;
        PQclear(last);
        last = next;
        if (PQstatus(conn) != CONNECTION_OK)
            return last;
    }
}

/* Which of our codes stands for a server's SQLSTATE. A prefix is enough. */
static const struct {
    const char *sqlstate;
    enum error_code code;
} sqlstates[] = {
    {"53", ERR_UNAVAILABLE},  /* out of connections, memory, disk */
    {"57014", ERR_BUSY},      /* statement timeout */
    {"57P", ERR_UNAVAILABLE}, /* shutting down or starting */
    {"55P03", ERR_BUSY},      /* lock timeout */
    {"40", ERR_BUSY},         /* deadlock, serialisation */
};

bool db_fail_from_result(const struct statement *statement, const PGresult *result,
                         struct error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    if (!state)
        return fail(err, ERR_LOST, "the connection broke during %s", statement->name);
    if (strcmp(state, "CS001") == 0)
        return fail_field(err, error_from_name(detail), hint ? hint : "", "%s", text ? text : "");
    for (size_t i = 0; i < COUNT_OF(sqlstates); i++)
        if (strncmp(state, sqlstates[i].sqlstate, strlen(sqlstates[i].sqlstate)) == 0)
            return fail(err, sqlstates[i].code, "%s: %s (%s)", statement->name, text ? text : "",
                        state);
    return fail(err, ERR_INTERNAL, "%s:%d: %s: %s (%s)", statement->file, statement->line,
                statement->name, text ? text : "", state);
}

static bool result_is_fine(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* Otherwise it was libpq that failed, for want of memory or of a connection: what the server did,
 * such as to prepare a statement, is not known. */
static bool is_said_by_server(const PGresult *result)
{
    return result_is_fine(result) || PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static bool prepare(struct db *db, const struct statement *statement, struct error *err)
{
    for (size_t i = 0; i < db->prepared_count; i++)
        if (db->prepared[i] == statement)
            return true;
    if (db->prepared_count == STATEMENTS_MAX)
        return fail(err, ERR_INTERNAL, "more than %d statements", STATEMENTS_MAX);
    PGresult *result = NULL;
    if (PQsendPrepare(db->conn, statement->name, statement->text, statement->param_count, NULL))
        result = receive(db->conn, db->answer_ms);
    bool gone = !is_said_by_server(result) || PQstatus(db->conn) != CONNECTION_OK;
    bool fine = result_is_fine(result);
    if (fine)
        db->prepared[db->prepared_count++] = statement;
    else if (gone)
        /* Nothing was run yet, so the outcome is known. */
        fail(err, ERR_UNAVAILABLE, "the connection broke before %s", statement->name);
    else
        db_fail_from_result(statement, result, err);
    PQclear(result);
    if (gone) /* an answer may still be under way, which nobody would ever read */
        disconnect(db);
    return fine;
}

/* The arrays that libpq takes; numbers are written as text. */
struct bound {
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX];
    int formats[PARAMS_MAX];
    char numbers[PARAMS_MAX][24];
};

static void bind_params(const struct db_param *params, int count, struct bound *ret_bound)
{
    for (int i = 0; i < count; i++) {
        const struct db_param *param = &params[i];
        bool is_bytes = param->kind == DB_BYTEA || param->kind == DB_TEXT;
        if (param->kind == DB_NULL || (is_bytes && !param->bytes.data)) {
            ret_bound->values[i] = NULL;
        } else if (is_bytes) {
            ret_bound->values[i] = param->bytes.data;
        } else {
            snprintf(ret_bound->numbers[i], sizeof ret_bound->numbers[i], "%" PRId64,
                     param->number);
            ret_bound->values[i] = ret_bound->numbers[i];
        }
        ret_bound->lengths[i] = is_bytes ? (int)param->bytes.len : 0;
        ret_bound->formats[i] = param->kind == DB_BYTEA;
    }
}

/* Its columns are kept, since pages of one statement follow each other. */
static bool describe(struct db *db, const struct statement *statement, struct error *err)
{
    if (db->described == statement)
        return true;
    PQclear(db->columns);
    db->columns = NULL;
    db->described = NULL;
    if (PQsendDescribePrepared(db->conn, statement->name))
        db->columns = receive(db->conn, db->answer_ms);
    if (!result_is_fine(db->columns)) {
        disconnect(db);
        return fail(err, ERR_UNAVAILABLE, "the connection broke before %s", statement->name);
    }
    db->described = statement;
    return true;
}

static bool run_copied(struct db *db, const struct statement *statement,
                       const struct db_param *params, struct rows **ret_rows, struct error *err)
{
    if (!describe(db, statement, err))
        return false;
    const struct copying copying = {db->conn, db->columns, db->answer_ms};
    if (db_copy(&copying, statement, params, ret_rows, err))
        return true;
    if (err->code == ERR_LOST || err->code == ERR_UNAVAILABLE ||
        PQstatus(db->conn) != CONNECTION_OK)
        disconnect(db);
    return false;
}

bool db_run(struct db *db, const struct statement *statement, const struct db_param *params,
            struct rows **ret_rows, struct error *err)
{
    struct bound bound;
    if (statement->param_count > PARAMS_MAX)
        return fail(err, ERR_INTERNAL, "%s has too many parameters", statement->name);
    if (!connect_when_needed(db, err) || !prepare(db, statement, err))
        return false;
    if (statement->form == ROWS_COPIED)
        return run_copied(db, statement, params, ret_rows, err);
    bind_params(params, statement->param_count, &bound);
    if (!PQsendQueryPrepared(db->conn, statement->name, statement->param_count, bound.values,
                             bound.lengths, bound.formats, statement->form)) {
        disconnect(db);
        return fail(err, ERR_UNAVAILABLE, "%s could not be sent", statement->name);
    }
    PGresult *result = receive(db->conn, db->answer_ms);
    bool broken = PQstatus(db->conn) != CONNECTION_OK || !is_said_by_server(result);
    if (!result || !result_is_fine(result)) {
        if (result)
            db_fail_from_result(statement, result, err);
        else
            fail(err, ERR_LOST, "no answer to %s", statement->name);
        PQclear(result);
        if (broken)
            disconnect(db);
        return false;
    }
    *ret_rows = rows_new(result);
    return true;
}

void db_answers_within(struct db *db, int64_t answer_ms)
{
    db->answer_ms = answer_ms;
}

bool db_run_script(struct db *db, const char *sql, struct error *err)
{
    if (!connect_when_needed(db, err))
        return false;
    PGresult *result = PQexec(db->conn, sql);
    bool fine = result_is_fine(result) || PQresultStatus(result) == PGRES_EMPTY_QUERY;
    if (!fine) {
        const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
        fail(err, ERR_INTERNAL, "%s%s%s", PQresultErrorMessage(result),
             position ? " at character " : "", position ? position : "");
        err->text[strcspn(err->text, "\n")] = ' ';
    }
    PQclear(result);
    return fine;
}

bool db_password_verifier(struct db *db, const char *role, const char *password,
                          char **ret_verifier, struct error *err)
{
    if (!connect_when_needed(db, err))
        return false;
    char *verifier = PQencryptPasswordConn(db->conn, password, role, "scram-sha-256");
    if (!verifier)
        return fail(err, ERR_INTERNAL, "can not make a password verifier: %s",
                    PQerrorMessage(db->conn));
    *ret_verifier = memory_text(verifier);
    PQfreemem(verifier);
    return true;
}

bool db_check_statements(struct db *db, const struct statement *const *table, struct error *err)
{
    if (!connect_when_needed(db, err))
        return false;
    for (; *table; table++)
        if (!prepare(db, *table, err))
            return false;
    return true;
}
