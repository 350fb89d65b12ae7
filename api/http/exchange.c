#include "api/http/exchange.h"

#include <stdlib.h>

#include "api/requests/upload.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"

struct exchange *exchange_new(const char *target)
{
    struct exchange *exchange = memory_new(1, sizeof *exchange);
    uint8_t id[(EXCHANGE_ID_SIZE - 1) / 2];
    crypto_random(id, sizeof id);
    hex_encode(id, sizeof id, exchange->id);
    reply_add_header(&exchange->reply, "X-Request-Id", exchange->id);
    exchange->target = memory_text(target);
    exchange->started_us = clock_monotonic_us();
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    free(exchange->target);
    free(exchange->headers);
    uri_auto(&exchange->uri);
    buffer_auto(&exchange->body);
    reply_clear(&exchange->reply);
    upload_free(exchange->upload);
    free(exchange);
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    return framing_header(&exchange->head, name);
}
