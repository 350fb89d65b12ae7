#include "common/io/db_asked.h"

#include <assert.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/base/clock.h"
#include "common/io/db_internal.h"
#include "statements.h"

#define LOOK_MS 250
#define VALUES_MAX 16
#define TOO_MUCH "this took too long, or too much, and was stopped; ask for less"
#define EXACT_MAX INT64_C(9007199254740991) /* 2^53 - 1: what every reader of JSON keeps */

/* pg_type.h is not among libpq's headers; these numbers are fixed. */
enum { OID_BOOL = 16, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_OID = 26 };

struct reading {
    PGconn *conn;
    const struct db_asked *asked;
    int64_t deadline_ms;
    size_t bytes; /* that have come in */
    size_t kept;
    json_t *rows;
    bool truncated;
};

/* What becomes of an error of the server's. A prefix is enough; the rest is the writer's mistake.
 */
static const struct {
    const char *sqlstate;
    enum error_code code;
} sqlstates[] = {
    {"42501", ERR_FORBIDDEN},      /* not allowed to this role */
    {"25006", ERR_FORBIDDEN},      /* read only */
    {"57014", ERR_NOT_ACCEPTABLE}, /* statement timeout */
    {"53400", ERR_NOT_ACCEPTABLE}, /* temp_file_limit of the role */
    {"53", ERR_UNAVAILABLE},       /* out of connections, memory, disk */
    {"57P", ERR_UNAVAILABLE},      /* shutting down, or this connection was ended */
    {"08006", ERR_UNAVAILABLE},    /* the connection broke */
};

static void add_place(struct buffer *text, const char *sql, const char *position)
{
    long left = strtol(position, NULL, 10) - 1;
    int line = 1, column = 1;
    for (; *sql && left > 0; sql++) {
        if (((unsigned char)sql[1] & 0xc0) == 0x80) /* in the middle of a character */
            continue;
        left--;
        column = *sql == '\n' ? 1 : column + 1;
        line += *sql == '\n';
    }
    buffer_printf(text, "line %d, column %d: ", line, column);
}

static bool fail_from(const struct reading *reading, const PGresult *result, struct error *err)
{
    AUTO(buffer) struct buffer text = {0};
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    if (!state)
        return fail(err, ERR_UNAVAILABLE, "the connection broke during a query");
    size_t i = 0;
    while (i < COUNT_OF(sqlstates) &&
           strncmp(state, sqlstates[i].sqlstate, strlen(sqlstates[i].sqlstate)) != 0)
        i++;
    enum error_code code = i < COUNT_OF(sqlstates) ? sqlstates[i].code : ERR_INVALID_FIELD;
    if (code == ERR_NOT_ACCEPTABLE)
        return fail_field(err, code, "sql", "%s", TOO_MUCH);
    if (position)
        add_place(&text, reading->asked->sql, position);
    buffer_printf(&text, "%s (%s)", words ? words : "", state);
    return fail_field(err, code, "sql", "%s", text.data);
}

/* Tells the server to stop: nobody reads on. */
static void cancel(PGconn *conn)
{
    char why[256];
    PGcancel *handle = PQgetCancel(conn);
    if (handle)
        (void)PQcancel(handle, why, sizeof why);
    PQfreeCancel(handle);
}

static bool wait_once(struct reading *reading, bool sending, struct error *err)
{
    const struct db_asked *asked = reading->asked;
    short events = (short)(POLLIN | (sending ? POLLOUT : 0));
    struct pollfd ready = {.fd = PQsocket(reading->conn), .events = events};
    int waiting = 0;
    if (asked->is_wanted && !asked->is_wanted(asked->context))
        return fail(err, ERR_CONFLICT, "nobody waits for this query any more");
    if (clock_monotonic_ms() > reading->deadline_ms)
        return fail_field(err, ERR_NOT_ACCEPTABLE, "sql", "%s", TOO_MUCH);
    if (poll(&ready, 1, LOOK_MS) <= 0 || !(ready.revents & ~POLLOUT))
        return true;
    /* Counted as it comes in: one value may be larger than everything that we would keep. */
    if (ioctl(ready.fd, FIONREAD, &waiting) == 0 && waiting > 0)
        reading->bytes += (size_t)waiting;
    reading->truncated |= reading->bytes > asked->bytes_max;
    return PQconsumeInput(reading->conn) || fail(err, ERR_UNAVAILABLE, "the connection broke");
}

/* The next result, NULL after the last; *ret_result NULL and truncated when it is too much. */
static bool next_result(struct reading *reading, PGresult **ret_result, struct error *err)
{
    int unsent;
    while ((unsent = PQflush(reading->conn)) > 0)
        if (!wait_once(reading, true, err))
            return false;
    while (unsent == 0 && !reading->truncated && PQisBusy(reading->conn))
        if (!wait_once(reading, false, err))
            return false;
    *ret_result = reading->truncated ? NULL : PQgetResult(reading->conn);
    return true;
}

