/* Facts of SQL, from PostgreSQL's own parser. */
#include <ctype.h>
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/judge.h"
#include "policy/sql_amount.h"
#include "policy/sql_spelling.h"
#include "policy/sql_token.h"

#define MADE_HUGE 1e10 /* characters: rows of a series, each with a text that is repeated */

struct sql_walk {
    struct judge *judge;
    bool inside; /* another program's text: every fact is at start to end */
    size_t start, end;
    size_t at;            /* the place last told by the tree */
    json_t *queries;      /* what is known of the statement's WITH queries */
    struct sql_made made; /* by all its calls together */
};

static void walk(struct sql_walk *sql, const char *key, const json_t *node);

static void fact(const struct sql_walk *sql, enum fact_kind kind, const char *name)
{
    if (sql->inside)
        judge_fact(sql->judge, kind, name, sql->start, sql->end);
    else
        judge_fact(sql->judge, kind, name, sql->at, sql->at + 1);
}

/* "schema.name" of a list of String nodes; what is in pg_catalog goes without. */
static void join_names(const json_t *list, char *ret_text, size_t size)
{
    size_t i, len = 0;
    json_t *item;
    ret_text[0] = '\0';
    json_array_foreach (list, i, item) {
        const char *part = json_text_of(json_object_get(item, "String"), "sval");
        if (!part)
            part = json_object_get(item, "A_Star") ? "*" : "?";
        if (len < size)
            len += (size_t)snprintf(ret_text + len, size - len, "%s%s", i ? "." : "", part);
    }
    if (strncmp(ret_text, "pg_catalog.", 11) == 0)
        memmove(ret_text, ret_text + 11, strlen(ret_text + 11) + 1);
}

static void on_function(struct sql_walk *sql, const json_t *node)
{
    char name[256];
    join_names(json_object_get(node, "funcname"), name, sizeof name);
    fact(sql, FACT_FUNCTION, name);
    const char *clause = sql_amount_function(name, node);
    if (clause)
        fact(sql, FACT_CLAUSE, clause);
    sql_amount_add(node, &sql->made);
}

