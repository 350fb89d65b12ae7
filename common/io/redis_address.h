/* Where a Redis is: redis://[:password@]host:port or unix:///path/of/socket. */
#pragma once

#include <stdbool.h>

#define REDIS_HOST_SIZE 256

struct redis_address {
    char host[REDIS_HOST_SIZE]; /* or the socket's path */
    char password[REDIS_HOST_SIZE];
    int port; /* 0: a socket */
    bool valid;
};

struct redis_address redis_address_parse(const char *url);
