#include "tests/support/job_out.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcomes[] = {
    [SANDBOX_NOT_STARTED] = "not_started", [SANDBOX_SUCCEEDED] = "succeeded",
    [SANDBOX_FAILED] = "failed",           [SANDBOX_TIMED_OUT] = "timed_out",
    [SANDBOX_CANCELLED] = "cancelled",     [SANDBOX_UNKNOWN] = "unknown",
};

void job_out_start(struct job_out *out)
{
    *out = (struct job_out){.items = json_array(), .retry_after_ms = -1};
}

void job_out_auto(struct job_out *out)
{
    buffer_auto(&out->streams[0]);
    buffer_auto(&out->streams[1]);
    buffer_auto(&out->body);
    json_auto(&out->items);
    json_auto(&out->item);
    free(out->reference);
}

static void note_started(void *context)
{
    ((struct job_out *)context)->started++;
}

static bool take_stream(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct job_out *out = context;
    buffer_add(&out->streams[stream], chunk.data, chunk.len);
    if (out->on_output && chunk.len > 0)
        out->on_output(out->context);
    return true;
}

static bool begin_item(void *context, const char *kind, const char *mime, const char *name)
{
    struct job_out *out = context;
    json_decref(out->item);
    out->item = json_pack("{s:s, s:s, s:s}", "kind", kind, "mime", mime, "name", name);
    buffer_clear(&out->body);
    return out->item != NULL;
}

static bool add_to_item(void *context, struct bytes chunk)
{
    struct job_out *out = context;
    buffer_add(&out->body, chunk.data, chunk.len);
    return true;
}

static json_t *base64(const struct buffer *data)
{
    size_t size = sodium_base64_encoded_len(data->len, sodium_base64_VARIANT_ORIGINAL);
    char *text = memory_new(size, 1);
    sodium_bin2base64(text, size, (const unsigned char *)(data->data ? data->data : ""), data->len,
                      sodium_base64_VARIANT_ORIGINAL);
    json_t *json = json_string(text);
    free(text);
    return json;
}

static bool end_item(void *context)
{
    struct job_out *out = context;
    json_t *text = json_stringn(out->body.data ? out->body.data : "", out->body.len);
    if (text)
        json_object_set_new(out->item, "text", text);
    else
        json_object_set_new(out->item, "base64", base64(&out->body));
    json_array_append_new(out->items, TAKE(out->item));
    return true;
}

struct sandbox_sink job_out_sink(struct job_out *out)
{
    return (struct sandbox_sink){.context = out,
                                 .started = note_started,
                                 .stream = take_stream,
                                 .item_begin = begin_item,
                                 .item_bytes = add_to_item,
                                 .item_end = end_item};
}

static void add_stream(json_t *line, const char *name, const struct buffer *data)
{
    char other[32];
    json_t *text = json_stringn(data->data ? data->data : "", data->len);
    snprintf(other, sizeof other, "%s_base64", name);
    if (!text)
        json_object_set_new(line, other, base64(data));
    json_object_set_new(line, name, text ? text : json_null());
}

/* Error texts come from the code and may be cut within a character. */
static json_t *text_of(const char *text)
{
    json_t *json = json_string(text);
    return json ? json : json_string("(no UTF-8)");
}

static json_t *usage_of(const struct sandbox_usage *usage)
{
    return json_pack("{s:f, s:I, s:I, s:I}", "cpu", usage->cpu, "memory_mib",
                     (json_int_t)usage->memory_mib, "disk_gib", (json_int_t)usage->disk_gib, "ms",
                     (json_int_t)usage->ms);
}

static json_t *result_of(const struct sandbox_result *result)
{
    return json_pack(
        "{s:s, s:s, s:i, s:i, s:o, s:o, s:I, s:I, s:I, s:b, s:b, s:o}", "outcome",
        outcomes[result->outcome], "reason", result->reason, "exit_code", result->exit_code,
        "term_signal", result->term_signal, "error_name", text_of(result->error_name),
        "error_value", text_of(result->error_value), "duration_ms", (json_int_t)result->duration_ms,
        "cpu_ms", (json_int_t)result->cpu_ms, "memory_peak_bytes",
        (json_int_t)result->memory_peak_bytes, "output_truncated", result->output_truncated,
        "service_fault", result->service_fault, "usage", usage_of(&result->usage));
}

static json_t *refusal_of(const struct job_out *out)
{
    return json_pack("{s:s, s:s, s:{s:s, s:o}}", "outcome", "not_created", "reason",
                     error_name(out->create_error.code), "create_error", "code",
                     error_name(out->create_error.code), "text", text_of(out->create_error.text));
}

/* Since exec: what getrusage tells may be that of the process we were forked from. */
static int64_t resident_peak_kib(void)
{
    char line[256];
    long long kib = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %lld kB", &kib) == 1)
            break;
    if (status)
        fclose(status);
    return kib;
}

void job_out_print(const struct job_out *out, FILE *to)
{
    AUTO(json) json_t *line = out->created ? result_of(&out->result) : refusal_of(out);
    add_stream(line, "stdout", &out->streams[SANDBOX_STDOUT]);
    add_stream(line, "stderr", &out->streams[SANDBOX_STDERR]);
    json_object_set(line, "items", out->items);
    json_object_set_new(line, "started", json_integer(out->started));
    json_object_set_new(line, "retry_after_ms", json_integer(out->retry_after_ms));
    json_object_set_new(line, "reference",
                        out->reference ? json_string(out->reference) : json_null());
    json_object_set_new(line, "create_ms", json_integer(out->create_ms));
    json_object_set_new(line, "whole_ms", json_integer(out->whole_ms));
    json_object_set_new(line, "resident_peak_kib", json_integer(resident_peak_kib()));
    AUTO(text) char *text = json_text(line);
    fprintf(to, "%s\n", text);
}
