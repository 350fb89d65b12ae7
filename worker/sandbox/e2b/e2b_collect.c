#include "worker/sandbox/e2b/e2b_collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/sandbox/e2b/e2b_envd.h"
#include "worker/sandbox/programs.h"

#define COLLECT_MS 60000 /* the sandbox lives a little longer than that */
#define TABLE_MS 20000

/* Constant but for our own path, and two numbers. `_oh` is what a notebook keeps of its values. */
static const char table_cell[] =
    "def _countersign_table(value):\n"
    "    space = {'__name__': 'countersign', '__file__': '%s/bootstrap.py'}\n"
    "    with open(space['__file__'], encoding='utf-8') as file:\n"
    "        exec(compile(file.read(), space['__file__'], 'exec'), space)\n"
    "    space['part']('remote')\n"
    "    space['hand_back'](value, %" PRId64 ", %" PRId64 ")\n"
    "_countersign_table(globals()['_oh'][max(globals()['_oh'])])\n";

static bool add_piece(void *context, struct bytes piece)
{
    buffer_add(context, piece.data, piece.len);
    return true;
}

/* ---- files -------------------------------------------------------------------------------- */

static void collect_file(struct sandbox *sandbox, struct e2b_events *events, const char *name)
{
    AUTO(buffer) struct buffer path = {0};
    AUTO(buffer) struct buffer data = {0};
    struct error err = {0};
    const struct e2b_download download = {(uint64_t)events->items.limits.file_bytes, add_piece,
                                          &data};
    buffer_printf(&path, E2B_HOME "/%s", name);
    if (events->items.count >= events->items.limits.files)
        events->items.left_out++;
    else if (e2b_envd_get(sandbox, path.data, &download, &err))
        e2b_items_add(&events->items, "file", name, buffer_bytes(&data));
    else
        e2b_items_note(&events->items, "%.150s was not handed back: %.120s", name, err.text);
}

static void collect_named(struct sandbox *sandbox, struct e2b_events *events, const char *name,
                          const json_t *info)
{
    const char *size = json_string_value(json_array_get(info, 0));
    int64_t limit = events->items.limits.file_bytes;
    char *rest = NULL;
    long long bytes = size ? strtoll(size, &rest, 10) : 0;
    if (bytes > limit)
        e2b_items_note(&events->items,
                       "%.200s has %lld bytes and was not handed back (limit %" PRId64 ")", name,
                       bytes, limit);
    else
        collect_file(sandbox, events, name);
}

/* By name, as a local run has them. */
static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect_changed(struct sandbox *sandbox, struct e2b_events *events, json_t *files)
{
    int64_t end_ms = clock_monotonic_ms() + COLLECT_MS;
    size_t count = 0;
    const char **names = memory_new(json_object_size(files), sizeof *names);
    const char *name;
    json_t *info;
    json_object_foreach (files, name, info)
        if (!json_equal(info, json_object_get(sandbox->before, name)))
            names[count++] = name;
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count && !events->items.sink_failed; i++) {
        if (clock_monotonic_ms() > end_ms)
            events->items.left_out++;
        else
            collect_named(sandbox, events, names[i], json_object_get(files, names[i]));
    }
    free(names);
}

void e2b_collect_files(struct sandbox *sandbox, struct e2b_events *events)
{
    AUTO(json) json_t *files = NULL;
    struct error err = {0};
    size_t others[2] = {0};
    if (!e2b_envd_list(sandbox, E2B_HOME, &sandbox->cancelled, &files, others, &err)) {
        e2b_items_note(&events->items, "the files of the run were not handed back: %.150s",
                       err.text);
        return;
    }
    collect_changed(sandbox, events, files);
    others[0] -= others[0] < sandbox->others[0] ? others[0] : sandbox->others[0];
    others[1] -= others[1] < sandbox->others[1] ? others[1] : sandbox->others[1];
    if (others[0] + others[1] > 0)
        e2b_items_note(&events->items,
                       "not handed back: %zu folders and %zu other things that are no plain files "
                       "with plain names",
                       others[0], others[1]);
}

/* ---- results file --------------------------------------------------------------------------- */

struct reading {
    struct results *results;
    const struct sandbox_sink *sink;
};

static bool take_results(void *context, struct bytes piece)
{
    struct reading *reading = context;
    results_take(reading->results, piece, reading->sink);
    return !reading->results->sink_failed && reading->results->state != RESULTS_BAD;
}

