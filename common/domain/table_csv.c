#include "common/domain/table_csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a spreadsheet may take for a formula: also behind blanks, and in the wide letters of East
 * Asia. */
static bool is_formula(const char *text)
{
    static const char *const wide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
    const char *at = text + strspn(text, " \t\r\n");
    for (size_t i = 0; i < COUNT_OF(wide); i++)
        if (strncmp(at, wide[i], strlen(wide[i])) == 0)
            return true;
    return *text && (strchr("\t\r\n", *text) || (*at && strchr("=+-@", *at)));
}

/* Semicolons and tabs, too, part cells for some. */
static void add_text(struct buffer *out, const char *text)
{
    bool formula = is_formula(text);
    bool quoted = formula || strpbrk(text, ",;\"\t\r\n") || *text == ' ';
    if (!quoted) {
        buffer_add_text(out, text);
        return;
    }
    buffer_add_text(out, formula ? "\"'" : "\"");
    for (; *text; text++)
        buffer_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    buffer_add_text(out, "\"");
}

/* The shortest digits that mean this number: 4.4, not 4.4000000000000004. */
static void add_real(struct buffer *out, double value)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buffer_add_text(out, text);
}

static void add_cell(struct buffer *out, const json_t *cell)
{
    if (json_is_string(cell)) {
        add_text(out, json_string_value(cell));
    } else if (json_is_boolean(cell)) {
        buffer_add_text(out, json_is_true(cell) ? "true" : "false");
    } else if (json_is_real(cell)) {
        add_real(out, json_real_value(cell));
    } else if (!json_is_null(cell)) {
        AUTO(text) char *text = json_text(cell);
        if (json_is_integer(cell))
            buffer_add_text(out, text);
        else
            add_text(out, text);
    }
}

bool table_csv_write(const json_t *table, struct buffer *out, struct error *err)
{
    json_t *columns = json_object_get(table, "columns"), *rows = json_object_get(table, "rows");
    json_t *column, *row, *cell;
    size_t i, n;
    if (!json_is_array(columns) || !json_is_array(rows))
        return fail(err, ERR_NOT_ACCEPTABLE, "this result is no table");
    json_array_foreach (columns, i, column) {
        const char *name = json_text_of(column, "name");
        buffer_add_text(out, i ? "," : "");
        add_text(out, name ? name : "");
    }
    buffer_add_text(out, "\r\n");
    json_array_foreach (rows, n, row) {
        json_array_foreach (row, i, cell) {
            buffer_add_text(out, i ? "," : "");
            add_cell(out, cell);
        }
        buffer_add_text(out, "\r\n");
    }
    return true;
}
