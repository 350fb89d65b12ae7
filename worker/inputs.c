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

/* One file on its way. */
struct fetch {
    struct db_pool *pool;
    const struct attempt *attempt;
    struct sandbox_file *file;
    int32_t number;
    struct sha256 sha;
    uint64_t done;
};

/* One chunk into the memory and the digest. The manifest, which the digest over
 * everything covers, says how many bytes there must be. */
static bool fetch_chunk(struct fetch *fetch, int32_t chunk, struct error *err)
{
    const struct sandbox_file *file = fetch->file;
    AUTO(rows) struct rows *rows = NULL;
    if (!store_file_chunk(fetch->pool, fetch->attempt, fetch->number, chunk, &rows, err))
        return false;
    struct bytes data = {0};
    if (rows_count(rows) > 0)
        data = rows_bytes(rows, 0, 0);
    if (data.len == 0 || data.len > file->size - fetch->done)
        return fail(err, ERR_STALE, "input %s is not the %" PRIu64 " bytes that were approved",
                    file->name, file->size);
    sha256_add(&fetch->sha, data);
    fetch->done += data.len;
    return write_all(file->fd, data, err);
}

static bool fetch_file(struct fetch *fetch, struct error *err)
{
    struct sandbox_file *file = fetch->file;
    file->fd = memfd_create("countersign-input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file->fd < 0)
        return fail(err, ERR_UNAVAILABLE, "no memory for an input file: %s", strerror(errno));
    sha256_start(&fetch->sha);
    for (int32_t chunk = 0; fetch->done < file->size; chunk++)
        if (!fetch_chunk(fetch, chunk, err))
            return false;
    if (fcntl(file->fd, F_ADD_SEALS, SEALS) != 0)
        return fail(err, ERR_INTERNAL, "an input file can not be sealed: %s", strerror(errno));
    sha256_end(&fetch->sha, file->sha256);
    return true;
}

bool inputs_fetch(struct db_pool *pool, struct attempt *attempt, struct error *err)
{
    for (size_t i = 0; i < attempt->file_count; i++) {
        struct fetch fetch = {.pool = pool,
                              .attempt = attempt,
                              .file = &attempt->files[i],
                              .number = attempt->file_numbers[i]};
        if (!fetch_file(&fetch, err))
            return false;
    }
    return true;
}
