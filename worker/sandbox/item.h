/* Checks one item that a run hands back: kind, name, and whether its bytes are what they claim. */
#pragma once

#include "worker/sandbox/result.h"

struct item {
    const char *kind; /* of a fixed list; lives for ever */
    const char *mime; /* likewise */
    const char *name; /* borrowed from the caller */
    struct bytes body;
    bool counts; /* against the limit of files, charts and tables */
};

/* False when no honest bootstrap would send it. A chart that is not a picture
 * of sane size becomes a file: it is handed back, but not shown. */
bool item_check(const char *kind, const char *name, struct bytes body, struct item *ret_item);

/* Gives it to the sink in pieces; false when the sink takes no more. */
bool item_deliver(const struct item *item, const struct sandbox_sink *sink);

bool item_text_valid(struct bytes text); /* UTF-8 without NUL */
/* {"columns":[{"name","type"}…],"rows":[[…]…],"total_rows":N}, every row as wide
 * as the columns, cells plain values, exactly as compact as our bootstrap writes it. */
bool item_table_valid(struct bytes json);
