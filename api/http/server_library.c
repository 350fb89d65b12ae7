/* What the library refuses before it asks us: lines that are no HTTP, heads beyond its memory,
 * chunks without a size. It hands those answers to its own public function, and the loader gives it
 * the program's when there is one: so they, too, carry the headers that browsers obey. */
#include <assert.h>
#include <dlfcn.h>

#include "api/http/reply.h"
#include "api/http/server_internal.h"

typedef enum MHD_Result (*queue_fn)(struct MHD_Connection *connection, unsigned status,
                                    struct MHD_Response *response);

static queue_fn library_queue;

static __attribute__((constructor)) void find_library_queue(void)
{
    library_queue = (queue_fn)dlsym(RTLD_NEXT, "MHD_queue_response");
    assert(library_queue);
}

static bool is_of_library(struct MHD_Response *response)
{
    return !MHD_get_response_header(response, "Content-Security-Policy");
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned status,
                                   struct MHD_Response *response)
{
    const struct reply reply = {.kind = REPLY_DATA, .type = "text/html"};
    struct reply_pair pairs[REPLY_ALL_HEADERS_MAX];
    size_t count = is_of_library(response) ? reply_all_headers(&reply, false, pairs) : 0;
    for (size_t i = 0; i < count; i++)
        if (MHD_add_response_header(response, pairs[i].name, pairs[i].value) != MHD_YES)
            return MHD_NO;
    return library_queue(connection, status, response);
}
