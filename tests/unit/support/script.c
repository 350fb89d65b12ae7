#include "tests/unit/support/script.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/uri.h"
#include "tests/unit/services.h"

#define STEPS_MAX 64

struct step {
    const char *statement;
    const char *sql; /* NULL: it fails */
    enum error_code code;
    void (*then)(void *context);
    void *context;
    size_t calls;
    char *told;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct step steps[STEPS_MAX];
static size_t step_count;

/* The linker's names; not there in tests that are linked without. */
__attribute__((weak)) bool __real_db_run(struct db *db, const struct statement *statement,
                                         const struct db_param *params, struct rows **ret_rows,
                                         struct error *err);
bool __wrap_db_run(struct db *db, const struct statement *statement, const struct db_param *params,
                   struct rows **ret_rows, struct error *err);
bool __wrap_db_pool_run(struct db_pool *pool, const struct statement *statement,
                        const struct db_param *params, struct rows **ret_rows, struct error *err);

static struct step *add(const char *statement)
{
    if (step_count == STEPS_MAX)
        fail_msg("more than %d answers", STEPS_MAX);
    struct step *step = &steps[step_count++];
    *step = (struct step){.statement = statement};
    return step;
}

void script_answer(const char *statement, const char *sql)
{
    add(statement)->sql = sql;
}

void script_fail(const char *statement, enum error_code code)
{
    add(statement)->code = code;
}

void script_then(void (*then)(void *context), void *context)
{
    steps[step_count - 1].then = then;
    steps[step_count - 1].context = context;
}

void script_forget(void)
{
    while (step_count > 0)
        free(steps[--step_count].told);
}

size_t script_calls(const char *statement)
{
    size_t calls = 0;
    for (size_t i = 0; i < step_count; i++)
        if (strcmp(steps[i].statement, statement) == 0)
            calls += steps[i].calls;
    return calls;
}

const char *script_told(const char *statement)
{
    const char *told = NULL;
    for (size_t i = 0; i < step_count; i++)
        if (strcmp(steps[i].statement, statement) == 0 && steps[i].told)
            told = steps[i].told;
    return told;
}

/* The first that was not given yet, or the last one again. */
static struct step *step_of(const char *statement)
{
    struct step *found = NULL;
    for (size_t i = 0; i < step_count; i++) {
        if (strcmp(steps[i].statement, statement) != 0)
            continue;
        found = &steps[i];
        if (found->calls == 0)
            break;
    }
    return found;
}

static bool read_rows(const char *sql, int form, struct rows **ret_rows, struct error *err)
{
    const struct statement statement = {"scripted", sql, "script.c", 1, 0, form};
    AUTO(db) struct db *db = NULL;
    return db_open(TEST_DATABASE, "script", &db, err) &&
           __real_db_run(db, &statement, NULL, ret_rows, err);
}

/* PostgreSQL takes no other text. */
static void check_texts(const struct statement *statement, const struct db_param *params)
{
    for (int i = 0; i < statement->param_count; i++)
        if (params[i].kind == DB_TEXT && params[i].bytes.data && !utf8_is_valid(params[i].bytes)) {
            print_error("%s: parameter %d is no UTF-8\n", statement->name, i + 1);
            abort();
        }
}

static void note(struct step *step, const struct statement *statement,
                 const struct db_param *params)
{
    check_texts(statement, params);
    step->calls++;
    free(step->told);
    step->told = statement->param_count > 0 && params[0].kind == DB_TEXT
                     ? memory_text(params[0].bytes.data)
                     : NULL;
}

static bool answer(const struct statement *statement, const struct db_param *params,
                   struct rows **ret_rows, struct error *err)
{
    pthread_mutex_lock(&lock);
    struct step *step = step_of(statement->name);
    if (step)
        note(step, statement, params);
    pthread_mutex_unlock(&lock);
    if (!step) {
        print_error("nobody wrote down what %s answers\n", statement->name);
        abort();
    }
    bool fine = step->sql ? read_rows(step->sql, statement->form, ret_rows, err)
                          : fail(err, step->code, "%s was told to fail", statement->name);
    if (step->sql && !fine) {
        print_error("%s: %s\n", statement->name, err->text);
        abort();
    }
    if (step->then)
        step->then(step->context);
    return fine;
}

bool __wrap_db_run(struct db *db, const struct statement *statement, const struct db_param *params,
                   struct rows **ret_rows, struct error *err)
{
    (void)db;
    return answer(statement, params, ret_rows, err);
}

bool __wrap_db_pool_run(struct db_pool *pool, const struct statement *statement,
                        const struct db_param *params, struct rows **ret_rows, struct error *err)
{
    (void)pool;
    return answer(statement, params, ret_rows, err);
}
