#include "api/sign_in/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/crypto.h"

#define SECRET_HEADER "X-Proxy-Secret"
#define SECRET_MIN 16
#define RANGES_MAX 32
#define RANGE_TEXT_MAX 64
#define LOGIN_MAX 100
#define ADDRESS_SIZE 16
#define V4_BITS 32

/* Addresses are IPv6, those of IPv4 as ::ffff:a.b.c.d. */
struct range {
    uint8_t address[ADDRESS_SIZE];
    unsigned bits;
};

struct proxy {
    struct range ranges[RANGES_MAX];
    size_t range_count;
    uint8_t secret_sha256[SHA256_SIZE];
    const char *user_header, *address_header; /* the settings'; may be empty */
};

static bool read_address(const char *text, uint8_t ret_address[ADDRESS_SIZE], bool *ret_v4)
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    *ret_v4 = inet_pton(AF_INET, text, ret_address + sizeof mapped) == 1;
    if (!*ret_v4)
        return inet_pton(AF_INET6, text, ret_address) == 1;
    memcpy(ret_address, mapped, sizeof mapped);
    return true;
}

/* "10.0.0.0/8", or an address alone. */
static bool read_range(const char *text, size_t len, struct range *ret_range)
{
    char copy[RANGE_TEXT_MAX];
    bool v4;
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    char *slash = strchr(copy, '/');
    if (slash)
        *slash = '\0';
    if (!read_address(copy, ret_range->address, &v4))
        return false;
    unsigned most = v4 ? V4_BITS : 8 * ADDRESS_SIZE;
    unsigned long bits = most;
    char *end = "";
    if (slash)
        bits = slash[1] >= '0' && slash[1] <= '9' ? strtoul(slash + 1, &end, 10) : most + 1;
    if (*end || bits > most)
        return false;
    ret_range->bits = (unsigned)bits + 8 * ADDRESS_SIZE - most;
    return true;
}

static bool read_ranges(const char *list, struct proxy *proxy, struct error *err)
{
    for (const char *at = list + strspn(list, ", "); *at; at += strspn(at, ", ")) {
        size_t len = strcspn(at, ", ");
        if (proxy->range_count == RANGES_MAX)
            return fail(err, ERR_BAD_REQUEST, "PROXY_ADDRESSES has more than %d", RANGES_MAX);
        if (!read_range(at, len, &proxy->ranges[proxy->range_count++]))
            return fail(err, ERR_BAD_REQUEST, "PROXY_ADDRESSES: %.*s is no address or range",
                        (int)(len < RANGE_TEXT_MAX ? len : RANGE_TEXT_MAX), at);
        at += len;
    }
    return proxy->range_count > 0 ||
           fail(err, ERR_BAD_REQUEST, "PROXY_ADDRESSES is empty, but there is a PROXY_SECRET");
}

bool proxy_new(const struct settings *settings, struct proxy **ret_proxy, struct error *err)
{
    const char *secret = settings->proxy_secret.value;
    *ret_proxy = NULL;
    if (!*secret && !*settings->proxy_addresses && !*settings->proxy_address_header)
        return true;
    if (strlen(secret) < SECRET_MIN)
        return fail(err, ERR_BAD_REQUEST, "PROXY_SECRET must have %d characters", SECRET_MIN);
    if (!*settings->proxy_user_header && !*settings->proxy_address_header)
        return fail(err, ERR_BAD_REQUEST, "PROXY_USER_HEADER is empty");
    struct proxy *proxy = memory_new(1, sizeof *proxy);
    proxy->user_header = settings->proxy_user_header;
    proxy->address_header = settings->proxy_address_header;
    sha256(bytes_of(secret), proxy->secret_sha256);
    if (!read_ranges(settings->proxy_addresses, proxy, err)) {
        proxy_free(proxy);
        return false;
    }
    *ret_proxy = proxy;
    return true;
}

void proxy_free(struct proxy *proxy)
{
    free(proxy);
}

