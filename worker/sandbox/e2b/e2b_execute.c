#include "worker/sandbox/e2b/e2b_execute.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/sandbox/e2b/e2b_lines.h"

#define GRACE_MS 2000  /* for the connection's end, when the cell's came */
#define QUIET_MS 15000 /* a living stream says something every 5 s */
#define LINE_SLACK (1024 * 1024)
#define LINE_MOST ((uint64_t)64 * 1024 * 1024)
#define STREAM_SLACK (16 * 1024 * 1024)

struct execution {
    struct sandbox *sandbox;
    const struct e2b_cell *cell;
    struct e2b_events *events;
    struct e2b_lines lines;
    struct http_request request;
    int64_t deadline_ms; /* of the cell */
    int64_t heard_ms;    /* when its stream last said something; 0: never */
};

static bool take(void *context, struct bytes piece)
{
    struct execution *execution = context;
    execution->heard_ms = clock_monotonic_ms();
    if (!e2b_lines_take(&execution->lines, piece, e2b_events_line, execution->events))
        return false;
    int64_t grace_ms = clock_monotonic_ms() + GRACE_MS;
    if (execution->events->ended && execution->request.deadline_ms > grace_ms)
        execution->request.deadline_ms = grace_ms;
    return true;
}

static void sent(void *context)
{
    struct execution *execution = context;
    if (execution->cell->started)
        execution->cell->started(execution->cell->context);
}

/* A character of output is at most six bytes of a line; a picture is base64, and
 * one value may come in several shapes. */
static void set_limits(struct execution *execution)
{
    const struct bundle_limits *limits = &execution->events->items.limits;
    uint64_t output = 6 * (uint64_t)limits->output_bytes;
    uint64_t item = 2 * (uint64_t)limits->file_bytes + LINE_SLACK;
    uint64_t line = output + item;
    execution->lines.line_max = (size_t)(line < LINE_MOST ? line : LINE_MOST);
    execution->lines.left = output + (uint64_t)(limits->files + 4) * item + STREAM_SLACK;
}

/* Until its time was up? Of a dead connection nobody knows when the code ended, or whether it ran.
 */
static bool was_alive(const struct execution *execution)
{
    return execution->heard_ms > 0 && execution->deadline_ms - execution->heard_ms <= QUIET_MS;
}

static enum e2b_end judge(const struct execution *execution, const struct http_answer *answer)
{
    static const enum e2b_end ends[] = {
        [HTTP_ANSWERED] = E2B_LOST,  [HTTP_NOT_SENT] = E2B_NOT_STARTED,
        [HTTP_CUT] = E2B_LOST,       [HTTP_TIMED_OUT] = E2B_TIMED_OUT,
        [HTTP_TOO_LARGE] = E2B_LOST, [HTTP_CANCELLED] = E2B_CANCELLED,
        [HTTP_STOPPED] = E2B_OVER,
    };
    const struct e2b_events *events = execution->events;
    if (events->items.sink_failed)
        return E2B_SINK;
    if (events->items.output_over)
        return E2B_OVER;
    if (events->ended)
        return E2B_TOLD;
    if (answer->end == HTTP_TIMED_OUT && !answer->sent)
        return E2B_NOT_STARTED;
    if (answer->end == HTTP_TIMED_OUT && !was_alive(execution))
        return E2B_LOST;
    /* 408 tells of a proxy's patience, not of what the code did. */
    if (answer->end == HTTP_ANSWERED && answer->status >= 400 && answer->status < 500 &&
        answer->status != 408)
        return E2B_REFUSED;
    return ends[answer->end];
}

static void note_refusal(const struct execution *execution, const struct http_answer *answer)
{
    struct e2b_events *events = execution->events;
    char message[104];
    e2b_message(execution->sandbox->owner, answer, message, sizeof message);
    snprintf(events->refusal, sizeof events->refusal, "status %d%s%s", answer->status,
             *message ? ": " : "", message);
}

static char *body_of(struct bytes code)
{
    AUTO(json) json_t *body = json_object();
    json_t *text = json_stringn(code.data ? code.data : "", code.len);
    if (!text)
        return NULL;
    json_object_set_new(body, "code", text);
    return json_text(body);
}

enum e2b_end e2b_execute(struct sandbox *sandbox, const struct e2b_cell *cell,
                         struct e2b_events *events, bool *ret_clean)
{
    AUTO(http_answer) struct http_answer answer = {0};
    AUTO(buffer) struct buffer url = {0};
    AUTO(text) char *body = body_of(cell->code);
    const char *fixed = sandbox->owner->options.sandbox_url;
    struct execution execution = {.sandbox = sandbox,
                                  .cell = cell,
                                  .events = events,
                                  .deadline_ms = clock_monotonic_ms() + cell->wall_ms};
    *ret_clean = false;
    if (!body) { /* no UTF-8: nothing that was approved */
        snprintf(events->refusal, sizeof events->refusal, "the code is no UTF-8");
        return E2B_REFUSED;
    }
    set_limits(&execution);
    e2b_port_url(sandbox, E2B_CODE_PORT, &url);
    buffer_add_text(&url, "/execute");
    execution.request = (struct http_request){
        .method = "POST",
        .url = url.data,
        .body = bytes_of(body),
        .content_type = "application/json",
        .deadline_ms = execution.deadline_ms,
        .take = take,
        .sent = sent,
        .context = &execution,
        .cancelled = &sandbox->cancelled,
        .close = !fixed || !*fixed, /* that host goes with the sandbox */
    };
    e2b_port_request(sandbox, E2B_CODE_PORT, &execution.request);
    *ret_clean = http_call(sandbox->owner->http, &execution.request, &answer);
    if (answer.end != HTTP_STOPPED && answer.end != HTTP_CANCELLED)
        e2b_lines_end(&execution.lines, e2b_events_line, events);
    e2b_lines_auto(&execution.lines);
    enum e2b_end end = judge(&execution, &answer);
    if (end == E2B_REFUSED)
        note_refusal(&execution, &answer);
    return end;
}
