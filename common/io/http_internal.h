/* What the files of the HTTP client share. */
#pragma once

#include <curl/curl.h>
#include <pthread.h>

#include "common/io/http.h"

#define HTTP_ORIGIN_SIZE 288

/* One transfer at a time, and the connection it left open. */
struct http_handle {
    struct http_handle *next;
    CURL *easy;
    CURLM *multi;
    char origin[HTTP_ORIGIN_SIZE]; /* "https://host:port" of the connection */
    const atomic_bool *watched;    /* by the call under way */
};

struct http {
    struct http_options options;
    char *ca_file;
    CURLSH *names; /* addresses of hosts, known to all handles */
    pthread_mutex_t names_lock;
    pthread_mutex_t lock; /* of what follows */
    struct http_handle *idle;
    size_t idle_count;
    struct http_handle *busy;
};

/* One call under way. */
struct http_exchange {
    const struct http_request *request;
    struct http_answer *answer;
    struct http_handle *handle;
    struct curl_slist *headers;
    curl_mime *form;
    uint64_t offset; /* of the file that is sent */
    size_t header_bytes;
    size_t body_max;
    size_t taken; /* by the request's `take` */
    int starts;   /* how often the request began to leave */
    bool repeatable;
    bool told_sent;
    bool head_done; /* all headers of the final answer came */
    bool too_large;
    bool stopped;
    char why[CURL_ERROR_SIZE];
};

struct http_handle *http_pool_take(struct http *http, const char *origin,
                                   const atomic_bool *cancelled);
void http_pool_give(struct http *http, struct http_handle *handle, bool keep);

/* http_place.c */
bool http_place_is_public(const struct sockaddr *address);
curl_socket_t http_place_open(void *context, curlsocktype purpose, struct curl_sockaddr *address);

/* http_answer.c: gives the callbacks for what comes back. */
void http_answer_listen(struct http_exchange *exchange);

/* http_request.c */
bool http_request_valid(const struct http *http, const struct http_request *request,
                        char *ret_origin, struct http_answer *answer);
bool http_request_load(struct http_exchange *exchange);
