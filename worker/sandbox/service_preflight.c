#include "worker/sandbox/service_preflight.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

#define TRIES 2 /* one lost answer is no reason to stop */
#define HOST_MOST 60

/* Only the host of an address: what else is in it may be secret. */
static void host_of(const char *url, char ret_host[HOST_MOST])
{
    const char *begin = strstr(url, "://");
    begin = begin ? begin + 3 : url;
    size_t len = strcspn(begin, "/?#");
    const char *user = memrchr(begin, '@', len);
    if (user) {
        len -= (size_t)(user + 1 - begin);
        begin = user + 1;
    }
    snprintf(ret_host, HOST_MOST, "%.*s", (int)len, begin);
}

/* It could not do it now, which says nothing of key and address. */
static bool is_passing(const struct http_answer *answer)
{
    if (answer->end == HTTP_CANCELLED)
        return true;
    return answer->end == HTTP_ANSWERED &&
           (answer->status == 408 || answer->status == 429 || answer->status >= 500);
}

static enum readiness_answer judge(const struct service *service, const struct http_answer *answer,
                                   const char *message, char ret_why_not[READINESS_WHY])
{
    char host[HOST_MOST];
    bool answered = answer->end == HTTP_ANSWERED;
    host_of(service->url, host);
    if (is_passing(answer))
        return READINESS_UNSURE;
    if (answered && (answer->status == 401 || answer->status == 403))
        snprintf(ret_why_not, READINESS_WHY, "%s refuses %s: status %d%s%.70s", service->name,
                 service->key_setting, answer->status, *message ? ": " : "", message);
    else if (answered || answer->end == HTTP_TOO_LARGE)
        snprintf(ret_why_not, READINESS_WHY, "%s (%s) answers, and not as %s does: status %d",
                 service->url_setting, host, service->name, answer->status);
    else
        snprintf(ret_why_not, READINESS_WHY, "%s (%s) does not answer: %.60s", service->url_setting,
                 host, answer->text);
    return READINESS_NO;
}

enum readiness_answer service_preflight(const struct service *service,
                                        char ret_why_not[READINESS_WHY])
{
    for (int tries = 1;; tries++) {
        AUTO(http_answer) struct http_answer answer = {0};
        char message[READINESS_WHY] = "";
        bool makes_sense = false;
        service->call(service->context, clock_monotonic_ms() + SERVICE_CALL_MS, &answer,
                      &makes_sense, message);
        if (makes_sense)
            return READINESS_YES;
        bool lost =
            answer.end == HTTP_NOT_SENT || answer.end == HTTP_CUT || answer.end == HTTP_TIMED_OUT;
        if (!lost || tries == TRIES)
            return judge(service, &answer, message, ret_why_not);
    }
}
