#include "admin/embedded.h"

#include <assert.h>
#include <string.h>

const struct embedded_file *embedded_find(const char *path)
{
    const struct embedded_file *found = NULL;
    for (size_t i = 0; i < embedded_count && !found; i++)
        if (strcmp(embedded_files[i].path, path) == 0)
            found = &embedded_files[i];
    assert(found);
    return found;
}
