/* Finding the place where this process may make cgroups. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "worker/sandbox/local/cgroup.h"
#include "worker/sandbox/local/cgroup_file.h"

#define FOLDER_PREFIX "countersign-"
#define TRIAL "trial"
#define STALE_TRIES 50

/* One mounted hierarchy, and where this process is in it. */
struct hierarchy {
    char mount[CGROUP_PATH];
    char own[CGROUP_PATH];
};

/* The path in /proc/self/cgroup of the line that names `controller` ("" is v2). */
static bool own_path(const char *controller, char ret_path[CGROUP_PATH])
{
    char text[8192];
    cgroup_file_read("/proc/self", "", "cgroup", text, sizeof text);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        char list[256], wanted[64];
        snprintf(list, sizeof list, ",%s,", names + 1);
        snprintf(wanted, sizeof wanted, ",%s,", controller);
        if (strstr(list, wanted)) {
            snprintf(ret_path, CGROUP_PATH, "%s", path);
            return true;
        }
    }
    return false;
}

/* A line of mountinfo: is it this controller's mount, and whose group is its top? */
static bool mount_of_line(char *line, const char *controller, char **ret_root, char **ret_mount)
{
    char *dash = strstr(line, " - ");
    char root[CGROUP_PATH], mount[CGROUP_PATH], type[32], options[256];
    if (!dash || sscanf(dash, " - %31s %*s %255s", type, options) != 2 ||
        sscanf(line, "%*s %*s %*s %511s %511s", root, mount) != 2)
        return false;
    if (*controller ? strcmp(type, "cgroup") != 0 : strcmp(type, "cgroup2") != 0)
        return false;
    char list[300], wanted[64];
    snprintf(list, sizeof list, ",%s,", options);
    snprintf(wanted, sizeof wanted, ",%s,", controller);
    if (*controller && !strstr(list, wanted))
        return false;
    *ret_root = strdup(root);
    *ret_mount = strdup(mount);
    return *ret_root && *ret_mount;
}

static bool find_mount(const char *controller, struct hierarchy *ret_hierarchy)
{
    char path[CGROUP_PATH];
    FILE *file = own_path(controller, path) ? fopen("/proc/self/mountinfo", "re") : NULL;
    char line[2048];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        AUTO(text) char *root = NULL;
        AUTO(text) char *mount = NULL;
        if (!mount_of_line(line, controller, &root, &mount))
            continue;
        size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
        const char *below = strncmp(path, root, len) == 0 ? path + len : "";
        snprintf(ret_hierarchy->mount, CGROUP_PATH, "%s", mount);
        int full = snprintf(ret_hierarchy->own, CGROUP_PATH, "%s%s", mount,
                            strcmp(below, "/") == 0 ? "" : below);
        found = full > 0 && full < CGROUP_PATH;
    }
    if (file)
        fclose(file);
    return found;
}

static bool launcher_alive(const char *folder_name)
{
    long pid = strtol(folder_name + strlen(FOLDER_PREFIX), NULL, 10);
    return pid <= 0 || kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

/* One launcher's folder and the groups in it; what is in use stays. */
static bool remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *group; dir && (group = readdir(dir));) {
        char below[2 * CGROUP_FILE_PATH];
        snprintf(below, sizeof below, "%s/%s", path, group->d_name);
        if (group->d_name[0] != '.' && group->d_type == DT_DIR)
            rmdir(below);
    }
    if (dir)
        closedir(dir);
    return rmdir(path) == 0 || errno == ENOENT;
}

/* Folders of launchers that are no more. Gives how many there are still. */
static int remove_stale_once(const char *folder)
{
    int left = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[CGROUP_FILE_PATH];
        if (strncmp(entry->d_name, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) != 0 ||
            launcher_alive(entry->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        left += !remove_folder(path);
    }
    if (dir)
        closedir(dir);
    return left;
}

/* The last processes of a killed launcher may be on their way out still. */
static void remove_stale(const char *folder)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    for (int tries = 0; remove_stale_once(folder) > 0 && tries < STALE_TRIES; tries++)
        nanosleep(&pause, NULL);
}

