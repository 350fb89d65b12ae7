#include "policy/python_database.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "policy/python_store.h"

static const char *const openers[] = {"sqlite3.connect", "duckdb.connect",
                                      "sqlalchemy.create_engine"};

bool python_opens_database(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(openers); i++)
        if (strcmp(name, openers[i]) == 0)
            return true;
    return false;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Names of sqlite3 that open nothing. */
static bool is_plain_of_sqlite(const char *name)
{
    static const char *const plain[] = {"sqlite3.connect",        "sqlite3.Row",
                                        "sqlite3.*Error",         "sqlite3.PARSE_*",
                                        "sqlite3.sqlite_version", "sqlite3.connect().*"};
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (pattern_fits(plain[i], name))
            return true;
    return false;
}

/* What connect() is called with, of which DuckDB needs no words; false when it is not seen. */
static bool place_of(const struct python *python, const struct node *call, const char *name,
                     struct buffer *ret_place)
{
    const struct node *arguments = python_child(call, PYTHON_arguments);
    const struct node *first = node_part(arguments, 0);
    if (node_parts(arguments) == 0 && strcmp(name, "duckdb.connect") == 0) {
        buffer_add_text(ret_place, ":memory:");
        return true;
    }
    if (python_is(first, KIND_keyword_argument) &&
        bytes_equal(python_bytes(python, python_child(first, PYTHON_name)), bytes_of("database")))
        first = python_child(first, PYTHON_value);
    return json_array_size(python_texts(python, first)) <= 1 &&
           python_fold(python, first, 0, ret_place) && ret_place->data;
}

static void learn_opened(struct python *python, const struct node *call, const char *name)
{
    static const char *const memory[] = {":memory:", "sqlite:///:memory:", "sqlite://"};
    AUTO(buffer) struct buffer place = {0};
    bool in_memory = false, seen = place_of(python, call, name, &place);
    for (size_t i = 0; seen && i < COUNT_OF(memory); i++)
        in_memory = in_memory || strcmp(place.data, memory[i]) == 0;
    bool in_file = seen && !in_memory && python_is_store(place.data);
    python->databases.opened += in_memory || in_file;
    python->databases.files += in_file;
    python->databases.frames |= begins(name, "duckdb.");
}

static void learn_call(struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer name = {0};
    python_resolve(python, python_child(node, PYTHON_function), 0, &name);
    const char *last = strrchr(name.data, '.');
    if (python_opens_database(name.data))
        learn_opened(python, node, name.data);
    else if (begins(name.data, "duckdb."))
        python->databases.used = true;
    else if (last && strcmp(last, ".sql") == 0) /* of whom is not known */
        python->databases.other = true;
}

static void learn_name(struct python *python, const struct node *node)
{
    const struct node *above = node_above(node);
    AUTO(buffer) struct buffer name = {0};
    if (python_is(above, KIND_dotted_name) || python_is(above, KIND_aliased_import) ||
        (python_is(above, KIND_attribute) && python_is(node, KIND_identifier)))
        return;
    python_resolve(python, node, 0, &name);
    python->databases.named += python_opens_database(name.data);
    bool spoken_of = python_is(above, KIND_type);
    if (begins(name.data, "sqlite3.") && !is_plain_of_sqlite(name.data) && !spoken_of)
        python->databases.other = true;
    if (strcmp(name.data, "builtins.spark") == 0 || strcmp(name.data, "builtins.dbutils") == 0)
        python->databases.other = true;
}

void python_learn_database(struct python *python, const struct node *node)
{
    if (python_is(node, KIND_call))
        learn_call(python, node);
    else if (python_is(node, KIND_attribute) || python_is(node, KIND_identifier))
        learn_name(python, node);
}

/* An opener that is named and not called with ":memory:" may open anything. */
bool python_in_memory(const struct python *python)
{
    __auto_type of = &python->databases;
    return !of->other && of->named == of->opened && (of->opened || of->used) &&
           (of->files == 0 || of->own);
}

static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at++) {
        bool begin = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        if (begin && !isalnum((unsigned char)at[len]) && at[len] != '_')
            return true;
    }
    return false;
}

bool python_leaves_memory(const char *statement)
{
    static const char *const words[] = {"attach",         "vacuum",    "pragma",    "install",
                                        "load_extension", "load",      "export",    "import",
                                        "readfile",       "readblob",  "writefile", "edit",
                                        "read_text",      "read_blob", "secret",    "getenv",
                                        "fts3_tokenizer", "call",      "query",     "query_table"};
    static const char *const places[] = {"://", "'/", "'~", "'..", "\"/", "/..", "s3:", "\\"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (has_word(statement, words[i]))
            return true;
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (strstr(statement, places[i]))
            return true;
    return false;
}

void python_name_memory(const struct python *python, struct buffer *ret_name)
{
    static const char *const methods[] = {".execute", ".executemany", ".executescript",
                                          ".to_sql",  ".read_sql",    ".read_sql_query",
                                          ".sql",     ".query"};
    const char *last =
        python_in_memory(python) && ret_name->len ? strrchr(ret_name->data, '.') : NULL;
    for (size_t i = 0; last && i < COUNT_OF(methods); i++)
        if (strcmp(last, methods[i]) == 0) {
            ret_name->data[ret_name->len = 0] = 0;
            buffer_printf(ret_name, "sqlite3.memory()%s", methods[i]);
            return;
        }
}

bool python_stays_in_memory(const struct python *python, const struct node *call)
{
    AUTO(buffer) struct buffer text = {0};
    const struct node *first = node_part(python_child(call, PYTHON_arguments), 0);
    if (!python_in_memory(python))
        return false;
    if (!python_fold(python, first, 0, &text) || !text.data)
        return true;
    for (char *at = text.data; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return !python_leaves_memory(text.data);
}

bool python_begins_like_sql(const char *text)
{
    static const char *const words[] = {"select",   "with",  "insert", "update", "delete",
                                        "drop",     "alter", "create", "grant",  "revoke",
                                        "truncate", "copy",  "merge"};
    while (isspace((unsigned char)*text))
        text++;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t len = strlen(words[i]);
        if (strncasecmp(text, words[i], len) == 0 && isspace((unsigned char)text[len]))
            return true;
    }
    return false;
}

bool python_asks_database(const char *callee)
{
    static const char *const names[] = {".execute", ".sql", ".query", ".read_sql",
                                        ".read_sql_query"};
    const char *last = strrchr(callee, '.');
    for (size_t i = 0; last && i < COUNT_OF(names); i++)
        if (strcmp(last, names[i]) == 0)
            return true;
    return false;
}