/* The one result of a step; caller clears. */
static bool step(struct reading *reading, int sent, PGresult **ret_result, struct error *err)
{
    PGresult *after = NULL;
    if (!sent)
        return fail(err, ERR_UNAVAILABLE, "a query could not be sent");
    if (!next_result(reading, ret_result, err))
        return false;
    bool fine = *ret_result && PQresultStatus(*ret_result) == PGRES_COMMAND_OK;
    if (!fine)
        fail_from(reading, *ret_result, err);
    fine = next_result(reading, &after, err) && fine;
    PQclear(after);
    return fine;
}

static json_t *cell(const PGresult *result, int column)
{
    if (PQgetisnull(result, 0, column))
        return json_null();
    const char *text = PQgetvalue(result, 0, column);
    long long number;
    switch (PQftype(result, column)) {
    case OID_BOOL:
        return json_boolean(*text == 't');
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID:
        number = strtoll(text, NULL, 10);
        if (number >= -EXACT_MAX && number <= EXACT_MAX)
            return json_integer(number);
    }
    return json_stringn(text, (size_t)PQgetlength(result, 0, column));
}

static void add_row(struct reading *reading, const PGresult *result)
{
    const struct db_asked *asked = reading->asked;
    int count = PQnfields(result);
    for (int i = 0; i < count; i++)
        reading->kept += (size_t)PQgetlength(result, 0, i);
    reading->truncated |=
        json_array_size(reading->rows) == asked->rows_max || reading->kept > asked->bytes_max;
    if (reading->truncated)
        return;
    json_t *row = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(row, cell(result, i));
    json_array_append_new(reading->rows, row);
}

/* What is no row: the end, an error, or something that gives no rows at all. */
static bool check_end(const struct reading *reading, const PGresult *result, struct error *err)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        return true;
    case PGRES_EMPTY_QUERY:
        return fail_field(err, ERR_INVALID_FIELD, "sql", "there is no statement in it");
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
        return fail_field(err, ERR_INVALID_FIELD, "sql", "COPY gives no rows; select them");
    default:
        return fail_from(reading, result, err);
    }
}

static bool read_rows(struct reading *reading, struct error *err)
{
    PGresult *result = NULL;
    bool fine = true;
    while ((fine = fine && next_result(reading, &result, err)) && result) {
        if (PQresultStatus(result) == PGRES_SINGLE_TUPLE)
            add_row(reading, result);
        else
            fine = check_end(reading, result, err);
        PQclear(result);
        result = NULL;
    }
    return fine;
}

/* Names and types of what was prepared. */
static bool describe(struct db *db, const PGresult *prepared, json_t **ret_columns,
                     struct error *err)
{
    AUTO(rows) struct rows *types = NULL;
    AUTO(buffer) struct buffer oids = {0};
    AUTO(json) json_t *columns = json_array();
    int count = PQnfields(prepared);
    buffer_add_text(&oids, "{");
    for (int i = 0; i < count; i++)
        buffer_printf(&oids, "%s%u", i ? "," : "", PQftype(prepared, i));
    buffer_add_text(&oids, "}");
    if (!sql_type_names(db, oids.data, &types, err))
        return false;
    for (int i = 0; i < count; i++)
        json_array_append_new(columns, json_pack("{s:s, s:s}", "name", PQfname(prepared, i), "type",
                                                 rows_text(types, (size_t)i, 0)));
    *ret_columns = TAKE(columns);
    return true;
}

static bool prepare(struct db *db, struct reading *reading, json_t **ret_columns, struct error *err)
{
    PGresult *parsed = NULL, *described = NULL;
    PGconn *conn = reading->conn;
    bool fine =
        step(reading, PQsendPrepare(conn, "", reading->asked->sql, 0, NULL), &parsed, err) &&
        step(reading, PQsendDescribePrepared(conn, ""), &described, err) &&
        describe(db, described, ret_columns, err);
    PQclear(parsed);
    PQclear(described);
    return fine;
}

static bool run(struct reading *reading, struct error *err)
{
    const char *values[VALUES_MAX];
    const json_t *list = reading->asked->values;
    size_t count = json_array_size(list);
    assert(count <= VALUES_MAX);
    for (size_t i = 0; i < count; i++)
        values[i] = json_string_value(json_array_get(list, i));
    if (!PQsendQueryPrepared(reading->conn, "", (int)count, values, NULL, NULL, 0) ||
        !PQsetSingleRowMode(reading->conn))
        return fail(err, ERR_UNAVAILABLE, "a query could not be sent");
    return read_rows(reading, err);
}

bool db_ask(struct db *db, const struct db_asked *asked, json_t **ret_table, struct error *err)
{
    AUTO(json) json_t *columns = NULL;
    AUTO(json) json_t *rows = json_array();
    struct reading reading = {.conn = db_connection(db),
                              .asked = asked,
                              .deadline_ms = clock_monotonic_ms() + asked->wall_ms,
                              .rows = rows};
    bool fine = prepare(db, &reading, &columns, err) && run(&reading, err);
    if (!fine || reading.truncated)
        cancel(reading.conn);
    if (fine)
        *ret_table = json_pack("{s:O, s:O, s:b}", "columns", columns, "rows", rows, "truncated",
                               reading.truncated);
    return fine;
}
