/* The page, built by make and embedded: index.html and its assets by path. */
#pragma once

#include "api/http/router.h"

struct page_asset {
    const char *path; /* "/index.html", "/assets/main-5f3c.js" */
    const char *mime;
    const uint8_t *data;
    size_t len;
    const char *etag; /* with its quotes */
};
extern const struct page_asset page_assets[];
extern const size_t page_asset_count;

route_fn route_page, route_asset;
