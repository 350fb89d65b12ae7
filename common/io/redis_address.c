#include "common/io/redis_address.h"

#include <stdlib.h>
#include <string.h>

static bool copy_text(char *ret_text, size_t size, const char *from, size_t len)
{
    if (len >= size)
        return false;
    memcpy(ret_text, from, len);
    ret_text[len] = '\0';
    return true;
}

struct redis_address redis_address_parse(const char *url)
{
    struct redis_address address = {0};
    if (strncmp(url, "unix://", 7) == 0) {
        address.valid = copy_text(address.host, sizeof address.host, url + 7, strlen(url + 7));
        return address;
    }
    if (strncmp(url, "redis://", 8) != 0)
        return address;
    const char *host = url + 8;
    const char *at = strrchr(host, '@');
    if (at) {
        const char *password = memchr(host, ':', (size_t)(at - host));
        password = password ? password + 1 : host;
        if (!copy_text(address.password, sizeof address.password, password,
                       (size_t)(at - password)))
            return address;
        host = at + 1;
    }
    size_t len = strcspn(host, ":/");
    long port = host[len] == ':' ? strtol(host + len + 1, NULL, 10) : 6379;
    address.port = (int)port;
    address.valid =
        port > 0 && port < 65536 && copy_text(address.host, sizeof address.host, host, len);
    return address;
}