/* However it is written: "Password" is one, too. */
static void column_fact(const struct sql_walk *sql, char *name)
{
    for (char *at = name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    fact(sql, FACT_COLUMN, name);
}

static void on_column(struct sql_walk *sql, const json_t *node)
{
    char name[256];
    join_names(json_object_get(node, "fields"), name, sizeof name);
    column_fact(sql, name);
}

static void on_table(struct sql_walk *sql, const json_t *node)
{
    char name[256];
    const char *schema = json_text_of(node, "schemaname"),
               *relation = json_text_of(node, "relname");
    const char *catalog = json_text_of(node, "catalogname");
    snprintf(name, sizeof name, "%s%s%s%s%s", catalog ? catalog : "", catalog ? "." : "",
             schema ? schema : "", schema ? "." : "", relation ? relation : "?");
    fact(sql, FACT_RELATION, name);
}

/* row ->> 'key' reads what is stored below that name; of a path it is the last. */
static void tell_key(const struct sql_walk *sql, const char *sign, const json_t *right)
{
    const json_t *cast = json_object_get(right, "TypeCast");
    const json_t *constant =
        json_object_get(cast ? json_object_get(cast, "arg") : right, "A_Const");
    const char *key = json_text_of(json_object_get(constant, "sval"), "sval");
    if (!key || (strcmp(sign, "->") != 0 && strcmp(sign, "->>") != 0 && strcmp(sign, "#>") != 0 &&
                 strcmp(sign, "#>>") != 0))
        return;
    char name[256];
    const char *last = strrchr(key, ',');
    last = sign[0] == '#' ? (last ? last + 1 : key + (key[0] == '{')) : key;
    snprintf(name, sizeof name, "?.%.*s", (int)strcspn(last, "}"), last);
    column_fact(sql, name);
}

/* An operator of a schema that is named is a function of somebody's. */
static void on_expression(struct sql_walk *sql, const json_t *node)
{
    const json_t *name = json_object_get(node, "name");
    const char *clause = sql_amount_expression(node);
    if (clause)
        fact(sql, FACT_CLAUSE, clause);
    const char *sign = json_text_of(json_object_get(json_array_get(name, 0), "String"), "sval");
    if (json_array_size(name) == 1 && sign)
        tell_key(sql, sign, json_object_get(node, "rexpr"));
    if (json_array_size(name) < 2)
        return;
    char text[256];
    join_names(name, text, sizeof text);
    if (strchr(text, '.'))
        fact(sql, FACT_CLAUSE, "operator.other");
}

static void on_select(struct sql_walk *sql, const json_t *node)
{
    if (json_object_get(node, "intoClause"))
        fact(sql, FACT_CLAUSE, "select.into");
    if (json_object_get(node, "lockingClause"))
        fact(sql, FACT_CLAUSE, "select.locks");
    const char *clause = sql_amount_select(node, sql->queries);
    if (clause)
        fact(sql, FACT_CLAUSE, clause);
}

static void on_explain(struct sql_walk *sql, const json_t *node)
{
    size_t i;
    json_t *option;
    json_array_foreach (json_object_get(node, "options"), i, option) {
        const char *name = json_text_of(json_object_get(option, "DefElem"), "defname");
        if (name && strcmp(name, "analyze") == 0)
            fact(sql, FACT_CLAUSE, "explain.runs");
    }
}

static void on_show(struct sql_walk *sql, const json_t *node)
{
    char clause[160];
    snprintf(clause, sizeof clause, "show.%s", json_text_of(node, "name"));
    fact(sql, FACT_CLAUSE, clause);
}

static void on_recursive(struct sql_walk *sql, const json_t *node)
{
    if (json_flag(node, "recursive"))
        fact(sql, FACT_CLAUSE, "with.recursive");
}

/* A text that is XML with definitions of its own. */
static void on_text(struct sql_walk *sql, const json_t *node)
{
    const char *text = json_text_of(node, "sval");
    if (text && (strcasestr(text, "<!doctype") || strcasestr(text, "<!entity")))
        fact(sql, FACT_CLAUSE, "xml.defines");
}

/* A value as a row of a table that holds secrets, and a column of such a row. */
static void on_type(struct sql_walk *sql, const json_t *node)
{
    char name[256];
    join_names(json_object_get(node, "names"), name, sizeof name);
    if (strncmp(name, "pg_", 3) == 0)
        fact(sql, FACT_RELATION, name);
}

static void on_part(struct sql_walk *sql, const json_t *node)
{
    char part[256], name[260];
    join_names(json_object_get(node, "indirection"), part, sizeof part);
    snprintf(name, sizeof name, "?.%s", part);
    column_fact(sql, name);
}

static const struct {
    const char *node;
    void (*on)(struct sql_walk *sql, const json_t *node);
} nodes[] = {
    {"FuncCall", on_function}, {"RangeVar", on_table},       {"relation", on_table},
    {"ColumnRef", on_column},  {"A_Expr", on_expression},    {"SelectStmt", on_select},
    {"larg", on_select},       {"rarg", on_select},          {"ExplainStmt", on_explain},
    {"rel", on_table},         {"withClause", on_recursive}, {"sval", on_text},
    {"typeName", on_type},     {"A_Indirection", on_part},   {"VariableShowStmt", on_show},
};

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len > tail && strcmp(text + len - tail, end) == 0;
}

static void tell_node(struct sql_walk *sql, const char *key, const json_t *node)
{
    const json_t *location = json_object_get(node, "location");
    if (json_is_integer(location) && json_integer_value(location) >= 0)
        sql->at = (size_t)json_integer_value(location);
    if (isupper((unsigned char)key[0]) && ends_in(key, "Stmt"))
        fact(sql, FACT_STATEMENT, key);
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        if (strcmp(nodes[i].node, key) == 0)
            nodes[i].on(sql, node);
}

static void walk(struct sql_walk *sql, const char *key, const json_t *node)
{
    if (json_is_object(node)) {
        tell_node(sql, key, node);
        const char *name;
        json_t *value;
        json_object_foreach ((json_t *)node, name, value)
            walk(sql, name, value);
    }
    size_t i;
    json_t *item;
    if (json_is_array(node))
        json_array_foreach (node, i, item) {
            walk(sql, key, item);
        }
}

/* Where the words of a statement begin: its place in the tree includes the blanks before. */
static size_t skip_blanks(struct bytes code, size_t at)
{
    const char *text = code.data;
    while (at < code.len && isspace((unsigned char)text[at]))
        at++;
    return at;
}

static void walk_statement(struct sql_walk *sql, const json_t *statement)
{
    size_t begin = sql->at;
    sql->queries = sql_amount_queries(statement);
    sql->made = (struct sql_made){1, 1};
    walk(sql, "stmt", statement);
    json_decref(sql->queries);
    sql->at = begin;
    if (sql->made.rows * sql->made.longest >= MADE_HUGE)
        fact(sql, FACT_CLAUSE, "amount.huge");
}

static void walk_statements(struct sql_walk *sql, const json_t *root, struct bytes code)
{
    size_t i;
    json_t *raw;
    const json_t *list = json_object_get(root, "stmts");
    size_t count = json_array_size(list);
    json_array_foreach (list, i, raw) {
        sql->at = skip_blanks(code, (size_t)json_integer_of(raw, "stmt_location", 0));
        if (i == 1)
            fact(sql, FACT_CLAUSE, "statements.several");
        walk_statement(sql, json_object_get(raw, "stmt"));
    }
    sql->judge->statements += count;
    if (count == 0)
        fact(sql, FACT_CLAUSE, "statements.none");
}

