/* Questions to the audit trail from the command line: the same ones, limits and record as the
 * api's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "admin/shown.h"
#include "admin/stack/stack_state.h"
#include "common/base/settings.h"
#include "common/domain/auditor.h"
#include "common/domain/table_csv.h"
#include "statements.h"

static const char *from_option, *to_option, *person_option, *team_option, *request_option;
static bool csv_option;

/* The auditor's address: AUDIT_DATABASE_URL, else the running stack's. Caller frees. */
static bool auditor_url(char **ret_url, struct error *err)
{
    struct settings settings;
    AUTO(json) json_t *state = NULL;
    if (!settings_load(SETTINGS_ADMIN, stderr, &settings, err))
        return false;
    const char *url = settings.audit_database_url.value;
    if (!url[0] && !stack_state_read(settings.data_dir, &state, err))
        return false;
    if (!url[0])
        url = json_text_of(json_object_get(state, "database"), "auditor");
    if (!url)
        return fail(err, ERR_BAD_REQUEST, "AUDIT_DATABASE_URL is not set, and no stack runs in %s",
                    settings.data_dir);
    *ret_url = memory_text(url);
    return true;
}

/* What a terminal shows of a cell. Caller frees. */
static char *shown(const json_t *cell)
{
    if (json_is_null(cell))
        return memory_text("");
    if (json_is_string(cell))
        return shown_text(json_string_value(cell));
    AUTO(text) char *text = json_text(cell);
    return shown_text(text);
}

static void print_cell(const char *text, size_t wide, bool last)
{
    size_t used = shown_width(text);
    printf("%s%*s", text, last ? 0 : (int)(wide - used + 2), "");
}

static void print_line(const json_t *cells, const size_t *wide)
{
    for (size_t i = 0; i < json_array_size(cells); i++) {
        AUTO(text) char *text = shown(json_array_get(cells, i));
        print_cell(text, wide[i], i + 1 == json_array_size(cells));
    }
    printf("\n");
}

static void print_table(const json_t *table)
{
    const json_t *rows = json_object_get(table, "rows");
    const json_t *columns = json_object_get(table, "columns");
    size_t count = json_array_size(columns);
    size_t *wide = memory_new(count + 1, sizeof *wide);
    AUTO(json) json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(names, json_object_get(json_array_get(columns, i), "name"));
    for (size_t n = 0; n <= json_array_size(rows); n++)
        for (size_t i = 0; i < count; i++) {
            const json_t *row = n ? json_array_get(rows, n - 1) : names;
            AUTO(text) char *text = shown(json_array_get(row, i));
            size_t used = shown_width(text);
            wide[i] = used > wide[i] ? used : wide[i];
        }
    print_line(names, wide);
    for (size_t n = 0; n < json_array_size(rows); n++)
        print_line(json_array_get(rows, n), wide);
    free(wide);
}

static bool print_answer(const json_t *table, struct error *err)
{
    AUTO(buffer) struct buffer csv = {0};
    if (json_flag(table, "truncated"))
        fprintf(stderr,
                "countersign: only the first rows: the answer was larger than what is read\n");
    if (!csv_option) {
        print_table(table);
        return true;
    }
    if (!table_csv_write(table, &csv, err))
        return false;
    fwrite(csv.data, 1, csv.len, stdout);
    return true;
}

/* Recorded by the operator's role first, then run by the auditor's. */
static bool ask(const json_t *item, struct error *err)
{
    AUTO(text) char *url = NULL;
    AUTO(text) char *text = json_text(item);
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *statement = NULL;
    AUTO(json) json_t *table = NULL;
    if (!auditor_url(&url, err) || !operator_open(&db, err) ||
        !sql_operator_audit_query(db, text, &rows, err) || !operator_answer(rows, &statement, err))
        return false;
    const struct auditor_query query = {json_text_of(statement, "sql"),
                                        json_object_get(statement, "values"), NULL, NULL};
    return auditor_run(url, &query, &table, err) && print_answer(table, err);
}

static bool run_questions(struct words *words, int *ret_status, struct error *err)
{
    static const char *const columns[] = {"id", "parameters", "title"};
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *offer = NULL;
    json_t *question, *parameter;
    size_t i, n;
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "this takes no words: %s", words->list[0]);
    if (!operator_open(&db, err) || !sql_audit_questions(db, &rows, err) ||
        !operator_answer(rows, &offer, err))
        return false;
    json_t *questions = json_object_get(offer, "questions");
    json_array_foreach (questions, i, question) {
        json_t *names = json_array();
        json_array_foreach (json_object_get(question, "parameters"), n, parameter) {
            json_array_append(names, json_object_get(parameter, "name"));
        }
        json_object_set_new(question, "parameters", names);
    }
    operator_print(questions, columns, COUNT_OF(columns));
    *ret_status = 0;
    return true;
}

static bool run_ask(struct words *words, int *ret_status, struct error *err)
{
    const struct {
        const char *name, *value;
    } given[] = {{"from", from_option},
                 {"to", to_option},
                 {"person", person_option},
                 {"team", team_option},
                 {"request", request_option}};
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST,
                    "this needs the id of a question; `countersign audit questions` lists them");
    json_t *parameters = json_object();
    for (size_t i = 0; i < COUNT_OF(given); i++)
        if (given[i].value)
            json_object_set_new(parameters, given[i].name, json_string(given[i].value));
    AUTO(json)
    json_t *item = json_pack("{s:s, s:o}", "question", words->list[0], "parameters", parameters);
    *ret_status = 0;
    return item ? ask(item, err) : fail(err, ERR_BAD_REQUEST, "this must be UTF-8");
}

static bool run_sql(struct words *words, int *ret_status, struct error *err)
{
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "this needs one statement; put it in quotes");
    AUTO(json) json_t *item = json_pack("{s:s}", "sql", words->list[0]);
    *ret_status = 0;
    return item ? ask(item, err) : fail(err, ERR_BAD_REQUEST, "the statement must be UTF-8");
}

static const struct option_entry ask_entries[] = {
    {"--from", "TIME", "the earliest moment, such as 2026-11-01", &from_option, NULL},
    {"--to", "TIME", "the first moment after the last", &to_option, NULL},
    {"--person", "LOGIN", "of somebody", &person_option, NULL},
    {"--team", "NAME", "of a team", &team_option, NULL},
    {"--request", "ID", "number of a request", &request_option, NULL},
    {"--csv", NULL, "as CSV", NULL, &csv_option},
};
static const struct option_entry sql_entries[] = {
    {"--csv", NULL, "as CSV", NULL, &csv_option},
};

const struct command commands_audit_query[] = {
    {"audit questions", "", "the ready-made questions and their parameters", run_questions, {0}},
    {"audit ask",
     "ID",
     "answer a ready-made question",
     run_ask,
     {ask_entries, COUNT_OF(ask_entries)}},
    {"audit sql",
     "STATEMENT",
     "run one statement over the audit views; it reads, and nothing else",
     run_sql,
     {sql_entries, COUNT_OF(sql_entries)}},
    {0},
};
