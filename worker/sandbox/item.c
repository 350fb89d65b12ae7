#include "worker/sandbox/item.h"

#include <string.h>
#include <strings.h>

#include "common/base/utf8.h"

#define TABLE_MIME "application/vnd.countersign.table+json"
#define BINARY_MIME "application/octet-stream"
#define CHART_PIXELS 12000 /* on a side: a viewer that unpacks it must not burst */
#define NAME_LIMIT 200     /* bytes */
#define PIECE 1048576      /* the most that a sink is given at once */

static const struct {
    const char *extension;
    const char *mime;
} types[] = {
    {".csv", "text/csv"},
    {".tsv", "text/tab-separated-values"},
    {".txt", "text/plain"},
    {".md", "text/plain"},
    {".log", "text/plain"},
    {".json", "application/json"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".svg", "image/svg+xml"},
    {".html", "text/html"},
    {".pdf", "application/pdf"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".zip", "application/zip"},
    {".parquet", "application/vnd.apache.parquet"},
};

static const char *mime_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < COUNT_OF(types); i++)
        if (strcasecmp(dot, types[i].extension) == 0)
            return types[i].mime;
    return BINARY_MIME;
}

/* Bytes that follow the first one of a character; -1 when it can not be a first one. */
static int following(uint8_t first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xc2 || first > 0xf4)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/* Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte. */
static bool second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second < 0xa0;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second < 0x90;
    default:
        return true;
    }
}

bool item_text_valid(struct bytes text)
{
    const uint8_t *data = text.data;
    for (size_t i = 0; i < text.len;) {
        int more = following(data[i]);
        if (data[i] == 0 || more < 0 || (size_t)more >= text.len - i)
            return false;
        for (int k = 1; k <= more; k++)
            if ((data[i + k] & 0xc0) != 0x80)
                return false;
        if (more > 0 && !second_fits(data[i], data[i + 1]))
            return false;
        i += 1 + (size_t)more;
    }
    return true;
}

/* Nothing that is not seen in a name, or turns it round: "photo", U+202E, "gpj.exe" is shown as
 * photoexe.jpg. What bootstrap.py calls printable has none of these. */
static const struct {
    int32_t first, last;
} unseen[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},    {0x061c, 0x061c},
    {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},    {0x2060, 0x206f},
    {0xe000, 0xf8ff},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},    {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0001, 0xe007f}, {0xf0000, 0x10ffff},
};

static bool is_seen(int32_t character)
{
    for (size_t i = 0; i < COUNT_OF(unseen); i++)
        if (character >= unseen[i].first && character <= unseen[i].last)
            return false;
    return character >= 0;
}

static bool name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > NAME_LIMIT || name[0] == '.' || strchr(name, '/') || strchr(name, '\\'))
        return false;
    const unsigned char *at = (const unsigned char *)name, *end = at + len;
    while (at < end)
        if (!is_seen(utf8_next(&at, end)))
            return false;
    return true;
}

static uint32_t big_endian(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static bool is_chart(struct bytes body)
{
    static const uint8_t start[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                      0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    const uint8_t *data = body.data;
    if (body.len < 33 || memcmp(data, start, sizeof start) != 0)
        return false;
    uint32_t width = big_endian(data + 16), height = big_endian(data + 20);
    return width > 0 && height > 0 && width <= CHART_PIXELS && height <= CHART_PIXELS;
}

bool item_check(const char *kind, const char *name, struct bytes body, struct item *ret_item)
{
    struct item item = {.name = name, .body = body};
    if (strcmp(kind, "result") == 0 || strcmp(kind, "traceback") == 0) {
        item.kind = kind[0] == 'r' ? "result" : "traceback";
        item.mime = "text/plain";
        *ret_item = item;
        return name[0] == '\0' && item_text_valid(body);
    }
    item.counts = true;
    if (strcmp(kind, "table") == 0) {
        item.kind = "table";
        item.mime = TABLE_MIME;
        *ret_item = item;
        return name[0] == '\0' && item_table_valid(body);
    }
    bool chart = strcmp(kind, "chart") == 0;
    if ((!chart && strcmp(kind, "file") != 0) || !name_valid(name))
        return false;
    chart = chart && is_chart(body);
    item.kind = chart ? "chart" : "file";
    item.mime = chart ? "image/png" : mime_of(name);
    if (!chart && strcmp(kind, "chart") == 0)
        item.mime = BINARY_MIME;
    *ret_item = item;
    return true;
}

bool item_deliver(const struct item *item, const struct sandbox_sink *sink)
{
    bool taken = sink->item_begin(sink->context, item->kind, item->mime, item->name);
    const char *data = item->body.data;
    for (size_t done = 0; taken && done < item->body.len; done += PIECE) {
        size_t left = item->body.len - done;
        taken = sink->item_bytes(sink->context,
                                 (struct bytes){data + done, left < PIECE ? left : PIECE});
    }
    return taken && sink->item_end(sink->context);
}
