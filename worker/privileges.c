#include "worker/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool is_root(void)
{
    return getuid() == 0 || geteuid() == 0;
}

bool privileges_drop(const char *user, struct error *err)
{
    int death_signal = 0;
    (void)prctl(PR_GET_PDEATHSIG, &death_signal);
    if (is_root()) {
        errno = 0;
        const struct passwd *entry = getpwnam(user);
        if (!entry)
            return fail_field(err, ERR_BAD_REQUEST, "WORKER_USER", "there is no user %s", user);
        if (entry->pw_uid == 0)
            return fail_field(err, ERR_BAD_REQUEST, "WORKER_USER",
                              "the worker never works as user id 0");
        if (setgroups(0, NULL) != 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) ||
            setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid))
            return fail(err, ERR_INTERNAL, "can not become %s: %s", user, strerror(errno));
        if (setuid(0) == 0)
            return fail(err, ERR_INTERNAL, "root could be taken back");
    }
    /* The kernel forgets it when the user changes; who started us counts on it. */
    if (death_signal && prctl(PR_SET_PDEATHSIG, death_signal) != 0)
        return fail(err, ERR_INTERNAL, "death signal: %s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(err, ERR_INTERNAL, "no_new_privs: %s", strerror(errno));
    return true;
}