/* Errors are placed by characters, all else by bytes. */
static size_t byte_of(struct bytes code, size_t character)
{
    const char *text = code.data;
    size_t at = 0;
    for (; at < code.len && (character > 0 || (text[at] & 0xc0) == 0x80); at++)
        character -= (text[at] & 0xc0) != 0x80;
    return at;
}

/* Comments that PostgreSQL skips have nothing for a database; pg_query takes C text. */
static bool parse(struct bytes code, json_t **ret_root, size_t *ret_error_at)
{
    *ret_error_at = 0;
    if (code.len && memchr(code.data, '\0', code.len))
        return false;
    AUTO(buffer) struct buffer text = {0};
    buffer_add(&text, code.data, code.len);
    PgQueryParseResult result = pg_query_parse(text.data);
    json_t *root = NULL;
    if (!result.error)
        root = json_loads(result.parse_tree, 0, NULL);
    else if (result.error->cursorpos > 0)
        *ret_error_at = byte_of(code, (size_t)result.error->cursorpos - 1);
    pg_query_free_parse_result(result);
    *ret_root = root;
    return root != NULL;
}

/* What PostgreSQL does not know as SQLite and others spell it; every place stays the same. */
static bool parse_spelled(struct bytes code, json_t **ret_root)
{
    size_t at;
    AUTO(buffer) struct buffer text = {0};
    buffer_add(&text, code.data, code.len);
    sql_spelling_change(&text);
    return parse(buffer_bytes(&text), ret_root, &at);
}

void judge_sql(struct judge *judge, struct bytes code)
{
    AUTO(json) json_t *root = NULL;
    struct sql_walk sql = {.judge = judge};
    if (sql_is_double(code))
        fact(&sql, FACT_CLAUSE, "sql.double");
    if (!parse(code, &root, &sql.at)) {
        bool read = parse_spelled(code, &root);
        fact(&sql, FACT_CLAUSE, read ? "sql.spelled" : "sql.unread");
        if (!read)
            return;
        sql.at = 0;
    }
    walk_statements(&sql, root, code);
}

/* What a program writes for a value, as a name: ?, :name, %(name)s. Returns its length. */
static size_t placeholder(const char *text, size_t left, char before)
{
    size_t len = 1;
    if (text[0] == '?')
        return 1;
    const char *end = text[0] == '%' && left > 3 && text[1] == '(' ? memchr(text, ')', left) : NULL;
    if (end)
        return (size_t)(end - text) + 1 < left ? (size_t)(end - text) + 2 : 0;
    if (text[0] != ':' || before == ':' || left < 2 || !isalpha((unsigned char)text[1]))
        return 0;
    while (len < left && (isalnum((unsigned char)text[len]) || text[len] == '_'))
        len++;
    return len;
}

/* Other databases than PostgreSQL read from 'file', too. */
static void name_files(char *text)
{
    static const char *const words[] = {"from '", "join '", "FROM '", "JOIN '"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        for (char *at = text; (at = strstr(at, words[i])); at++) {
            char *close = strchr(at + 6, '\'');
            if (close)
                at[5] = *close = '"';
        }
}

/* SQL as programs hold it. */
static bool parse_text(struct bytes code, json_t **ret_root)
{
    size_t at, len;
    AUTO(buffer) struct buffer plain = {0};
    const char *text = code.data;
    if (parse(code, ret_root, &at))
        return true;
    for (size_t i = 0; i < code.len; i += len ? len : 1) {
        len = placeholder(text + i, code.len - i, i ? text[i - 1] : ' ');
        buffer_add(&plain, len ? " q " : text + i, len ? 3 : 1);
    }
    if (plain.data)
        name_files(plain.data);
    return parse(buffer_bytes(&plain), ret_root, &at) ||
           parse_spelled(buffer_bytes(&plain), ret_root);
}

bool sql_is_read(struct bytes code)
{
    AUTO(json) json_t *root = NULL;
    return parse_text(code, &root);
}

bool judge_sql_text(struct judge *judge, struct bytes code, size_t start, size_t end)
{
    AUTO(json) json_t *root = NULL;
    if (!parse_text(code, &root))
        return false;
    struct sql_walk sql = {.judge = judge, .inside = true, .start = start, .end = end};
    if (sql_is_double(code))
        fact(&sql, FACT_CLAUSE, "sql.double");
    walk_statements(&sql, root, code);
    return true;
}