bool e2b_collect_results(struct sandbox *sandbox, const struct remote *remote,
                         const struct sandbox_sink *sink, struct results *io_results)
{
    struct error err = {0};
    char path[REMOTE_PATH];
    struct reading reading = {io_results, sink};
    const struct e2b_download download = {remote_results_max(remote->job), take_results, &reading};
    remote_results(remote, path);
    bool fine = e2b_envd_get(sandbox, path, &download, &err);
    if (!fine && err.code == ERR_TOO_LARGE)
        io_results->state = RESULTS_BAD;
    return fine || io_results->state == RESULTS_BAD || io_results->sink_failed ||
           err.code == ERR_NOT_FOUND;
}

/* ---- the last value ------------------------------------------------------------------------- */

static bool upload_programs(struct sandbox *sandbox, const struct remote *remote)
{
    struct remote_file files[PROGRAM_PARTS];
    struct http_part parts[PROGRAM_PARTS];
    struct error err = {0};
    for (size_t i = 0; i < PROGRAM_PARTS; i++) {
        remote_file(remote, i, &files[i]);
        parts[i] = (struct http_part){"file", files[i].path, files[i].data, -1, files[i].size};
    }
    return e2b_envd_put_all(sandbox, parts, PROGRAM_PARTS, &sandbox->cancelled, &err);
}

/* Notes of our programs are told; the rest of what a second cell prints is nobody's. */
static bool pass_notes(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct e2b_events *events = context;
    static const char start[] = "countersign: ";
    if (stream != SANDBOX_STDERR || chunk.len <= strlen(start) ||
        memcmp(chunk.data, start, strlen(start)) != 0)
        return true;
    const char *text = (const char *)chunk.data + strlen(start);
    size_t len = strcspn(text, "\n");
    e2b_items_note(&events->items, "%.*s", (int)(len < 200 ? len : 200), text);
    return true;
}

static bool ignore_item(void *context, const char *kind, const char *mime, const char *name)
{
    (void)context, (void)kind, (void)mime, (void)name;
    return true;
}

static bool ignore_bytes(void *context, struct bytes chunk)
{
    (void)context, (void)chunk;
    return true;
}

static bool ignore_end(void *context)
{
    (void)context;
    return true;
}

static bool run_table_cell(struct sandbox *sandbox, const struct remote *remote,
                           struct e2b_events *events)
{
    AUTO(buffer) struct buffer code = {0};
    const struct sandbox_sink sink = {events,      NULL,         pass_notes,
                                      ignore_item, ignore_bytes, ignore_end};
    const struct bundle_limits *limits = &events->items.limits;
    struct e2b_events second = {.items = {.sink = &sink, .limits = *limits}, .own_program = true};
    bool clean;
    buffer_printf(&code, table_cell, remote->folder, limits->files - events->items.count,
                  limits->file_bytes);
    const struct e2b_cell cell = {.code = buffer_bytes(&code), .wall_ms = TABLE_MS};
    enum e2b_end end = e2b_execute(sandbox, &cell, &second, &clean);
    bool fine = end == E2B_TOLD && !second.has_error;
    e2b_events_auto(&second);
    return fine;
}

static bool make_table(struct sandbox *sandbox, const struct sandbox_job *job,
                       struct e2b_events *events)
{
    const struct remote_options options = {.root = "/tmp"};
    struct error err = {0};
    if (!sandbox->remote_started && !remote_start(&sandbox->remote, job, &options, &err))
        return false;
    sandbox->remote_started = true;
    if (!upload_programs(sandbox, &sandbox->remote) ||
        !run_table_cell(sandbox, &sandbox->remote, events))
        return false;
    struct results results;
    results_start(&results, &job->limits);
    results.items = events->items.count;
    bool fine = e2b_collect_results(sandbox, &sandbox->remote, events->items.sink, &results);
    bool handed_back = results.items > events->items.count || results.texts > 0;
    events->items.count = results.items;
    events->items.texts += results.texts;
    events->items.sink_failed = events->items.sink_failed || results.sink_failed;
    results_auto(&results);
    return fine && handed_back;
}

void e2b_collect_value(struct sandbox *sandbox, const struct sandbox_job *job,
                       struct e2b_events *events, bool may_run)
{
    bool table = events->value && e2b_events_table(events);
    if (table && events->items.count >= events->items.limits.files)
        events->items.left_out++;
    else if (events->value && !(table && may_run && make_table(sandbox, job, events)))
        e2b_events_value(events);
}
