/* Answers of Daytona's control plane: one sandbox, a list of them, an error. Input: a status (one
 * byte: the hundreds, then the rest), the place in the list (a line), the body. http_call is ours
 * here. */
#include "common/base/json.h"
#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/daytona/daytona_list.h"

#define INSTANCE "1f0c5e"

static struct {
    int status;
    struct bytes body;
    int calls;
} service;

bool __wrap_http_call(struct http *http, const struct http_request *request,
                      struct http_answer *ret_answer);

bool __wrap_http_call(struct http *http, const struct http_request *request,
                      struct http_answer *ret_answer)
{
    (void)http;
    *ret_answer = (struct http_answer){.end = HTTP_ANSWERED, .sent = true};
    ret_answer->status = service.status;
    ret_answer->retry_after_ms = -1;
    buffer_add(&ret_answer->body, service.body.data, service.body.len);
    CLAIM(strncmp(request->url, "https://daytona.example/", 24) == 0);
    for (const char *at = request->url; *at; at++)
        CLAIM(*at > ' ' && *at < 0x7f && !strchr("\"<>\\", *at));
    service.calls++;
    return true;
}

static void count_listed(void *context, const struct sandbox_listed *found)
{
    size_t *count = context;
    CLAIM(daytona_id_fits(found->remote_id) && !strpbrk(found->remote_id, "/?#% "));
    CLAIM(found->age_ms >= 0 && found->attempt_id >= -1 && found->fence >= -1);
    CLAIM(memmem(service.body.data, service.body.len, INSTANCE, strlen(INSTANCE)));
    ++*count;
}

static const struct daytona *backend(void)
{
    static char authorization[] = "Bearer secret";
    static struct daytona daytona = {.api = "https://daytona.example/api",
                                     .authorization = authorization};
    daytona.options = (struct daytona_options){.key = "secret", .api_url = daytona.api};
    return &daytona;
}

static void check_list(const char *place)
{
    size_t count = 0;
    struct error err = {0};
    struct sandbox_page page = {.instance = INSTANCE, .each = count_listed, .context = &count};
    if (strlen(place) >= sizeof page.cursor)
        return;
    memcpy(page.cursor, place, strlen(place) + 1);
    if (!daytona_list((void *)backend(), &page, &err)) {
        CLAIM(err.code == ERR_INTERNAL || err.code == ERR_FORBIDDEN || err.code == ERR_UNAVAILABLE);
        CLAIM(!strstr(err.text, "secret"));
    } else {
        CLAIM(service.status == 200);
        CLAIM(!*page.cursor || strcmp(page.cursor, place) != 0); /* it never turns in a circle */
    }
}

static bool is_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static void check_sandbox(const json_t *object)
{
    struct daytona_sandbox found;
    if (!daytona_read_sandbox(object, &found))
        return;
    CLAIM(daytona_id_fits(found.id) && strlen(found.id) < sizeof found.id);
    CLAIM(is_line(found.name) && is_line(found.state) && is_line(found.reason));
    CLAIM(fuzz_is_utf8(bytes_of(found.name)) && fuzz_is_utf8(bytes_of(found.reason)));
    CLAIM(found.cpu >= 0 && found.memory_gib >= 0 && found.disk_gib >= 0);
    CLAIM(found.attempt_id >= -1 && found.fence >= -1);
    char url[DAYTONA_URL];
    CLAIM(!*found.toolbox || daytona_url(found.toolbox, true, url));
    CLAIM(!*found.toolbox || strcmp(url, found.toolbox) == 0);
}

static void check_words(struct bytes body)
{
    char message[DAYTONA_TEXT];
    int code = -1;
    daytona_message(body, message);
    CLAIM(strlen(message) < sizeof message && is_line(message));
    CLAIM(fuzz_is_utf8(bytes_of(message)));
    AUTO(json)
    json_t *value = body.len ? json_loadb(body.data, body.len, JSON_DECODE_ANY, NULL) : NULL;
    if (daytona_exit_code(value, &code))
        CLAIM(code >= 0 && code <= 255);
    else
        CLAIM(code == -1);
    CLAIM(daytona_create_error(service.status, message) != ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 204, 400, 401, 404, 409, 422, 500};
    struct fuzz fuzz = {data, data + size};
    service.status = statuses[fuzz_byte(&fuzz) % COUNT_OF(statuses)];
    AUTO(text) char *place = fuzz_text(fuzz_line(&fuzz));
    service.body = fuzz_rest(&fuzz);
    AUTO(json)
    json_t *root = json_loadb((const char *)service.body.data, service.body.len, 0, NULL);
    check_list(place);
    check_sandbox(root);
    check_words(service.body);
    return 0;
}
