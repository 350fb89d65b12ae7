#include "worker/sandbox/e2b/e2b_table.h"

#include <stdlib.h>
#include <string.h>

#define ENDING 64 /* what is added behind the last row */
#define EXACT                                                                                      \
    ((json_int_t)1 << 53) /* beyond it a reader in JavaScript would see another integer            \
                           */

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_BOOLEAN };
static const char *const kind_names[] = {"text", "number", "boolean"};

/* Numbers that JSON can not hold come as their names. */
static bool is_no_number(const json_t *value)
{
    const char *text = json_string_value(value);
    return text &&
           (strcmp(text, "nan") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0);
}

static bool is_exact(const json_t *value)
{
    return !json_is_integer(value) ||
           (json_integer_value(value) <= EXACT && json_integer_value(value) >= -EXACT);
}

static enum column_kind kind_of(const json_t *values)
{
    size_t numbers = 0, booleans = 0, others = 0;
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        if (json_is_null(value) || is_no_number(value))
            continue;
        numbers += json_is_number(value) && is_exact(value);
        booleans += json_is_boolean(value);
        others += !json_is_boolean(value) && !(json_is_number(value) && is_exact(value));
    }
    if (numbers > 0 && booleans == 0 && others == 0)
        return COLUMN_NUMBER;
    return booleans > 0 && numbers == 0 && others == 0 ? COLUMN_BOOLEAN : COLUMN_TEXT;
}

/* Text as our own writer has it: UTF-8, only the escapes that must be, and no NUL. */
static void add_text(struct buffer *out, const char *text, size_t len)
{
    buffer_add_text(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char now = (unsigned char)text[i];
        if (now == 0)
            buffer_add_text(out, "\xef\xbf\xbd");
        else if (now == '"' || now == '\\')
            buffer_printf(out, "\\%c", now);
        else if (now < 0x20)
            buffer_printf(out, "\\u%04x", now);
        else
            buffer_add(out, &text[i], 1);
    }
    buffer_add_text(out, "\"");
}

static void add_cell(struct buffer *out, const json_t *value, enum column_kind kind)
{
    bool missing = json_is_null(value) || !value;
    if (missing || (kind != COLUMN_TEXT && is_no_number(value))) {
        buffer_add_text(out, "null");
        return;
    }
    if (kind == COLUMN_TEXT && json_is_string(value)) {
        add_text(out, json_string_value(value), json_string_length(value));
        return;
    }
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    if (kind == COLUMN_TEXT)
        add_text(out, text ? text : "", text ? strlen(text) : 0);
    else
        buffer_add_text(out, text ? text : "null");
    text_auto(&text);
}

static size_t add_columns(struct buffer *out, const json_t *data)
{
    const char *name;
    json_t *values;
    size_t rows = 0, width = 0;
    buffer_add_text(out, "{\"columns\":[");
    json_object_foreach ((json_t *)data, name, values) {
        buffer_add_text(out, width++ > 0 ? ",{\"name\":" : "{\"name\":");
        add_text(out, name, strlen(name));
        buffer_printf(out, ",\"type\":\"%s\"}", kind_names[kind_of(values)]);
        if (json_array_size(values) > rows)
            rows = json_array_size(values);
    }
    buffer_add_text(out, "],\"rows\":[");
    return rows;
}

static void add_row(struct buffer *out, const json_t *data, const enum column_kind *kinds,
                    size_t row)
{
    const char *name;
    json_t *values;
    size_t place = 0;
    buffer_add_text(out, row > 0 ? ",[" : "[");
    json_object_foreach ((json_t *)data, name, values) {
        if (place > 0)
            buffer_add_text(out, ",");
        add_cell(out, json_array_get(values, row), kinds[place++]);
    }
    buffer_add_text(out, "]");
}

static bool all_lists(const json_t *data)
{
    const char *name;
    json_t *values;
    json_object_foreach ((json_t *)data, name, values)
        if (!json_is_array(values))
            return false;
    return true;
}

static enum column_kind *kinds_of(const json_t *data)
{
    enum column_kind *kinds = memory_new(json_object_size(data), sizeof *kinds);
    const char *name;
    json_t *values;
    size_t place = 0;
    json_object_foreach ((json_t *)data, name, values)
        kinds[place++] = kind_of(values);
    return kinds;
}

bool e2b_table(const json_t *data, int64_t most, struct buffer *ret_json)
{
    AUTO(buffer) struct buffer out = {0};
    if (!json_is_object(data) || !all_lists(data))
        return false;
    size_t rows = add_columns(&out, data);
    if ((int64_t)out.len + ENDING > most)
        return false;
    enum column_kind *kinds = kinds_of(data);
    for (size_t row = 0; row < rows; row++) {
        size_t before = out.len;
        add_row(&out, data, kinds, row);
        if ((int64_t)out.len + ENDING > most) {
            out.len = before;
            break;
        }
    }
    free(kinds);
    buffer_printf(&out, "],\"total_rows\":%zu}", rows);
    *ret_json = out;
    out = (struct buffer){0};
    return true;
}
