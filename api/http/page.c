#include "api/http/page.h"

#include <string.h>

#include "api/api.h"

static const struct page_asset *find(const char *path)
{
    for (size_t i = 0; i < page_asset_count; i++)
        if (strcmp(page_assets[i].path, path) == 0)
            return &page_assets[i];
    return NULL;
}

static bool serve(struct call *call, const char *path, enum reply_kind kind, struct error *err)
{
    const struct page_asset *asset = find(path);
    const char *seen = exchange_header(call->exchange, "If-None-Match");
    if (!asset)
        return fail(err, ERR_NOT_FOUND, "there is nothing here");
    call->reply->kind = kind;
    call->reply->type = asset->mime;
    reply_add_header(call->reply, "ETag", asset->etag);
    bool unchanged = seen && strcmp(seen, asset->etag) == 0;
    call->reply->status = unchanged ? 304 : 200;
    if (!unchanged)
        call->reply->borrowed = (struct bytes){asset->data, asset->len};
    return true;
}

/* Every view has the same document; the page reads the path itself. */
bool route_page(struct call *call, struct error *err)
{
    return serve(call, "/index.html", REPLY_PAGE, err);
}

bool route_asset(struct call *call, struct error *err)
{
    return serve(call, call->exchange->uri.path, REPLY_ASSET, err);
}
