#include "admin/stack/stack_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "admin/folders.h"
#include "admin/stack/stack_data.h"

const char *stack_state_folder(void)
{
    const char *set = getenv("DATA_DIR");
    return set && *set ? set : ".data";
}

bool stack_state_read(const char *folder, json_t **ret_state, struct error *err)
{
    AUTO(text) char *absolute = stack_data_path(folder);
    AUTO(text) char *path = path_join(absolute, "stack.json");
    AUTO(text) char *text = NULL;
    AUTO(json) json_t *state = NULL;
    *ret_state = NULL;
    if (!path_exists(path))
        return true;
    if (!file_read(path, &text, err) || !json_read_object(bytes_of(text), &state, err))
        return false;
    /* One that was killed could not take its file away. */
    if (kill((pid_t)json_integer_of(state, "pid", 0), 0) == 0 || errno != ESRCH)
        *ret_state = TAKE(state);
    return true;
}
