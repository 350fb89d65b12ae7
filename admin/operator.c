#include "admin/operator.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/shown.h"
#include "admin/stack/stack_state.h"
#include "common/base/settings.h"

static const char *running_text(const json_t *state, const char *key)
{
    const char *text = json_text_of(state, key);
    return text && *text ? text : NULL;
}

bool operator_open(struct db **ret_db, struct error *err)
{
    struct settings settings;
    AUTO(json) json_t *state = NULL;
    if (!settings_load(SETTINGS_ADMIN, stderr, &settings, err))
        return false;
    const char *url = settings.database_url.value;
    if (!url[0]) {
        if (!stack_state_read(settings.data_dir, &state, err))
            return false;
        if (!state)
            return fail(err, ERR_BAD_REQUEST, "DATABASE_URL is not set, and no stack runs in %s",
                        settings.data_dir);
        url = json_text_of(json_object_get(state, "database"), "operator");
    }
    return db_open(url, "countersign", ret_db, err);
}

bool operator_public_url(char **ret_url, struct error *err)
{
    struct settings settings;
    AUTO(json) json_t *state = NULL;
    if (!settings_load(SETTINGS_ADMIN, stderr, &settings, err))
        return false;
    const char *url = settings.public_url[0] ? settings.public_url : NULL;
    if (!url) {
        if (!stack_state_read(settings.data_dir, &state, err))
            return false;
        url = state ? running_text(state, "url") : NULL;
    }
    *ret_url = memory_text(url ? url : "http://127.0.0.1:8080");
    return true;
}

json_t *operator_list(const char *text)
{
    json_t *list = json_array();
    while (text && *text) {
        size_t len = strcspn(text, ",");
        if (len)
            json_array_append_new(list, json_stringn(text, len));
        text += len + (text[len] == ',');
    }
    return list;
}

bool operator_answer(const struct rows *rows, json_t **ret_json, struct error *err)
{
    const char *text = rows_count(rows) ? rows_text(rows, 0, 0) : NULL;
    json_error_t why;
    *ret_json = json_loads(text ? text : "null", JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    return *ret_json || fail(err, ERR_INTERNAL, "the database answered no JSON: %s", why.text);
}

bool operator_call(operator_statement_fn *statement, json_t *take_item, json_t **ret_answer,
                   struct error *err)
{
    AUTO(json) json_t *item = take_item;
    AUTO(text) char *text = json_text(item);
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    return operator_open(&db, err) && statement(db, text, &rows, err) &&
           operator_answer(rows, ret_answer, err);
}

/* One cell; caller frees. */
static char *cell(const json_t *value)
{
    AUTO(buffer) struct buffer text = {0};
    buffer_add_text(&text, "");
    if (json_is_string(value))
        buffer_add_text(&text, json_string_value(value));
    else if (json_is_integer(value))
        buffer_printf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        buffer_add_text(&text, json_is_true(value) ? "yes" : "no");
    for (size_t i = 0; i < json_array_size(value); i++)
        buffer_printf(&text, "%s%s", i ? "," : "", json_string_value(json_array_get(value, i)));
    return shown_text(text.data);
}

static size_t width(const json_t *list, const char *column)
{
    size_t most = shown_width(column);
    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(text) char *text = cell(json_object_get(json_array_get(list, i), column));
        size_t used = shown_width(text);
        most = used > most ? used : most;
    }
    return most;
}

void operator_print(const json_t *list, const char *const *columns, size_t count)
{
    for (size_t c = 0; c < count; c++)
        printf("%-*s%s", (int)width(list, columns[c]), columns[c], c + 1 < count ? "  " : "\n");
    for (size_t i = 0; i < json_array_size(list); i++)
        for (size_t c = 0; c < count; c++) {
            AUTO(text) char *text = cell(json_object_get(json_array_get(list, i), columns[c]));
            int pad = (int)(width(list, columns[c]) - shown_width(text));
            printf("%s%*s%s", text, pad, "", c + 1 < count ? "  " : "\n");
        }
}