static bool is_within(const struct range *range, const uint8_t address[ADDRESS_SIZE])
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    if (memcmp(range->address, address, whole) != 0)
        return false;
    return rest == 0 || (range->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool is_listed(const struct proxy *proxy, const char *peer)
{
    uint8_t address[ADDRESS_SIZE];
    bool v4;
    if (!read_address(peer, address, &v4))
        return false;
    for (size_t i = 0; i < proxy->range_count; i++)
        if (is_within(&proxy->ranges[i], address))
            return true;
    return false;
}

/* Digests are compared, so that the time says nothing of the length either. */
static bool knows_secret(const struct proxy *proxy, const struct exchange *exchange)
{
    uint8_t digest[SHA256_SIZE];
    const char *sent = exchange_header(exchange, SECRET_HEADER);
    if (!sent || framing_header_count(&exchange->head, SECRET_HEADER) > 1)
        return false;
    sha256(bytes_of(sent), digest);
    return crypto_equal(digest, proxy->secret_sha256, SHA256_SIZE);
}

static bool is_ours(const struct proxy *proxy, const struct exchange *exchange)
{
    return is_listed(proxy, exchange->peer) && knows_secret(proxy, exchange);
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1" or "[2001:db8::1]:80", as inet_ntop would write it. */
static bool read_client(const char *text, size_t len, char ret_address[EXCHANGE_ADDRESS_SIZE])
{
    char copy[RANGE_TEXT_MAX];
    uint8_t address[ADDRESS_SIZE];
    bool v4;
    if (len == 0 || len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    char *start = copy + (copy[0] == '['), *colon = strchr(start, ':');
    if (copy[0] == '[')
        start[strcspn(start, "]")] = '\0';
    else if (colon && !strchr(colon + 1, ':'))
        *colon = '\0';
    if (!read_address(start, address, &v4))
        return false;
    v4 = v4 || IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address);
    return inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + ADDRESS_SIZE - 4 : address,
                     ret_address, EXCHANGE_ADDRESS_SIZE);
}

/* From the end of a list to the first that is no proxy of ours; false once that is found, or
 * something that is no address: what stands before it is nobody's word. */
static bool go_back(const struct proxy *proxy, const char *list, struct exchange *exchange)
{
    size_t end = strlen(list);
    for (;;) {
        size_t start = end;
        while (start > 0 && list[start - 1] != ',')
            start--;
        size_t from = start + strspn(list + start, " \t"), to = end;
        while (to > from && strchr(" \t", list[to - 1]))
            to--;
        if (!read_client(list + from, to > from ? to - from : 0, exchange->address) ||
            !is_listed(proxy, exchange->address))
            return false;
        if (start == 0)
            return true;
        end = start - 1;
    }
}

void proxy_name_client(const struct proxy *proxy, struct exchange *exchange)
{
    const struct head *head = &exchange->head;
    memcpy(exchange->address, exchange->peer, sizeof exchange->address);
    if (!proxy || !*proxy->address_header || !is_ours(proxy, exchange))
        return;
    bool ours = true; /* a proxy may add a line of its own instead of adding to the last one */
    for (size_t i = head->header_count; ours && i-- > 0;)
        if (strcasecmp(head->headers[i].name, proxy->address_header) == 0)
            ours = go_back(proxy, head->headers[i].value, exchange);
}

bool proxy_signs_in(const struct proxy *proxy)
{
    return proxy && *proxy->user_header;
}

bool proxy_login(const struct proxy *proxy, const struct exchange *exchange, const char **ret_login,
                 struct error *err)
{
    *ret_login = NULL;
    const char *login =
        proxy_signs_in(proxy) ? exchange_header(exchange, proxy->user_header) : NULL;
    if (!login)
        return true;
    if (!is_ours(proxy, exchange))
        return fail(err, ERR_UNAUTHENTICATED, "only our proxy may say who somebody is");
    if (framing_header_count(&exchange->head, proxy->user_header) > 1 || !*login ||
        strlen(login) > LOGIN_MAX)
        return fail(err, ERR_UNAUTHENTICATED, "the proxy names nobody");
    *ret_login = login;
    return true;
}
