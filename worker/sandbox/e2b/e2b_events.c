#include "worker/sandbox/e2b/e2b_events.h"

#include <stdio.h>
#include <string.h>

#include "common/base/fault.h"
#include "worker/sandbox/e2b/e2b_internal.h"
#include "worker/sandbox/e2b/e2b_table.h"
#include "worker/sandbox/e2b/e2b_trim.h"

#define VALUES_MAX 200000 /* in one line; each takes some 40 bytes when it is read */

void e2b_events_auto(struct e2b_events *events)
{
    json_auto(&events->value);
}

/* ---- results ------------------------------------------------------------------------------ */

/* The same figure comes as the last value and once more when the cell ends. */
static bool seen_before(struct e2b_events *events, struct bytes picture)
{
    uint8_t digest[SHA256_SIZE];
    sha256(picture, digest);
    for (size_t i = 0; i < events->known; i++)
        if (memcmp(events->digests[i], digest, sizeof digest) == 0)
            return true;
    if (events->known < E2B_PICTURES)
        memcpy(events->digests[events->known++], digest, sizeof digest);
    return false;
}

/* True when there was one, even one that can not be read. */
static bool take_picture(struct e2b_events *events, const json_t *line)
{
    AUTO(buffer) struct buffer data = {0};
    struct bytes png = e2b_string(line, "png");
    struct bytes text = png.data ? png : e2b_string(line, "jpeg");
    char name[32];
    if (!text.data)
        return false;
    if (!e2b_base64(text, &data)) {
        e2b_items_note(&events->items, "a picture is no base64 and was not handed back");
    } else if (!seen_before(events, buffer_bytes(&data))) {
        snprintf(name, sizeof name, "chart-%d.%s", ++events->pictures, png.data ? "png" : "jpg");
        e2b_items_add(&events->items, png.data ? "chart" : "file", name, buffer_bytes(&data));
    }
    return true;
}

static void add_other(struct e2b_events *events, const char *extension, struct bytes body)
{
    char name[40];
    snprintf(name, sizeof name, "result-%d.%s", ++events->others, extension);
    e2b_items_add(&events->items, "file", name, body);
}

static void add_value(struct e2b_events *events, const char *extension, const json_t *value)
{
    AUTO(text) char *text = NULL;
    if (json_is_string(value)) {
        add_other(events, extension,
                  (struct bytes){json_string_value(value), json_string_length(value)});
        return;
    }
    text = json_text(value);
    add_other(events, extension, bytes_of(text));
}

/* Everything but the text, as files: never to be shown as it is. */
static void take_others(struct e2b_events *events, const json_t *line, bool table)
{
    static const char *const kinds[][2] = {{"html", "html"}, {"markdown", "md"},
                                           {"svg", "svg"},   {"latex", "tex"},
                                           {"json", "json"}, {"javascript", "js"}};
    for (size_t i = table ? 1 : 0; i < COUNT_OF(kinds); i++) {
        const json_t *value = json_object_get(line, kinds[i][0]);
        if (value && !json_is_null(value))
            add_value(events, kinds[i][1], value);
    }
    AUTO(buffer) struct buffer pdf = {0};
    struct bytes text = e2b_string(line, "pdf");
    if (text.data && e2b_base64(text, &pdf))
        add_other(events, "pdf", buffer_bytes(&pdf));
    const char *mime;
    json_t *value;
    json_object_foreach (json_object_get(line, "extra"), mime, value) {
        e2b_items_note(&events->items, "a value of the unknown type %.100s became a file", mime);
        add_value(events, "bin", value);
    }
}

static bool has_data(const json_t *line)
{
    return json_is_object(json_object_get(line, "data"));
}

