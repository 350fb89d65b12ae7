#include "worker/sandbox/daytona/daytona_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/json.h"

static const struct {
    const char *state;
    enum daytona_step step;
} states[] = {
    {"started", DAYTONA_READY},          {"creating", DAYTONA_WAIT},
    {"starting", DAYTONA_WAIT},          {"restoring", DAYTONA_WAIT},
    {"resuming", DAYTONA_WAIT},          {"pending_build", DAYTONA_WAIT},
    {"building_snapshot", DAYTONA_WAIT}, {"pulling_snapshot", DAYTONA_WAIT},
    {"unknown", DAYTONA_WAIT},           {"stopping", DAYTONA_WAIT},
    {"archiving", DAYTONA_WAIT},         {"pausing", DAYTONA_WAIT},
    {"resizing", DAYTONA_WAIT},          {"snapshotting", DAYTONA_WAIT},
    {"forking", DAYTONA_WAIT},           {"stopped", DAYTONA_START},
    {"archived", DAYTONA_START},         {"paused", DAYTONA_START},
    {"error", DAYTONA_FAILED},           {"build_failed", DAYTONA_FAILED},
    {"destroying", DAYTONA_GONE},        {"destroyed", DAYTONA_GONE},
};

enum daytona_step daytona_step_of(const char *state, bool destroying)
{
    if (destroying)
        return DAYTONA_GONE;
    for (size_t i = 0; i < COUNT_OF(states); i++)
        if (strcmp(state, states[i].state) == 0)
            return states[i].step;
    return DAYTONA_WAIT;
}

bool daytona_id_fits(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return len > 0 && len < DAYTONA_ID && text[len] == '\0' && text[0] != '.';
}

bool daytona_url(const char *text, bool plain, char ret_url[DAYTONA_URL])
{
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '/')
        len--;
    bool secure = strncmp(text, "https://", 8) == 0;
    if (!secure && !(plain && strncmp(text, "http://", 7) == 0))
        return false;
    size_t head = secure ? 8 : 7;
    if (len <= head || len >= DAYTONA_URL || strpbrk(text, "@?#\\ \"<>"))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f)
            return false;
    snprintf(ret_url, DAYTONA_URL, "%.*s", (int)len, text);
    return true;
}

/* The host of an address, brackets and all. */
static struct bytes host_of(const char *url)
{
    const char *start = strstr(url, "://");
    start = start ? start + 3 : url;
    size_t len = strcspn(start, *start == '[' ? "]/" : ":/");
    return (struct bytes){start, len + (start[len] == ']')};
}

static bool is_within(struct bytes host, struct bytes wanted)
{
    const char *text = host.data;
    if (wanted.len == 0 || host.len < wanted.len ||
        strncasecmp(text + host.len - wanted.len, wanted.data, wanted.len) != 0)
        return false;
    return host.len == wanted.len || text[host.len - wanted.len - 1] == '.';
}

bool daytona_host_is(const char *url, const char *host)
{
    return is_within(host_of(url), bytes_of(host));
}

bool daytona_is_beside(const char *url, const char *api)
{
    return is_within(host_of(url), host_of(api));
}

static void copy_line(const char *text, char *ret_text, size_t size)
{
    size_t at = 0;
    for (; text && text[at] && at + 1 < size; at++)
        ret_text[at] = (unsigned char)text[at] < 0x20 || text[at] == 0x7f ? ' ' : text[at];
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--; /* no half of a character */
    ret_text[at] = '\0';
}

