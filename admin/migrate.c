#include "admin/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "admin/embedded.h"
#include "build/gen/statements.h"
#include "common/io/db.h"

#define LOCK INT64_C(0x636f756e74657273) /* "counters" */

static bool run_file(struct db *db, const char *path, struct error *err)
{
    return db_run_script(db, embedded_find(path)->text, err);
}

/* The error with the file's name before it; always false. */
static bool blame(const struct embedded_file *file, const struct error *why, struct error *err)
{
    return fail(err, ERR_INTERNAL, "%s: %s", file->path, why->text);
}

static bool is_in(const struct embedded_file *file, const char *folder)
{
    return strncmp(file->path, folder, strlen(folder)) == 0;
}

static bool apply(struct db *db, const struct embedded_file *file, struct error *err)
{
    struct error why;
    AUTO(buffer) struct buffer script = {0};
    buffer_add_text(&script, embedded_find("sql/stack/as_owner.sql")->text);
    buffer_add_text(&script, file->text);
    return db_run_script(db, script.data, &why) || blame(file, &why, err);
}

static bool is_applied(struct db *db, int32_t version, bool *ret_applied, struct error *err)
{
    AUTO(rows) struct rows *table = NULL;
    AUTO(rows) struct rows *rows = NULL;
    *ret_applied = false;
    if (!sql_migration_table(db, &table, err))
        return false;
    if (!rows_integer(table, 0, 0))
        return true;
    if (!sql_migration_applied(db, version, &rows, err))
        return false;
    *ret_applied = rows_count(rows) > 0;
    return true;
}

static int32_t version_of(const struct embedded_file *file)
{
    return (int32_t)strtol(strrchr(file->path, '/') + 1, NULL, 10);
}

static bool apply_pending(struct db *db, const struct embedded_file *file, FILE *out,
                          struct error *err)
{
    bool applied;
    int32_t version = version_of(file);
    if (!is_applied(db, version, &applied, err))
        return false;
    if (applied)
        return true;
    if (!run_file(db, "sql/stack/begin.sql", err) || !apply(db, file, err) ||
        !is_applied(db, version, &applied, err))
        return false;
    if (!applied)
        return fail(err, ERR_INTERNAL, "%s does not register itself", file->path);
    if (!run_file(db, "sql/stack/commit.sql", err))
        return false;
    if (out)
        fprintf(out, "applied %s\n", file->path);
    return true;
}

static bool apply_schema(struct db *db, FILE *out, struct error *err)
{
    for (size_t i = 0; i < embedded_count; i++)
        if (is_in(&embedded_files[i], "sql/schema/") &&
            !apply_pending(db, &embedded_files[i], out, err))
            return false;
    return true;
}

/* Functions, then the views that call them, all at once or not at all. */
static bool apply_definitions(struct db *db, struct error *err)
{
    static const char *const folders[] = {"sql/functions/", "sql/views/"};
    if (!run_file(db, "sql/stack/begin.sql", err) || !run_file(db, "sql/stack/alone.sql", err))
        return false;
    for (size_t k = 0; k < COUNT_OF(folders); k++)
        for (size_t i = 0; i < embedded_count; i++)
            if (is_in(&embedded_files[i], folders[k]) && !apply(db, &embedded_files[i], err))
                return false;
    return run_file(db, "sql/stack/commit.sql", err);
}

static bool set_password(struct db *db, const struct role_password *entry, struct error *err)
{
    AUTO(text) char *verifier = NULL;
    AUTO(rows) struct rows *role = NULL;
    AUTO(rows) struct rows *value = NULL;
    return db_password_verifier(db, entry->role, entry->password.value, &verifier, err) &&
           run_file(db, "sql/stack/begin.sql", err) &&
           sql_transaction_setting(db, "countersign.role", entry->role, &role, err) &&
           sql_transaction_setting(db, "countersign.verifier", verifier, &value, err) &&
           run_file(db, "sql/stack/role_password.sql", err) &&
           run_file(db, "sql/stack/commit.sql", err);
}

bool migrate(const struct migration *migration, struct error *err)
{
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *locked = NULL;
    if (!db_open(migration->url, "countersign migrate", &db, err) ||
        !sql_migration_lock(db, LOCK, &locked, err) || !run_file(db, "sql/stack/quiet.sql", err) ||
        !run_file(db, "sql/roles.sql", err) || !apply_schema(db, migration->out, err) ||
        !apply_definitions(db, err))
        return false;
    for (size_t i = 0; i < migration->password_count; i++)
        if (migration->passwords[i].password.value[0] &&
            !set_password(db, &migration->passwords[i], err))
            return false;
    return !migration->check || db_check_statements(db, statement_table, err);
}

static bool check_option;

static bool run_migrate(struct words *words, int *ret_status, struct error *err)
{
    struct settings settings;
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "migrate takes no words: %s", words->list[0]);
    if (!settings_load(SETTINGS_ADMIN, stderr, &settings, err))
        return false;
    if (!settings.database_url.value[0])
        return fail(err, ERR_BAD_REQUEST,
                    "DATABASE_URL must name a superuser, or a login with CREATEROLE");
    const struct role_password passwords[] = {
        {"countersign_api", settings.api_db_password},
        {"countersign_worker", settings.worker_db_password},
        {"countersign_operator", settings.operator_db_password},
        {"countersign_auditor", settings.auditor_db_password},
        {"countersign_sealer", settings.sealer_db_password},
        {"countersign_verifier", settings.verifier_db_password},
    };
    const struct migration migration = {settings.database_url.value, passwords, COUNT_OF(passwords),
                                        stdout, check_option};
    *ret_status = 0;
    if (!migrate(&migration, err))
        return false;
    printf("the database is up to date\n");
    return true;
}

static const struct option_entry entries[] = {
    {"--check", NULL, "then prepare every statement that any program uses", NULL, &check_option},
};

const struct command commands_migrate[] = {
    {"migrate",
     "",
     "create or update the database that DATABASE_URL names",
     run_migrate,
     {entries, COUNT_OF(entries)}},
    {0},
};
