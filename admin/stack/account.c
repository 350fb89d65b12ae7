#include "admin/stack/account.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool account_for(const char *name, struct account *ret_account, struct error *err)
{
    struct account account = {"", getuid(), getgid()};
    if (getuid() == 0) {
        const struct passwd *entry = getpwnam(name);
        if (!entry)
            return fail(err, ERR_INTERNAL,
                        "there is no system account %s to run as (PostgreSQL refuses root)", name);
        snprintf(account.name, sizeof account.name, "%s", name);
        account.uid = entry->pw_uid;
        account.gid = entry->pw_gid;
    }
    *ret_account = account;
    return true;
}

bool account_become(const struct account *account)
{
    if (!account->name[0])
        return true;
    return initgroups(account->name, account->gid) == 0 &&
           setresgid(account->gid, account->gid, account->gid) == 0 &&
           setresuid(account->uid, account->uid, account->uid) == 0;
}

bool account_reaches(const struct account *account, const char *folder)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(account_become(account) && access(folder, X_OK) == 0 ? 0 : 1);
    int status = 1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