/* 2026-11-20T16:05:00.123Z, or with +00:00 or another offset; whole seconds; 0 when it is none. */
static int64_t wall_ms_of(const char *text)
{
    struct tm tm = {0}, zone = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (rest && *rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    const char *end = rest ? strptime(rest, "%z", &zone) : NULL;
    return end && *end == '\0' ? 1000 * ((int64_t)timegm(&tm) - zone.tm_gmtoff) : 0;
}

static int64_t label_number(const json_t *labels, const char *key)
{
    const char *text = json_text_of(labels, key);
    char *rest;
    long long value = text && *text >= '0' && *text <= '9' ? strtoll(text, &rest, 10) : -1;
    return value >= 0 && *rest == '\0' ? value : -1;
}

static double number_of(const json_t *object, const char *key)
{
    double value = json_number_value(json_object_get(object, key));
    return value > 0 && value < 1e6 ? value : 0;
}

bool daytona_read_sandbox(const json_t *object, struct daytona_sandbox *ret_sandbox)
{
    const char *id = json_text_of(object, "id"), *state = json_text_of(object, "state");
    const char *desired = json_text_of(object, "desiredState");
    const char *toolbox = json_text_of(object, "toolboxProxyUrl");
    const json_t *labels = json_object_get(object, "labels");
    if (!id || !daytona_id_fits(id))
        return false;
    struct daytona_sandbox sandbox = {.cpu = number_of(object, "cpu"),
                                      .memory_gib = number_of(object, "memory"),
                                      .disk_gib = number_of(object, "disk"),
                                      .attempt_id = label_number(labels, "attempt"),
                                      .fence = label_number(labels, "fence"),
                                      .created_ms = wall_ms_of(json_text_of(object, "createdAt"))};
    snprintf(sandbox.id, sizeof sandbox.id, "%s", id);
    copy_line(json_text_of(object, "name"), sandbox.name, sizeof sandbox.name);
    copy_line(state ? state : "unknown", sandbox.state, sizeof sandbox.state);
    copy_line(json_text_of(object, "errorReason"), sandbox.reason, sizeof sandbox.reason);
    copy_line(json_text_of(labels, "countersign"), sandbox.instance, sizeof sandbox.instance);
    if (toolbox && *toolbox && !daytona_url(toolbox, true, sandbox.toolbox))
        return false;
    sandbox.step = daytona_step_of(sandbox.state, desired && strcmp(desired, "destroyed") == 0);
    *ret_sandbox = sandbox;
    return true;
}

bool daytona_exit_code(const json_t *code, int *ret_code)
{
    double value = json_number_value(code);
    bool odd = value < 0 || value > 255;
    if (!json_is_number(code) || (!odd && value != (int)value))
        return false;
    *ret_code = odd ? 255 : (int)value;
    return true;
}

void daytona_message(struct bytes body, char ret_text[DAYTONA_TEXT])
{
    AUTO(json) json_t *root = NULL;
    struct error err;
    ret_text[0] = '\0';
    if (body.len == 0)
        return;
    if (json_read_object(body, &root, &err)) {
        const char *text = json_text_of(root, "message");
        copy_line(text && *text ? text : json_text_of(root, "error"), ret_text, DAYTONA_TEXT);
        return;
    }
    char raw[DAYTONA_TEXT] = "";
    for (size_t i = 0; i < body.len && i + 1 < sizeof raw; i++) {
        char c = ((const char *)body.data)[i];
        raw[i] = (unsigned char)c < 0x20 || (unsigned char)c >= 0x7f ? ' ' : c;
    }
    copy_line(raw, ret_text, DAYTONA_TEXT);
}

/* By status a mistake of ours, by its text a pool of the organization that is full now. */
static bool is_quota(const char *message)
{
    return strncasecmp(message, "total", 5) == 0 && strcasestr(message, "limit exceeded");
}

bool daytona_failed_start(int status, const char *message)
{
    return status == 400 && strcasestr(message, "failed to start");
}

enum error_code daytona_create_error(int status, const char *message)
{
    if (status == 429 || (status == 400 && is_quota(message)))
        return ERR_THROTTLED;
    if (status == 401 || status == 402 || status == 403)
        return ERR_FORBIDDEN;
    if (status == 409)
        return ERR_CONFLICT;
    if (daytona_failed_start(status, message))
        return ERR_UNAVAILABLE;
    if (status == 400 || status == 422 || (status == 404 && strcasestr(message, "snapshot")))
        return ERR_BAD_REQUEST;
    return status == 408 || status >= 500 || status < 300 ? ERR_LOST : ERR_UNAVAILABLE;
}
