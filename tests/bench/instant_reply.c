#include "tests/bench/instant_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_clear(struct reply *reply)
{
    buffer_clear(&reply->body);
    buffer_clear(&reply->rest);
    *reply = (struct reply){.body = reply->body, .rest = reply->rest};
}

void reply_free(struct reply *reply)
{
    buffer_auto(&reply->body);
    buffer_auto(&reply->rest);
}

void reply_json(struct reply *reply, int status, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        abort();
    reply->status = status;
    buffer_add(&reply->body, text, (size_t)len);
    free(text);
}

void reply_chunk(struct buffer *out, const char *text)
{
    buffer_printf(out, "%zx\r\n%s\r\n", strlen(text), text);
}

void reply_last_chunk(struct buffer *out)
{
    buffer_add_text(out, "0\r\n\r\n");
}

void reply_add_string(struct buffer *out, const char *text)
{
    buffer_add_text(out, "\"");
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
            buffer_printf(out, "\\u%04x", byte);
        else
            buffer_add(out, at, 1);
    }
    buffer_add_text(out, "\"");
}
