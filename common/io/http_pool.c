#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/http_internal.h"

#define IDLE_MAX 32

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void lock_names(CURL *easy, curl_lock_data data, curl_lock_access access, void *context)
{
    struct http *http = context;
    (void)easy, (void)data, (void)access;
    pthread_mutex_lock(&http->names_lock);
}

static void unlock_names(CURL *easy, curl_lock_data data, void *context)
{
    struct http *http = context;
    (void)easy, (void)data;
    pthread_mutex_unlock(&http->names_lock);
}

static void share_names(struct http *http)
{
    pthread_mutex_init(&http->names_lock, NULL);
    http->names = curl_share_init();
    if (!http->names)
        memory_none();
    curl_share_setopt(http->names, CURLSHOPT_USERDATA, http);
    curl_share_setopt(http->names, CURLSHOPT_LOCKFUNC, lock_names);
    curl_share_setopt(http->names, CURLSHOPT_UNLOCKFUNC, unlock_names);
    curl_share_setopt(http->names, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
}

struct http *http_new(const struct http_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    struct http *http = memory_new(1, sizeof *http);
    http->options = *options;
    http->ca_file = options->ca_file && *options->ca_file ? memory_text(options->ca_file) : NULL;
    http->options.ca_file = http->ca_file;
    if (http->options.idle_max == 0)
        http->options.idle_max = IDLE_MAX;
    pthread_mutex_init(&http->lock, NULL);
    share_names(http);
    return http;
}

static struct http_handle *handle_new(void)
{
    struct http_handle *handle = memory_new(1, sizeof *handle);
    handle->easy = curl_easy_init();
    handle->multi = curl_multi_init();
    if (!handle->easy || !handle->multi)
        memory_none();
    curl_multi_setopt(handle->multi, CURLMOPT_MAXCONNECTS, 1L);
    return handle;
}

static void handle_free(struct http_handle *handle)
{
    curl_easy_cleanup(handle->easy);
    curl_multi_cleanup(handle->multi);
    free(handle);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    assert(!http->busy);
    while (http->idle) {
        struct http_handle *handle = http->idle;
        http->idle = handle->next;
        handle_free(handle);
    }
    curl_share_cleanup(http->names);
    pthread_mutex_destroy(&http->names_lock);
    pthread_mutex_destroy(&http->lock);
    free(http->ca_file);
    free(http);
}

/* Takes the newest that leads to this host, so that the others grow old and go. */
static struct http_handle *find_idle(struct http *http, const char *origin)
{
    for (struct http_handle **at = &http->idle; *at; at = &(*at)->next) {
        struct http_handle *handle = *at;
        if (strcmp(handle->origin, origin) != 0)
            continue;
        *at = handle->next;
        http->idle_count--;
        return handle;
    }
    return NULL;
}

struct http_handle *http_pool_take(struct http *http, const char *origin,
                                   const atomic_bool *cancelled)
{
    pthread_mutex_lock(&http->lock);
    struct http_handle *handle = find_idle(http, origin);
    pthread_mutex_unlock(&http->lock);
    if (!handle)
        handle = handle_new();
    memcpy(handle->origin, origin, strlen(origin) + 1);
    pthread_mutex_lock(&http->lock);
    handle->watched = cancelled;
    handle->next = http->busy;
    http->busy = handle;
    pthread_mutex_unlock(&http->lock);
    return handle;
}

/* The one that was used longest ago, when there are too many. */
static struct http_handle *take_oldest(struct http *http)
{
    if (http->idle_count <= http->options.idle_max)
        return NULL;
    struct http_handle **at = &http->idle;
    while ((*at)->next)
        at = &(*at)->next;
    struct http_handle *oldest = *at;
    *at = NULL;
    http->idle_count--;
    return oldest;
}

void http_pool_give(struct http *http, struct http_handle *handle, bool keep)
{
    struct http_handle *useless = keep ? NULL : handle;
    pthread_mutex_lock(&http->lock);
    struct http_handle **at = &http->busy;
    while (*at != handle)
        at = &(*at)->next;
    *at = handle->next;
    handle->watched = NULL;
    if (keep) {
        handle->next = http->idle;
        http->idle = handle;
        http->idle_count++;
        useless = take_oldest(http);
    }
    pthread_mutex_unlock(&http->lock);
    if (useless)
        handle_free(useless);
}

void http_cancel(struct http *http, atomic_bool *cancelled)
{
    atomic_store(cancelled, true);
    pthread_mutex_lock(&http->lock);
    for (struct http_handle *handle = http->busy; handle; handle = handle->next)
        if (handle->watched == cancelled)
            curl_multi_wakeup(handle->multi);
    pthread_mutex_unlock(&http->lock);
}
