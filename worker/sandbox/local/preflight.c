#include "worker/sandbox/local/preflight.h"

#include <inttypes.h>
#include <stdarg.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/sandbox/local/local_run.h"
#include "worker/sandbox/programs.h"

#define WALL_MS 20000
#define ANSWERS_LIMIT 65536

static const struct bundle_limits limits = {.wall_ms = WALL_MS,
                                            .memory_bytes = 256 << 20,
                                            .pids = 16,
                                            .output_bytes = ANSWERS_LIMIT,
                                            .files = 0,
                                            .file_bytes = 1024};

/* One line of the probe each; NULL: the launcher's options say what. */
static const struct {
    const char *name;
    const char *answer;
} expected[] = {
    {"uid", "65534 65534 65534"},
    {"gid", "65534 65534 65534"},
    {"descriptors", "0 1 2 3"},
    {"stdin", "/dev/null"},
    {"CapInh", "0"},
    {"CapPrm", "0"},
    {"CapEff", "0"},
    {"CapBnd", "0"},
    {"CapAmb", "0"},
    {"NoNewPrivs", "1"},
    {"Seccomp", "2"},
    {"processes", "2"},
    {"hostname", "sandbox"},
    {"environment", "HOME LANG MPLBACKEND MPLCONFIGDIR OMP_NUM_THREADS OPENBLAS_NUM_THREADS PATH "
                    "PWD TMPDIR TZ XDG_CACHE_HOME"},
    {"passwd", "refused"},
    {"interfaces", "lo"},
    {"proc_cmdline", "refused"},
    {"proc_cpuinfo", "refused"},
    {"proc_keys", "refused"},
    {"proc_version", "refused"},
    {"socket_inet", "refused"},
    {"socket_inet6", "refused"},
    {"socket_netlink", "refused"},
    {"socket_packet", "refused"},
    {"socket_vsock", "refused"},
    {"socket_alg", "refused"},
    {"socket_bluetooth", "refused"},
    {"socket_xdp", "refused"},
    {"socket_unix", "open"},
    {"write_/x", "refused"},
    {"write_/dev/x", "refused"},
    {"write_/usr/x", "refused"},
    {"write_/etc/x", "refused"},
    {"write_/run/x", "refused"},
    {"write_/proc/x", "refused"},
    {"write_/work/x", "open"},
    {"write_/dev/shm/x", "open"},
    {"write_/proc/sys/kernel/core_pattern", "refused"},
    {"write_/proc/sys/vm/overcommit_memory", "refused"},
    {"write_/proc/sysrq-trigger", "refused"},
    {"write_/run/bootstrap.py", "refused"},
    {"write_/usr/bin/env", "refused"},
    {"call_io_uring_setup", "refused"},
    {"call_userfaultfd", "refused"},
    {"call_add_key", "refused"},
    {"call_request_key", "refused"},
    {"call_keyctl", "refused"},
    {"call_ptrace", "refused"},
    {"call_personality", "refused"},
    {"call_bpf", "refused"},
    {"call_perf_event_open", "refused"},
    {"call_mount", "refused"},
    {"call_umount2", "refused"},
    {"call_pivot_root", "refused"},
    {"call_setns", "refused"},
    {"call_unshare", "refused"},
    {"call_fsopen", "refused"},
    {"call_open_tree", "refused"},
    {"call_move_mount", "refused"},
    {"call_kexec_load", "refused"},
    {"call_init_module", "refused"},
    {"call_finit_module", "refused"},
    {"call_process_vm_readv", "refused"},
    {"call_pidfd_getfd", "refused"},
    {"call_name_to_handle_at", "refused"},
    {"call_open_by_handle_at", "refused"},
    {"call_chroot", "refused"},
    {"call_setuid", "refused"},
    {"call_clone3", "refused"},
    {"call_seccomp", "refused"},
    {"call_unknown", "refused"},
    {"call_clone_newuser", "refused"},
    {"core", "0"},
    {"processes_limit", "17"},
    {"file_bytes", NULL},
    {"work_bytes", NULL},
};

static bool keep_answers(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    (void)stream;
    buffer_add(context, chunk.data, chunk.len);
    return true;
}

static bool refuse_item(void *context, const char *kind, const char *mime, const char *name)
{
    (void)context, (void)mime, (void)name;
    return strcmp(kind, "traceback") == 0; /* the answers tell enough */
}

static bool skip_bytes(void *context, struct bytes chunk)
{
    (void)context, (void)chunk;
    return true;
}

static bool skip_end(void *context)
{
    (void)context;
    return true;
}

