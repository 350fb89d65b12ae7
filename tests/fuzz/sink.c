#include "tests/fuzz/sink.h"

#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/item.h"

static bool take_stream(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct sink_kept *kept = context;
    CLAIM((stream == SANDBOX_STDOUT || stream == SANDBOX_STDERR) && chunk.len > 0);
    buffer_add(&kept->streams[stream], chunk.data, chunk.len);
    return true;
}

static bool is_one_of(const char *text, const char *const *list)
{
    while (*list && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

static bool begin_item(void *context, const char *kind, const char *mime, const char *name)
{
    static const char *const kinds[] = {"table", "chart", "file", "result", "traceback", NULL};
    static const char *const named[] = {"chart", "file", NULL};
    struct sink_kept *kept = context;
    CLAIM(!kept->in_item && is_one_of(kind, kinds) && mime[0]);
    CLAIM(is_one_of(kind, named) == (name[0] != '\0'));
    CLAIM(name[0] != '.' && !strpbrk(name, "/\\\n\r\x1b") && strlen(name) <= 200);
    CLAIM(fuzz_is_utf8(bytes_of(name)));
    CLAIM((strcmp(kind, "chart") == 0) == (strcmp(mime, "image/png") == 0 && kind[0] == 'c'));
    kept->in_item = true;
    kept->item_count++;
    kept->counted += kind[0] != 'r' && strcmp(kind, "traceback") != 0;
    buffer_printf(&kept->items, "%s %s %s ", kind, mime, name);
    buffer_clear(&kept->item);
    return true;
}

static bool add_item(void *context, struct bytes chunk)
{
    struct sink_kept *kept = context;
    CLAIM(kept->in_item && chunk.len > 0 && chunk.len <= 1048576);
    buffer_add(&kept->item, chunk.data, chunk.len);
    return true;
}

static bool end_item(void *context)
{
    struct sink_kept *kept = context;
    CLAIM(kept->in_item);
    kept->in_item = false;
    kept->largest = kept->item.len > kept->largest ? kept->item.len : kept->largest;
    buffer_printf(&kept->items, "%zu ", kept->item.len);
    buffer_add(&kept->items, kept->item.data, kept->item.len);
    return true;
}

struct sandbox_sink sink_for(struct sink_kept *kept)
{
    return (struct sandbox_sink){.context = kept,
                                 .stream = take_stream,
                                 .item_begin = begin_item,
                                 .item_bytes = add_item,
                                 .item_end = end_item};
}

void sink_free(struct sink_kept *kept)
{
    buffer_auto(&kept->streams[0]);
    buffer_auto(&kept->streams[1]);
    buffer_auto(&kept->items);
    buffer_auto(&kept->item);
}

bool sink_same(const struct sink_kept *a, const struct sink_kept *b)
{
    return bytes_equal(buffer_bytes(&a->streams[0]), buffer_bytes(&b->streams[0])) &&
           bytes_equal(buffer_bytes(&a->streams[1]), buffer_bytes(&b->streams[1])) &&
           bytes_equal(buffer_bytes(&a->items), buffer_bytes(&b->items));
}
