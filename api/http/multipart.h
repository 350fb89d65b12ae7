/* A bounded reader of multipart/form-data with exactly one part, a file named
 * "file". Pieces go in, the file's bytes come out; nothing is held whole. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"

#define MULTIPART_BOUNDARY_MAX 70
#define MULTIPART_HEADERS_MAX 4096 /* bytes of a part's headers */
#define MULTIPART_NAME_SIZE 256

struct multipart;

/* Gets the file's bytes in order. */
typedef bool multipart_sink_fn(void *context, struct bytes data, struct error *err);

/* Reads the boundary out of a Content-Type header. Caller frees. */
bool multipart_new(const char *content_type, struct multipart **ret_multipart,
                   struct error *err) MUST_CHECK;
void multipart_free(struct multipart *multipart);

bool multipart_feed(struct multipart *multipart, struct bytes data, multipart_sink_fn *sink,
                    void *context, struct error *err) MUST_CHECK;
/* ERR_BAD_REQUEST unless the closing boundary was seen. */
bool multipart_finish(const struct multipart *multipart, struct error *err) MUST_CHECK;

/* As sent; "" until its headers were seen. Check it before use. */
const char *multipart_file_name(const struct multipart *multipart);
