/* A table that a run hands back: checked when it comes, shown as JSON, and had as CSV. Input: its
 * JSON. What the check lets through a reader of JSON takes, and the CSV has the same cells. */
#include "common/domain/table_csv.h"
#include "common/base/json.h"
#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/item.h"

/* The next cell of RFC 4180; true when it ends its line. */
static bool next_cell(struct fuzz *csv, struct buffer *ret_cell)
{
    bool quoted = csv->at < csv->end && *csv->at == '"';
    csv->at += quoted;
    buffer_clear(ret_cell);
    buffer_add_text(ret_cell, "");
    for (; csv->at < csv->end; csv->at++) {
        if (quoted && *csv->at == '"' && csv->at + 1 < csv->end && csv->at[1] == '"')
            csv->at++;
        else if (quoted ? *csv->at == '"' : *csv->at == ',' || *csv->at == '\r')
            break;
        buffer_add(ret_cell, csv->at, 1);
    }
    csv->at += quoted;
    CLAIM(csv->at < csv->end && (*csv->at == ',' || *csv->at == '\r'));
    if (*csv->at++ == ',')
        return false;
    CLAIM(csv->at < csv->end && *csv->at++ == '\n');
    return true;
}

/* No spreadsheet may take it for a formula; the apostrophe in front is ours. */
static void check_text(const char *text, const char *cell)
{
    const char *first = text + strspn(text, " \t\r\n");
    bool wide =
        strncmp(first, "\xef\xbc", 2) == 0 && strchr("\x9d\x8b\x8d\xa0", first[2]) && first[2];
    bool formula = *text && (wide || strchr("\t\r\n", *text) || (*first && strchr("=+-@", *first)));
    CLAIM(!*cell || !strchr("=+-@\t\r\n", *cell));
    CLAIM(!formula || *cell == '\'');
    CLAIM(strcmp(cell + formula, text) == 0);
}

static void check_cell(const json_t *value, const char *cell)
{
    if (json_is_string(value)) {
        check_text(json_string_value(value), cell);
    } else if (json_is_number(value)) {
        char *end;
        double number = strtod(cell, &end);
        CLAIM(*cell && *end == '\0' && number == json_number_value(value));
    } else {
        CLAIM(strcmp(cell, json_is_true(value)    ? "true"
                           : json_is_false(value) ? "false"
                                                  : "") == 0);
    }
}

static void check_row(struct fuzz *csv, const json_t *row, const char *key)
{
    AUTO(buffer) struct buffer cell = {0};
    size_t i, width = json_array_size(row);
    const json_t *value;
    if (width == 0)
        CLAIM(next_cell(csv, &cell) && cell.len == 0);
    json_array_foreach ((json_t *)row, i, value) {
        bool last = next_cell(csv, &cell);
        CLAIM(last == (i + 1 == width));
        check_cell(key ? json_object_get(value, key) : value, cell.data);
    }
}

static void check_csv(const json_t *table)
{
    AUTO(buffer) struct buffer out = {0};
    struct error err = {0};
    const json_t *rows = json_object_get(table, "rows");
    CLAIM(table_csv_write(table, &out, &err));
    struct fuzz csv = {(const uint8_t *)out.data, (const uint8_t *)out.data + out.len};
    check_row(&csv, json_object_get(table, "columns"), "name");
    for (size_t i = 0; i < json_array_size(rows); i++)
        check_row(&csv, json_array_get(rows, i), NULL);
    CLAIM(csv.at == csv.end);
}

static void check_shape(const json_t *table)
{
    json_t *columns = json_object_get(table, "columns"), *rows = json_object_get(table, "rows");
    size_t i, n;
    json_t *row, *cell;
    CLAIM(json_object_size(table) == 3 && json_is_array(columns) && json_is_array(rows));
    CLAIM(json_integer_of(table, "total_rows", -1) >= 0);
    json_array_foreach (rows, i, row) {
        CLAIM(json_array_size(row) == json_array_size(columns));
        json_array_foreach (row, n, cell)
            CLAIM(!json_is_object(cell) && !json_is_array(cell));
    }
}

/* Only what a body of ours may be: the api reads it before it makes a CSV of it. */
static void check_valid(struct bytes json)
{
    AUTO(json) json_t *table = NULL;
    struct error err = {0};
    CLAIM(json_read_object(json, &table, &err));
    check_shape(table);
    check_csv(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text) char *text = fuzz_copy((struct bytes){data, size});
    struct bytes json = {text, size};
    AUTO(json) json_t *table = json_loadb((const char *)data, size, 0, NULL);
    if (size > 0 && item_table_valid(json))
        check_valid(json);
    if (json_is_array(json_object_get(table, "columns")) &&
        json_is_array(json_object_get(table, "rows"))) {
        AUTO(buffer) struct buffer out = {0};
        struct error err = {0};
        CLAIM(table_csv_write(table, &out, &err)); /* of any shape */
    }
    return 0;
}