static bool make_folder(const char *below, char ret_folder[CGROUP_PATH])
{
    remove_stale(below);
    int len = snprintf(ret_folder, CGROUP_PATH, "%s/" FOLDER_PREFIX "%d", below, (int)getpid());
    if (len <= 0 || len >= CGROUP_PATH)
        return false;
    return mkdir(ret_folder, 0755) == 0 || errno == EEXIST;
}

static bool works(const struct cgroup_base *base)
{
    struct launcher_limits limits = {.memory_bytes = 1 << 26, .pids = 16};
    bool made = cgroup_make(base, TRIAL) && cgroup_limit(base, TRIAL, &limits);
    return cgroup_remove(base, TRIAL) && made;
}

/* v2 lets a group with processes in it have no limited children. Ours are moved
 * down a step, but only when the group holds nobody but the worker and us. */
static bool step_down(const char *folder)
{
    char text[256];
    cgroup_file_read(folder, "", "cgroup.procs", text, sizeof text);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        long pid = strtol(line, NULL, 10);
        if (pid != getpid() && pid != getppid())
            return false;
    }
    char leaf[CGROUP_FILE_PATH];
    snprintf(leaf, sizeof leaf, "%s/worker", folder);
    if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
        return false;
    return cgroup_file_write_number(leaf, "", "cgroup.procs", getppid()) &&
           cgroup_file_write_number(leaf, "", "cgroup.procs", getpid());
}

static bool open_v2(const char *folder, struct cgroup_base *ret_base)
{
    char controllers[256];
    cgroup_file_read(folder, "", "cgroup.controllers", controllers, sizeof controllers);
    if (!strstr(controllers, "memory") || !strstr(controllers, "pids"))
        return false;
    const char *both = "+memory +pids";
    if (!cgroup_file_write(folder, "", "cgroup.subtree_control", both) &&
        !(step_down(folder) && cgroup_file_write(folder, "", "cgroup.subtree_control", both)))
        return false;
    if (!make_folder(folder, ret_base->memory))
        return false;
    snprintf(ret_base->pids, CGROUP_PATH, "%s", ret_base->memory);
    snprintf(ret_base->cpu, CGROUP_PATH, "%s", ret_base->memory);
    ret_base->kind = CGROUP_V2;
    return cgroup_file_write(ret_base->memory, "", "cgroup.subtree_control", both) &&
           works(ret_base);
}

static bool open_v1(bool top, struct cgroup_base *ret_base)
{
    struct hierarchy memory, pids, cpu;
    if (!find_mount("memory", &memory) || !find_mount("pids", &pids))
        return false;
    ret_base->kind = CGROUP_V1;
    if (!make_folder(top ? memory.mount : memory.own, ret_base->memory) ||
        !make_folder(top ? pids.mount : pids.own, ret_base->pids))
        return false;
    if (!find_mount("cpuacct", &cpu) || !make_folder(top ? cpu.mount : cpu.own, ret_base->cpu))
        ret_base->cpu[0] = '\0';
    return works(ret_base);
}

void cgroup_base_open(const char *root, struct cgroup_base *ret_base)
{
    struct hierarchy v2;
    *ret_base = (struct cgroup_base){0};
    if (root && open_v2(root, ret_base))
        return;
    if (!root && find_mount("", &v2) && open_v2(v2.own, ret_base))
        return;
    for (int top = 0; !root && top < 2; top++) {
        cgroup_base_close(ret_base);
        *ret_base = (struct cgroup_base){0};
        if (open_v1(top, ret_base))
            return;
    }
    cgroup_base_close(ret_base);
    *ret_base = (struct cgroup_base){0};
    if (!root && find_mount("", &v2) && open_v2(v2.mount, ret_base))
        return;
    cgroup_base_close(ret_base);
    *ret_base = (struct cgroup_base){0};
}

void cgroup_base_close(const struct cgroup_base *base)
{
    const char *folders[] = {base->memory, base->pids, base->cpu};
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (folders[i][0])
            rmdir(folders[i]);
}
