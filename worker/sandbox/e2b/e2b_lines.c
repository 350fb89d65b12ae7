#include "worker/sandbox/e2b/e2b_lines.h"

#include <string.h>

#define KEEP 65536 /* what is larger is given back after each line */
#define HEAD 128   /* of a line that is too long */

void e2b_lines_auto(struct e2b_lines *lines)
{
    buffer_auto(&lines->pending);
}

static void forget(struct e2b_lines *lines)
{
    if (lines->pending.cap > KEEP)
        buffer_auto(&lines->pending);
    else
        buffer_clear(&lines->pending);
}

/* What is pending is a whole line now. */
static bool finish(struct e2b_lines *lines, e2b_line_fn *each, void *context)
{
    bool skipped = lines->skipping;
    lines->skipping = false;
    bool fine =
        skipped || lines->pending.len == 0 || each(context, buffer_bytes(&lines->pending), true);
    forget(lines);
    return fine;
}

static bool add(struct e2b_lines *lines, struct bytes part, e2b_line_fn *each, void *context)
{
    if (lines->skipping)
        return true;
    if (part.len <= lines->line_max - lines->pending.len) {
        buffer_add(&lines->pending, part.data, part.len);
        return true;
    }
    buffer_add(&lines->pending, part.data, part.len < HEAD ? part.len : HEAD);
    size_t len = lines->pending.len < HEAD ? lines->pending.len : HEAD;
    bool fine = each(context, (struct bytes){lines->pending.data, len}, false);
    lines->skipping = true;
    forget(lines);
    return fine;
}

bool e2b_lines_take(struct e2b_lines *lines, struct bytes piece, e2b_line_fn *each, void *context)
{
    const char *at = piece.data, *end = at + piece.len;
    if (piece.len > lines->left) {
        lines->left = 0;
        return false;
    }
    lines->left -= piece.len;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        if (!add(lines, (struct bytes){at, (size_t)(stop - at)}, each, context))
            return false;
        if (newline && !finish(lines, each, context))
            return false;
        at = newline ? newline + 1 : end;
    }
    return true;
}

bool e2b_lines_end(struct e2b_lines *lines, e2b_line_fn *each, void *context)
{
    return finish(lines, each, context);
}
