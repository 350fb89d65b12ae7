/* Where a call may go whose address somebody else named: to the network that all share, and neither
 * to this machine nor to its neighbours. Looked at when the socket is made, so that neither the
 * spelling of an address nor what a name stands for meanwhile says anything else. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/io/http_internal.h"

struct net {
    uint32_t address;
    int bits;
};

/* IANA's registry of what is not reachable from everywhere, and multicast. */
static const struct net near[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0a80000, 16}, {0xc6120000, 15},
    {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3},
};

static bool is_public_v4(uint32_t address)
{
    for (size_t i = 0; i < COUNT_OF(near); i++)
        if ((address ^ near[i].address) >> (32 - near[i].bits) == 0)
            return false;
    return true;
}

static uint32_t number_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Of version 6 only what is given out to the world, without the forms that hold an address of
 * version 4 which a tunnel would go to. */
static bool is_public_v6(const uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t translated[12] = {0x00, 0x64, 0xff, 0x9b};
    uint32_t head = number_at(bytes);
    if (memcmp(bytes, mapped, sizeof mapped) == 0 ||
        memcmp(bytes, translated, sizeof translated) == 0)
        return is_public_v4(number_at(bytes + 12));
    bool is_given_out = head >> 29 == 1;
    bool tunnels = head == 0x20010000 || head >> 16 == 0x2002;
    bool is_example = head == 0x20010db8;
    return is_given_out && !tunnels && !is_example;
}

bool http_place_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return is_public_v4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
    return address->sa_family == AF_INET6 &&
           is_public_v6(((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr);
}

curl_socket_t http_place_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context, (void)purpose;
    if (!http_place_is_public(&address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
