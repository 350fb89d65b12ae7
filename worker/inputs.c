#include "worker/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worker/store.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool write_all(int fd, struct bytes data, struct error *err)
{
    const char *at = data.data;
    size_t left = data.len;
    while (left > 0) {
        ssize_t wrote = write(fd, at, left);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return fail(err, ERR_UNAVAILABLE, "no memory for an input file: %s", strerror(errno));
        at += wrote;
        left -= (size_t)wrote;
    }
    return true;
}

/* How far a file has come. */
struct progress {
    struct sha256 sha;
    uint64_t bytes;
    int32_t chunk;
};

/* The next chunk into the memory and the digest. The manifest says how many
 * bytes there are, so an empty chunk is a missing one. */
static bool fetch_chunk(struct db_pool *pool, struct attempt *attempt, size_t i,
                        struct progress *progress, struct error *err)
{
    struct sandbox_file *file = &attempt->files[i];
    AUTO(rows) struct rows *rows = NULL;
    if (!store_file_chunk(pool, attempt, attempt->file_numbers[i], progress->chunk++, &rows, err))
        return false;
    struct bytes data = {0};
    if (rows_count(rows) > 0)
        data = rows_bytes(rows, 0, 0);
    if (data.len == 0 || data.len > file->size - progress->bytes)
        return fail(err, ERR_STALE, "input %s is not the %" PRIu64 " bytes that were approved",
                    file->name, file->size);
    sha256_add(&progress->sha, data);
    progress->bytes += data.len;
    return write_all(file->fd, data, err);
}

static bool fetch_file(struct db_pool *pool, struct attempt *attempt, size_t i, struct error *err)
{
    struct sandbox_file *file = &attempt->files[i];
    file->fd = memfd_create("countersign-input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file->fd < 0)
        return fail(err, ERR_UNAVAILABLE, "no memory for an input file: %s", strerror(errno));
    struct progress progress = {0};
    sha256_start(&progress.sha);
    while (progress.bytes < file->size)
        if (!fetch_chunk(pool, attempt, i, &progress, err))
            return false;
    if (fcntl(file->fd, F_ADD_SEALS, SEALS) != 0)
        return fail(err, ERR_INTERNAL, "an input file can not be sealed: %s", strerror(errno));
    sha256_end(&progress.sha, file->sha256);
    return true;
}

bool inputs_fetch(struct db_pool *pool, struct attempt *attempt, struct error *err)
{
    for (size_t i = 0; i < attempt->file_count; i++)
        if (!fetch_file(pool, attempt, i, err))
            return false;
    return true;
}