/* A text beside a picture only says that there is one. */
static void take_result(struct e2b_events *events, json_t *line)
{
    bool main = json_flag(line, "is_main_result");
    struct bytes text = e2b_string(line, "text");
    bool picture = take_picture(events, line);
    take_others(events, line, has_data(line));
    if (picture)
        return;
    if (main && !events->value) {
        events->value = json_incref(line);
    } else if (text.data) { /* displayed on the way: as a terminal would show it */
        e2b_items_stream(&events->items, SANDBOX_STDOUT, text);
        e2b_items_stream(&events->items, SANDBOX_STDOUT, bytes_of("\n"));
    }
}

bool e2b_events_table(const struct e2b_events *events)
{
    struct bytes text = e2b_string(events->value, "text");
    if (has_data(events->value))
        return true;
    /* A Series has a text and nothing else; its last line tells. */
    const char *data = text.data;
    size_t start = text.len;
    while (start > 0 && data[start - 1] != '\n')
        start--;
    return text.len > start && start > 0 &&
           memmem(data + start, text.len - start, "dtype: ", 7) != NULL;
}

/* What plotting calls return says nothing beside the figure. */
static bool is_drawing(struct bytes text)
{
    static const char *const starts[] = {
        "<matplotlib.", "[<matplotlib.", "<Axes",   "array([<Axes",  "array([[<Axes",
        "Text(",        "(<Figure",      "<Figure", "<BarContainer", "(array("};
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        if (text.len > strlen(starts[i]) && memcmp(text.data, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

void e2b_events_value(struct e2b_events *events)
{
    AUTO(buffer) struct buffer table = {0};
    struct bytes text = e2b_string(events->value, "text");
    const json_t *data = json_object_get(events->value, "data");
    if (json_object_size(data) > 0 && e2b_table(data, events->items.limits.file_bytes, &table)) {
        e2b_items_note(&events->items, "the table is what the service made of it: without its "
                                       "index, and with dates as text");
        e2b_items_add(&events->items, "table", "", buffer_bytes(&table));
    } else if (text.data && !(events->pictures > 0 && is_drawing(text))) {
        e2b_items_text(&events->items, "result", text);
    }
}

/* ---- errors ------------------------------------------------------------------------------- */

/* Without the colours that a notebook gives it. */
static void add_plain(struct buffer *buffer, struct bytes text)
{
    const char *at = text.data, *end = text.len ? at + text.len : at;
    while (at < end) {
        if (end - at > 1 && at[0] == '\x1b' && at[1] == '[') {
            at += 2;
            while (at < end && ((*at >= '0' && *at <= '9') || *at == ';'))
                at++;
            at += at < end;
        } else {
            buffer_add(buffer, at++, 1);
        }
    }
}

static void take_error(struct e2b_events *events, json_t *line)
{
    AUTO(buffer) struct buffer traceback = {0};
    char name[128], value[512];
    e2b_text_copy(e2b_string(line, "name"), name, sizeof name);
    e2b_text_copy(e2b_string(line, "value"), value, sizeof value);
    if (events->has_error) {
        e2b_items_note(&events->items, "and then %.120s: %.150s", name, value);
        return;
    }
    events->has_error = true;
    memcpy(events->error_name, name, sizeof name);
    memcpy(events->error_value, value, sizeof value);
    add_plain(&traceback, e2b_string(line, "traceback"));
    events->error_traced = traceback.len > 0;
    if (traceback.len > 0 && !events->own_program && strcmp(name, "SystemExit") != 0)
        e2b_items_text(&events->items, "traceback", buffer_bytes(&traceback));
}

/* ---- lines -------------------------------------------------------------------------------- */

static void take_stdout(struct e2b_events *events, json_t *line)
{
    e2b_items_stream(&events->items, SANDBOX_STDOUT, e2b_string(line, "text"));
}

/* What a notebook has to say about sys.exit is not the code's: a line and the next one. */
static bool find_advice(struct bytes text, size_t *ret_start, size_t *ret_end)
{
    static const char words[] = "UserWarning: To exit: use 'exit', 'quit', or Ctrl-D.\n";
    const char *data = text.data;
    const char *found = text.len ? memmem(data, text.len, words, strlen(words)) : NULL;
    if (!found)
        return false;
    size_t start = (size_t)(found - data), end = start + strlen(words);
    while (start > 0 && data[start - 1] != '\n')
        start--;
    const char *newline = memchr(data + end, '\n', text.len - end);
    *ret_start = start;
    *ret_end = newline ? (size_t)(newline + 1 - data) : text.len;
    return true;
}

static void take_stderr(struct e2b_events *events, json_t *line)
{
    struct bytes text = e2b_string(line, "text");
    size_t start = text.len, end = text.len;
    if (text.len == 0)
        return;
    (void)find_advice(text, &start, &end);
    e2b_items_stream(&events->items, SANDBOX_STDERR, (struct bytes){text.data, start});
    e2b_items_stream(&events->items, SANDBOX_STDERR,
                     (struct bytes){(const char *)text.data + end, text.len - end});
}

static void take_end(struct e2b_events *events, json_t *line)
{
    (void)line;
    FAULT("worker.run.exit_seen");
    events->ended = true;
}

static void take_nothing(struct e2b_events *events, json_t *line)
{
    (void)events, (void)line;
}

static const struct {
    const char *type;
    void (*take)(struct e2b_events *events, json_t *line);
} kinds[] = {
    {"stdout", take_stdout},        {"stderr", take_stderr},
    {"result", take_result},        {"error", take_error},
    {"keepalive", take_nothing},    {"number_of_executions", take_nothing},
    {"end_of_execution", take_end},
};

static void take_line(struct e2b_events *events, json_t *line)
{
    const char *type = json_text_of(line, "type");
    for (size_t i = 0; type && i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0) {
            kinds[i].take(events, line);
            return;
        }
    e2b_items_note(&events->items, "a line of the unknown type %.60s from the service was skipped",
                   type ? type : "(none)");
}

/* Whole numbers beyond 64 bits are read as floats, but only in the lines that have them. */
static json_t *read_line(struct bytes line)
{
    json_t *root = json_loadb(line.data, line.len, JSON_ALLOW_NUL, NULL);
    if (!root)
        root = json_loadb(line.data, line.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    return root;
}

static json_t *parse(struct e2b_events *events, struct bytes line)
{
    AUTO(buffer) struct buffer trimmed = {0};
    AUTO(buffer) struct buffer mended = {0};
    if (e2b_values(line) > VALUES_MAX) {
        e2b_trim(line, &trimmed);
        line = buffer_bytes(&trimmed);
        if (e2b_values(line) > VALUES_MAX)
            return NULL;
        e2b_items_note(&events->items, "a value of very many parts was not read");
    }
    if (!json_depth_within(line, E2B_JSON_DEPTH))
        return NULL;
    json_t *root = read_line(line);
    if (root)
        return root;
    e2b_mend(line, &mended);
    return read_line(buffer_bytes(&mended));
}

/* Of a line too long to be read: was it output? Then it is more than may be. */
static void take_long(struct e2b_events *events, struct bytes head)
{
    if (memmem(head.data, head.len, "\"stdout\"", 8) ||
        memmem(head.data, head.len, "\"stderr\"", 8))
        events->items.output_over = true;
    else
        e2b_items_note(&events->items, "a line of the service was too long and was skipped");
}

bool e2b_events_line(void *context, struct bytes line, bool whole)
{
    struct e2b_events *events = context;
    FAULT("worker.remote.poll");
    if (events->ended) /* nothing comes after the end */
        return true;
    AUTO(json) json_t *root = whole ? parse(events, line) : NULL;
    if (!whole)
        take_long(events, line);
    else if (json_is_object(root))
        take_line(events, root);
    else
        e2b_items_note(&events->items, "a line of %zu bytes from the service could not be read",
                       line.len);
    return !events->items.output_over && !events->items.sink_failed;
}
