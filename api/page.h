/* The page's files, inside the binary; the table is made by tools/embed_page. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct page_asset {
    const char *path; /* "/index.html", "/assets/main-1A2B3C.js"; names under /assets are hashed */
    const char *mime; /* with its charset */
    const uint8_t *data;
    size_t len;
    const char *etag; /* with its quotes */
};

/* Sorted by path. */
extern const struct page_asset page_assets[];
extern const size_t page_asset_count;