static bool say(char ret_why_not[160], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool say(char ret_why_not[160], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ret_why_not, 160, format, args);
    va_end(args);
    return false;
}

/* The answer behind `name ` at the beginning of a line; caller frees; NULL when absent. */
static char *answer_of(const char *answers, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = answers; line && *line;) {
        const char *end = strchr(line, '\n');
        if (strncmp(line, name, len) == 0 && line[len] == ' ')
            return end ? strndup(line + len + 1, (size_t)(end - line) - len - 1) : NULL;
        line = end ? end + 1 : NULL;
    }
    return NULL;
}

static bool check_answers(const char *answers, int64_t tmp_bytes, char ret_why_not[160])
{
    char size[24];
    snprintf(size, sizeof size, "%" PRId64, tmp_bytes);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const char *wanted = expected[i].answer ? expected[i].answer : size;
        AUTO(text) char *answer = answer_of(answers, expected[i].name);
        if (!answer || strcmp(answer, wanted) != 0)
            return say(ret_why_not, "the probe answered %s %.40s where %.40s is expected",
                       expected[i].name, answer ? answer : "(nothing)", wanted);
    }
    return true;
}

/* Waits until it is up, and looks at its user id from outside, where it counts. */
static bool check_outside(struct sandbox *sandbox, const struct launcher_limits *wanted,
                          char ret_why_not[160])
{
    struct pollfd up = {.fd = sandbox->cell.results, .events = POLLIN};
    char ready[64];
    struct launcher_report report;
    ssize_t got = poll(&up, 1, WALL_MS) > 0 ? read(up.fd, ready, sizeof ready) : 0;
    if (got <= 0 || ready[0] != 'R') {
        char text[120] = "";
        ssize_t len = read(sandbox->cell.errors, text, sizeof text - 1);
        text[len > 0 ? len : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return say(ret_why_not, "the sandbox does not start: %s", text);
    }
    if (!cell_arm(&sandbox->cell, wanted) ||
        !cell_await(&sandbox->cell, REPORT_ARMED, WALL_MS, &report) || !report.armed)
        return say(ret_why_not, "the launcher can not limit the sandbox, or not end it");
    if (report.host_uid <= 0)
        return say(ret_why_not, "the sandbox runs as host user id %" PRId64, report.host_uid);
    return true;
}

static bool take_image(const char *answers, char ret_image[SHA256_HEX], char ret_why_not[160])
{
    AUTO(text) char *answer = answer_of(answers, "image");
    if (!answer || strlen(answer) != SHA256_HEX - 1)
        return say(ret_why_not, "the probe can not tell which Python and packages there are");
    snprintf(ret_image, SHA256_HEX, "%s", answer);
    return true;
}

static bool ask(struct launcher *launcher, struct sandbox *sandbox, char ret_image[SHA256_HEX],
                char ret_why_not[160])
{
    AUTO(buffer) struct buffer answers = {0};
    struct sandbox_sink sink = {.context = &answers,
                                .stream = keep_answers,
                                .item_begin = refuse_item,
                                .item_bytes = skip_bytes,
                                .item_end = skip_end};
    struct sandbox_job job = {.language = "python", .code = program_probe(), .limits = limits};
    struct sandbox_result result;
    local_run(sandbox, &job, &sink, &result);
    buffer_add(&answers, "", 1);
    if (!check_answers(answers.data, launcher_tmp_bytes(launcher), ret_why_not) ||
        !take_image(answers.data, ret_image, ret_why_not))
        return false;
    if (result.outcome != SANDBOX_SUCCEEDED)
        return say(ret_why_not, "the probe ended badly: %s %.80s", result.reason,
                   result.error_value);
    if (strcmp(launcher_cgroup(launcher), "none") != 0 && result.memory_peak_bytes == 0)
        return say(ret_why_not, "the sandbox was not in its cgroup");
    return true;
}

bool preflight(struct launcher *launcher, char ret_image[SHA256_HEX], char ret_why_not[160])
{
    struct sandbox sandbox = {.cell = CELL_NONE, .warm = true};
    struct launcher_request request = {
        .limits = {.memory_bytes = limits.memory_bytes, .pids = limits.pids},
        .deadline_ms = cell_deadline(2 * WALL_MS)};
    struct error err = {0};
    ret_why_not[0] = '\0';
    if (!cell_start(launcher, &request, &sandbox.cell, &err))
        return say(ret_why_not, "%.150s", err.text);
    bool good = check_outside(&sandbox, &request.limits, ret_why_not) &&
                ask(launcher, &sandbox, ret_image, ret_why_not);
    cell_close(&sandbox.cell);
    return good;
}
