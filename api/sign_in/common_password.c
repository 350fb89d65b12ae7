#include "api/sign_in/common_password.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int by_text(const void *password, const void *listed)
{
    return strcasecmp(password, *(const char *const *)listed);
}

bool password_is_common(const char *password, const char *login)
{
    return strcasecmp(password, login) == 0 || strcasecmp(password, "countersign") == 0 ||
           bsearch(password, common_passwords, common_password_count, sizeof *common_passwords,
                   by_text);
}
