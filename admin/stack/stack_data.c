#include "admin/stack/stack_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/folders.h"
#include "common/base/crypto.h"

#define ELSEWHERE "/var/lib/countersign"

const char *const stack_roles[] = {"api",    "worker",   "operator", "auditor",
                                   "sealer", "verifier", NULL};

char *stack_data_path(const char *folder)
{
    char *here = folder[0] == '/' ? NULL : getcwd(NULL, 0);
    struct buffer path = {0};
    buffer_printf(&path, "%s%s%s", here ? here : "", here ? "/" : "", folder);
    free(here);
    while (path.len > 1 && path.data[path.len - 1] == '/')
        path.data[--path.len] = '\0';
    return path.data;
}

static bool take_lock(struct stack_data *data, struct error *err)
{
    AUTO(text) char *path = path_join(data->folder, "lock");
    data->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (data->lock_fd < 0)
        return fail(err, ERR_INTERNAL, "can not open %s: %s", path, strerror(errno));
    if (flock(data->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return fail(err, ERR_CONFLICT,
                    "a stack runs in %s already: `countersign stack down` stops it, and "
                    "DATA_DIR names another folder",
                    data->folder);
    return true;
}

/* The folder that an earlier stack left when it was killed. */
static void remove_old_run(const char *record)
{
    struct error ignored;
    AUTO(text) char *old = NULL;
    if (file_read(record, &old, &ignored) && strncmp(old, "/tmp/cs-", 8) == 0 &&
        strcspn(old + 5, "/.") == strlen(old + 5))
        (void)!folder_remove(old, &ignored);
}

static bool make_run(struct stack_data *data, struct error *err)
{
    AUTO(text) char *record = path_join(data->folder, "run");
    remove_old_run(record);
    char name[STACK_RUN_SIZE] = "/tmp/cs-XXXXXX";
    if (!mkdtemp(name))
        return fail(err, ERR_INTERNAL, "can not make a folder under /tmp: %s", strerror(errno));
    memcpy(data->run, name, sizeof name);
    /* As root the children are several accounts: they may pass, nobody may list. */
    if (data->database.name[0] &&
        (chmod(name, 0711) != 0 || chown(name, data->database.uid, data->database.gid) != 0))
        return fail(err, ERR_INTERNAL, "can not hand over %s: %s", name, strerror(errno));
    return file_write(record, bytes_of(name), 0600, err);
}

bool stack_data_open(const char *folder, struct stack_data *ret_data, struct error *err)
{
    *ret_data = (struct stack_data){.lock_fd = -1};
    ret_data->folder = stack_data_path(folder);
    ret_data->log = path_join(ret_data->folder, "log");
    ret_data->state = path_join(ret_data->folder, "stack.json");
    AUTO(text) char *secrets = path_join(ret_data->folder, "secrets");
    return account_for("postgres", &ret_data->database, err) &&
           account_for("www-data", &ret_data->api, err) &&
           folder_make(ret_data->folder, getuid() == 0 ? 0711 : 0700, err) &&
           take_lock(ret_data, err) && folder_make(ret_data->log, 0700, err) &&
           folder_make(secrets, 0700, err) && make_run(ret_data, err);
}

/* With the place elsewhere that its database may be at. */
static void remove_data(const char *folder)
{
    struct error ignored;
    AUTO(text) char *link = path_join(folder, "database");
    AUTO(text) char *target = realpath(link, NULL);
    char *last = target ? strrchr(target, '/') : NULL;
    if (last && strncmp(target, ELSEWHERE "/", sizeof ELSEWHERE) == 0) {
        *last = '\0';
        (void)!folder_remove(target, &ignored);
    }
    (void)!folder_remove(folder, &ignored);
}

void stack_data_close(struct stack_data *data, bool forget)
{
    struct error ignored;
    /* Only with the lock: the files may be another stack's. */
    if (data->run[0]) {
        (void)unlink(data->state);
        (void)!folder_remove(data->run, &ignored);
    }
    if (data->run[0] && forget)
        remove_data(data->folder);
    if (data->lock_fd >= 0)
        close(data->lock_fd);
    free(data->folder);
    free(data->log);
    free(data->state);
    *data = (struct stack_data){.lock_fd = -1};
}

bool stack_data_secret(const struct stack_data *data, const char *name, char **ret_secret,
                       struct error *err)
{
    AUTO(buffer) struct buffer path = {0};
    buffer_printf(&path, "%s/secrets/%s", data->folder, name);
    if (path_exists(path.data))
        return file_read(path.data, ret_secret, err);
    char token[TOKEN_SIZE];
    token_new("", token);
    if (!file_write(path.data, bytes_of(token), 0600, err))
        return false;
    *ret_secret = memory_text(token);
    return true;
}

/* One folder per data folder, which is named in it. */
static bool make_elsewhere(const struct stack_data *data, const char *link, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256(bytes_of(data->folder), digest);
    hex_encode(digest, sizeof digest, hex);
    AUTO(buffer) struct buffer place = {0};
    buffer_printf(&place, "%s/%.16s", ELSEWHERE, hex);
    AUTO(text) char *target = path_join(place.data, "database");
    AUTO(text) char *owner = path_join(place.data, "belongs-to");
    /* No link leads there any more, so its data folder was removed. */
    if (!folder_remove(place.data, err) || !folder_make(place.data, 0711, err) ||
        !folder_make(target, 0711, err) || !file_write(owner, bytes_of(data->folder), 0644, err))
        return false;
    if (symlink(target, link) != 0)
        return fail(err, ERR_INTERNAL, "can not link %s: %s", link, strerror(errno));
    return true;
}

bool stack_data_database(const struct stack_data *data, char **ret_folder, struct error *err)
{
    AUTO(text) char *here = path_join(data->folder, "database");
    struct stat info;
    if (lstat(here, &info) != 0) {
        bool reached = account_reaches(&data->database, data->folder);
        if (!(reached ? folder_make(here, 0711, err) : make_elsewhere(data, here, err)))
            return false;
    }
    /* Past the link: the database's account may not be able to follow it. */
    *ret_folder = realpath(here, NULL);
    return *ret_folder || fail(err, ERR_INTERNAL, "%s leads nowhere: %s", here, strerror(errno));
}

bool stack_data_reachable(const struct stack_data *data, const char *name, mode_t mode,
                          char **ret_folder, struct error *err)
{
    AUTO(text) char *database = NULL;
    if (!stack_data_database(data, &database, err))
        return false;
    AUTO(text) char *folder = path_join(database, name);
    if (!folder_make(folder, mode, err))
        return false;
    *ret_folder = TAKE(folder);
    return true;
}

/* 'quoted' as libpq wants a value. */
static void add_value(struct buffer *text, const char *value)
{
    buffer_add_text(text, "'");
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            buffer_add_text(text, "\\");
        buffer_add(text, value, 1);
    }
    buffer_add_text(text, "'");
}

char *stack_data_conninfo(const struct stack_data *data, const char *role, const char *secret)
{
    struct buffer text = {0};
    bool super = strcmp(role, "superuser") == 0;
    buffer_printf(&text, "host=%s dbname=countersign user=%s%s ", data->run,
                  super ? "" : "countersign_", super ? "postgres" : role);
    AUTO(text) char *passfile = path_join(data->folder, "secrets/passfile");
    buffer_add_text(&text, secret ? "password=" : "passfile=");
    add_value(&text, secret ? secret : passfile);
    return text.data;
}

bool stack_data_passfile(const struct stack_data *data, struct error *err)
{
    AUTO(buffer) struct buffer text = {0};
    AUTO(text) char *super = NULL;
    if (!stack_data_secret(data, "superuser", &super, err))
        return false;
    buffer_printf(&text, "*:*:*:postgres:%s\n", super);
    for (const char *const *role = stack_roles; *role; role++) {
        AUTO(text) char *secret = NULL;
        if (!stack_data_secret(data, *role, &secret, err))
            return false;
        buffer_printf(&text, "*:*:*:countersign_%s:%s\n", *role, secret);
    }
    AUTO(text) char *path = path_join(data->folder, "secrets/passfile");
    return file_write(path, buffer_bytes(&text), 0600, err);
}
